//! The engine: its parts, its settings, its start and its end.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use payonce_domain::{gateway::GatewayName, ids::Mint, reconciliation::FeeSchedule};
use payonce_ports::{clock::Clock, entropy::Entropy, gateway::Gateway, store::Store};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{batch::Batcher, look_ups::InFlight, obligations::HeldLeases, waiting::Waiters};

/// What the engine stands on. `app/wiring.rs` fills it in.
#[derive(Clone)]
pub struct Parts {
    /// The books.
    pub store: Arc<dyn Store>,
    /// Every gateway that is switched on, guarded.
    pub gateways: BTreeMap<GatewayName, Arc<dyn Gateway>>,
    /// The gateway that is used unless an order names another.
    pub default_gateway: GatewayName,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Numbers.
    pub settings: Settings,
}

/// The engine's numbers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an uncharged order may be paid (again).
    pub open_for: Duration,
    /// How often the obligation loop looks for what is due.
    pub obligations_every: Duration,
    /// Most obligations worked on at once.
    pub obligations_at_once: usize,
    /// How long a worker may take for one obligation before another may take it over.
    pub lease: Duration,
    /// How often the sweep compares every open payment with its gateway.
    pub adjustment_every: Duration,
    /// From which amount on, in minor units, two operators must agree what became of a payment in
    /// doubt; `None` if one is enough.
    pub second_person_from: Option<i64>,
    /// From which hour in Seoul on the day before is reconciled, at gateways that report their days;
    /// `None` if it is left to people.
    pub reconcile_at: Option<u8>,
    /// The fees that were agreed; of other gateways no rate is judged.
    pub agreed_fees: BTreeMap<GatewayName, FeeSchedule>,
}

impl Default for Settings {
    /// Orders stay open for 15 minutes: time to fetch another card. Obligations are looked for
    /// five times a second; a lease outlives the longest look-up several times over. Two operators
    /// must agree from 300,000 won on. Settlements are complete by ten in the morning.
    fn default() -> Self {
        Self {
            open_for: Duration::from_mins(15),
            obligations_every: Duration::from_millis(200),
            obligations_at_once: 64,
            lease: Duration::from_mins(1),
            adjustment_every: Duration::from_mins(5),
            second_person_from: Some(300_000),
            reconcile_at: Some(10),
            agreed_fees: BTreeMap::new(),
        }
    }
}

/// Takes orders and charges them, and ends every one true. Cheap to clone: all share the same parts.
#[derive(Clone)]
pub struct Engine {
    pub(crate) parts: Arc<Parts>,
    pub(crate) batcher: Batcher,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) leases: Arc<HeldLeases>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stopping: CancellationToken,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("settings", &self.parts.settings).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that answers commands. Background work begins with [`Engine::start_background`].
    pub fn new(parts: Parts) -> Self {
        let batcher = Batcher::start(&parts.store, &parts.clock);
        Self {
            parts: Arc::new(parts),
            batcher,
            waiters: Arc::default(),
            in_flight: Arc::default(),
            leases: Arc::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        }
    }

    /// Starts the obligation loop, the sweep and the daily reconciliation. Once per process.
    pub fn start_background(&self) {
        let engine = self.clone();
        self.tasks.spawn(async move { engine.work_obligations().await });
        let engine = self.clone();
        self.tasks.spawn(async move { engine.adjust_on_schedule().await });
        if self.parts.settings.reconcile_at.is_some() {
            let engine = self.clone();
            self.tasks.spawn(async move { engine.reconcile_on_schedule().await });
        }
    }

    /// Ends: nothing new is begun, what is under way may finish within `grace`, and leases of what
    /// did not are given back, so that another process goes on at once. Says whether all finished.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.stopping.cancel();
        self.tasks.close();
        let finished = tokio::select! {
            () = self.tasks.wait() => true,
            () = self.parts.clock.sleep(grace) => false,
        };
        let held = self.leases.all();
        if let Err(error) = self.parts.store.release(&held).await {
            tracing::warn!(%error, leases = held.len(), "leases run out by themselves");
        }
        finished
    }

    /// Tasks under way: charges, look-ups, background loops.
    pub fn busy(&self) -> usize {
        self.tasks.len()
    }

    /// Whether [`Engine::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// The books, for reading.
    pub fn books(&self) -> &dyn Store {
        &*self.parts.store
    }

    /// Time, as the engine sees it.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// Chance, as the engine draws it.
    pub fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.parts.entropy
    }

    /// The gateway of this name.
    pub fn gateway(&self, name: &GatewayName) -> Option<&Arc<dyn Gateway>> {
        self.parts.gateways.get(name)
    }

    /// All gateways, in order of their names.
    pub fn gateways(&self) -> impl Iterator<Item = &Arc<dyn Gateway>> {
        self.parts.gateways.values()
    }

    /// Does `work` in a task that the process owns: a caller that leaves between a commit and what
    /// follows from it does not stop it. A panic in it is the caller's.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match self.tasks.spawn(work).await {
            Ok(done) => done,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going down, and the caller with it.
                Err(_cancelled) => std::future::pending().await,
            },
        }
    }

    pub(crate) fn mint(&self) -> Mint {
        Mint::new(self.parts.clock.now(), self.parts.entropy.number())
    }
}
