//! Looking up: asking the gateway what became of an attempt, and settling what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use payonce_domain::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId},
    obligation::Lease,
    payment::{
        Attempt, AttemptState,
        evidence::{Evidence, Finding, Sighting, Source, Verdict},
    },
    sale::Sale,
};
use payonce_ports::store::StoreError;

use crate::{
    Engine,
    settling::{Asked, Settle},
};

/// Least time between two look-ups of one attempt that were triggered.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Attempts that this process is asking about, and whether somebody wanted to meanwhile: a burst of
/// triggers is one look-up and one more. One that comes just as the last ends is left to the look-up
/// that is owed anyway.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<BTreeMap<AttemptId, bool>>);

impl InFlight {
    /// Whether the caller should ask; if somebody does already, they will ask once more.
    fn begin(self: &Arc<Self>, id: AttemptId) -> Option<Asking> {
        let mut map = self.0.lock();
        if let Some(wanted_again) = map.get_mut(&id) {
            *wanted_again = true;
            return None;
        }
        map.insert(id, false);
        Some(Asking { all: Arc::clone(self), id })
    }
}

/// One attempt that is being asked about, until this is dropped.
struct Asking {
    all: Arc<InFlight>,
    id: AttemptId,
}

impl Asking {
    fn is_wanted_again(&self) -> bool {
        self.all.0.lock().get(&self.id).is_some_and(|wanted_again| *wanted_again)
    }

    fn begin_again(&self) {
        self.all.0.lock().insert(self.id, false);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.id);
    }
}

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalledBack {
    /// It is about an attempt that has no verdict of the gateway, undecided or believed uncharged:
    /// a look-up is on the way.
    LookingUp,
    /// It is about an attempt that has its verdict already.
    AlreadyCertain,
    /// No attempt of ours has this order id.
    NotOurs,
}

impl Engine {
    /// A gateway called back about this order id. That is a trigger, never evidence: the gateway is
    /// asked. A durable look-up is owed for every undecided attempt, so nothing is lost if we die.
    pub async fn called_back(
        &self,
        gateway: &GatewayName,
        gateway_order_id: &str,
    ) -> Result<CalledBack, StoreError> {
        let found = self.parts.store.attempt_at_gateway(gateway, gateway_order_id).await?;
        let Some((order_id, attempt)) = found else { return Ok(CalledBack::NotOurs) };
        // A gateway that calls back about what it never made, by its own word, is asked as well.
        if matches!(attempt.state, AttemptState::Approved | AttemptState::Declined) {
            return Ok(CalledBack::AlreadyCertain);
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            engine.look_up_now(order_id, attempt, Source::CallbackLookUp).await;
        });
        Ok(CalledBack::LookingUp)
    }

    /// Asks about the order's live attempt now, or without one about the last whose absence was
    /// believed, and returns the order as it is then.
    pub async fn check(&self, order_id: OrderId) -> Result<Option<Sale>, StoreError> {
        let Some(sale) = self.parts.store.sale(order_id).await? else { return Ok(None) };
        let believed_absent = |attempt: &&Attempt| attempt.is_believed_absent();
        let doubted = || sale.attempts.iter().rfind(believed_absent);
        let Some(attempt) = sale.live_attempt().or_else(doubted).cloned() else {
            return Ok(Some(sale));
        };
        let engine = self.clone();
        // The look-up belongs to the process: a caller that leaves does not stop it.
        let asked = self.tasks.spawn(async move {
            engine.look_up_now(order_id, attempt, Source::CheckLookUp).await;
        });
        let _ended = asked.await;
        self.parts.store.sale(order_id).await
    }

    /// Asks now, unless somebody in this process does already: then they ask once more, later.
    async fn look_up_now(&self, order_id: OrderId, attempt: Attempt, source: Source) {
        let id = attempt.id;
        let Some(asking) = self.in_flight.begin(id) else { return };
        self.look_up(order_id, &attempt, source, None).await;
        if !asking.is_wanted_again() {
            return;
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            // A flood of triggers, forged ones say, must not become a flood of look-ups.
            while asking.is_wanted_again() && !engine.is_stopping() {
                engine.parts.clock.sleep(AGAIN_AFTER).await;
                asking.begin_again();
                let Ok(Some(sale)) = engine.parts.store.sale(order_id).await else { return };
                let Some(attempt) = sale.attempt(id) else { return };
                engine.look_up(order_id, attempt, source, None).await;
            }
        });
    }

    /// Asks the gateway once and settles what it says. Whatever fails is left to the look-up owed.
    pub(crate) async fn look_up(
        &self,
        order_id: OrderId,
        attempt: &Attempt,
        source: Source,
        lease: Option<Lease>,
    ) {
        let attempt_id = attempt.id;
        let Some(gateway) = self.parts.gateways.get(&attempt.gateway).map(Arc::clone) else {
            tracing::error!(attempt.id = %attempt_id, gateway.name = %attempt.gateway,
                "gateway is switched off: its attempts cannot be looked up");
            return;
        };
        if lease.is_none() && !gateway.has_room_for_look_ups() {
            tracing::debug!(attempt.id = %attempt_id, "no room for a look-up now: left to the one that is owed");
            return;
        }
        let asked = Asked::now(&self.parts.clock);
        let sighting = gateway.look_up(attempt).await;
        let unconfirmed = is_unconfirmed(&sighting);
        let settle = Settle {
            order_id,
            products: BTreeSet::new(),
            evidence: Evidence {
                attempt_id,
                source,
                sending: Some(attempt.send_before),
                finding: Finding::Sighting(sighting),
            },
            manners: gateway.manners().clone(),
            lease,
            asked,
            seed: self.parts.entropy.number(),
        };
        if let Err(error) = self.settle(settle).await {
            tracing::warn!(attempt.id = %attempt_id, %error, "sighting not written: asked again later");
            return;
        }
        if unconfirmed && lease.is_some() {
            self.repeat(order_id, attempt_id, gateway).await;
        }
    }
}

/// Whether the gateway waits for a confirmation and has seen none.
fn is_unconfirmed(sighting: &Sighting) -> bool {
    let Sighting::Found(seen) = sighting else { return false };
    !seen.is_empty() && seen.iter().all(|seen| seen.verdict == Verdict::Unconfirmed)
}
