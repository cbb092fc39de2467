//! How a simulated process dies: at a chosen step everything it stands on stops answering. Its commits
//! can be in doubt, too: it is not told whether they happened.
//!
//! A dead process cannot write, send or even wake up, exactly as after `kill -9`; what it had
//! committed or sent stays. Steps are counted: before and after each commit and each gateway call.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use payonce_domain::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId, PaymentId, ProductId, RefundId, UserId},
    incident::Incident,
    invariants::SalePages,
    journal::Entry,
    obligation::Obligation,
    payment::Attempt,
    product::Product,
    reconciliation::Date,
    refund::RefundState,
    sale::Sale,
    time::Timestamp,
};
use payonce_engine::Engine;
use payonce_gateways::{
    toss,
    transport::{Request, Response, Transport, TransportError},
};
use payonce_ports::{
    clock::Clock,
    entropy::{Entropy, SeededEntropy},
    reconciliation::{FindingRow, Names, ReconciliationRun, ReconciliationStore, Turn},
    store::{
        AuditEntry, Backlog, Decision, IdempotencyKey, IdempotencyRow, Keys, ServerKey, Store,
        StoreError, User,
    },
};
use payonce_simulator::{
    pg::sender::{Callback, CallbackSender, Delivery, Sending},
    toss::sender::{Webhook, WebhookSender},
};
use tokio::sync::watch;

use crate::{
    in_process::CallbacksTo,
    stillness::{Stillness, at_once},
};

/// Whether one process lives, and at which step it dies.
#[derive(Debug, Default)]
pub struct Life {
    steps: AtomicU64,
    dies_at: AtomicU64,
    sleeps_at: AtomicU64,
    hands_over: AtomicBool,
    is_dead: watch::Sender<bool>,
    sleeps: watch::Sender<bool>,
    doubts: Mutex<Option<Doubts>>,
}

/// How many of a hundred commits are in doubt.
#[derive(Debug)]
struct Doubts {
    chance: SeededEntropy,
    percent: u64,
    happened: usize,
    did_not: usize,
}

/// What became of a commit whose answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubted {
    Happened,
    DidNot,
}

impl Life {
    /// A process that dies at this step; 0 is never.
    pub fn ending_at(step: u64) -> Arc<Self> {
        Arc::new(Self { dies_at: AtomicU64::new(step), ..Self::default() })
    }

    /// A process that stops (as by `SIGSTOP`) at this step, until [`Life::wake`].
    pub fn pausing_at(step: u64) -> Arc<Self> {
        Arc::new(Self { sleeps_at: AtomicU64::new(step), ..Self::default() })
    }

    /// From now on so many of a hundred commits are in doubt; half of these have happened.
    pub fn doubt(&self, percent: u64, seed: u64) {
        let chance = SeededEntropy::new(seed);
        *self.doubts.lock() = Some(Doubts { chance, percent, happened: 0, did_not: 0 });
    }

    /// How many commits in doubt had happened, and how many had not, since [`Life::doubt`].
    pub fn doubts(&self) -> (usize, usize) {
        self.doubts.lock().as_ref().map_or((0, 0), |doubts| (doubts.happened, doubts.did_not))
    }

    fn doubted(&self) -> Option<Doubted> {
        let mut doubts = self.doubts.lock();
        let doubts = doubts.as_mut()?;
        let drawn = doubts.chance.number() % 200;
        if drawn >= 2 * doubts.percent {
            return None;
        }
        Some(if drawn < doubts.percent {
            doubts.happened += 1;
            Doubted::Happened
        } else {
            doubts.did_not += 1;
            Doubted::DidNot
        })
    }

    /// Steps taken so far.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::SeqCst)
    }

    /// Whether it is dead.
    pub fn is_dead(&self) -> bool {
        *self.is_dead.borrow()
    }

    /// Dies now.
    pub fn kill(&self) {
        self.is_dead.send_replace(true);
    }

    /// Returns when it is dead.
    pub async fn death(&self) {
        // The sender lives in `self`, so waiting cannot fail while we wait.
        let _dead = self.is_dead.subscribe().wait_for(|dead| *dead).await.is_ok();
    }

    /// Stops (as by `SIGSTOP`) at the next step, until [`Life::wake`].
    pub fn pause(&self) {
        self.sleeps.send_replace(true);
    }

    /// Goes on where it stopped.
    pub fn wake(&self) {
        self.sleeps.send_replace(false);
    }

    /// Stops at the step that is so many steps ahead, until [`Life::wake`].
    pub fn pause_after(&self, steps: u64) {
        self.sleeps_at.store(self.steps() + steps, Ordering::SeqCst);
    }

    /// From now on what it sends is in its machine's hands: it leaves, however late, even if whoever
    /// sent it has stopped waiting. Otherwise a request that was given up stays where it was stopped.
    pub fn hand_over_requests(&self) {
        self.hands_over.store(true, Ordering::SeqCst);
    }

    /// Whether it is stopped.
    pub fn is_paused(&self) -> bool {
        *self.sleeps.borrow()
    }

    /// Goes on only if alive and awake.
    async fn breathe(&self) {
        // The sender lives in `self`, so waiting cannot fail while we wait.
        let _awake = self.sleeps.subscribe().wait_for(|sleeps| !sleeps).await.is_ok();
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// A step at which it may die.
    async fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        if step == self.dies_at.load(Ordering::SeqCst) {
            self.kill();
        }
        if step == self.sleeps_at.load(Ordering::SeqCst) {
            self.pause();
        }
        self.breathe().await;
    }
}

/// The world's time, for one process.
#[derive(Debug, Clone)]
pub struct MortalClock {
    /// Whose.
    pub life: Arc<Life>,
    /// When the world began.
    pub began: tokio::time::Instant,
    /// What its clock showed then.
    pub start: Timestamp,
}

#[async_trait]
impl Clock for MortalClock {
    fn now(&self) -> Timestamp {
        self.start.after(self.began.elapsed())
    }

    fn monotonic_micros(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "the world's time is tokio's, which tests pause")]
    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
        self.life.breathe().await;
    }
}

/// The wire, for one process.
pub struct MortalTransport {
    /// Whose.
    pub life: Arc<Life>,
    /// The wire itself.
    pub inner: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for MortalTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (life, inner) = (Arc::clone(&self.life), Arc::clone(&self.inner));
        let sending = async move {
            life.step().await;
            let answer = inner.send(request).await;
            life.step().await;
            answer
        };
        if !self.life.hands_over.load(Ordering::SeqCst) {
            return sending.await;
        }
        let handed_over = tokio::spawn(sending).await;
        handed_over.unwrap_or_else(|error| Err(TransportError::Broken(error.to_string())))
    }
}

/// Where callbacks arrive: at one process. A dead one refuses them and drops those it was at.
#[derive(Debug, Clone, Default)]
pub struct MortalCallbacks(Arc<Mutex<Option<Receiver>>>);

#[derive(Debug, Clone)]
struct Receiver {
    life: Arc<Life>,
    process: CallbacksTo,
}

impl MortalCallbacks {
    /// From now on callbacks arrive there.
    pub fn connect(&self, life: &Arc<Life>, engine: Engine) {
        let process = CallbacksTo::default();
        process.connect(Some(engine));
        *self.0.lock() = Some(Receiver { life: Arc::clone(life), process });
    }

    /// From now on nobody listens.
    pub fn cut(&self) {
        *self.0.lock() = None;
    }
}

impl CallbackSender for MortalCallbacks {
    fn send(&self, callback: Callback) -> Sending {
        let receiver = self.0.lock().clone();
        Box::pin(async move {
            let Some(Receiver { life, process }) = receiver else {
                return Delivery::Failed("nobody listens".to_owned());
            };
            tokio::select! {
                biased;
                () = life.death() => Delivery::Failed("the receiver is dead".to_owned()),
                delivery = process.send(callback) => delivery,
            }
        })
    }
}

/// Where webhooks arrive: at one process. A dead one does not answer.
#[derive(Debug, Clone, Default)]
pub struct MortalWebhooks(Arc<Mutex<Option<Listener>>>);

#[derive(Debug, Clone)]
struct Listener {
    life: Arc<Life>,
    engine: Engine,
}

impl MortalWebhooks {
    /// From now on webhooks arrive there.
    pub fn connect(&self, life: &Arc<Life>, engine: Engine) {
        *self.0.lock() = Some(Listener { life: Arc::clone(life), engine });
    }

    /// From now on nobody listens.
    pub fn cut(&self) {
        *self.0.lock() = None;
    }
}

impl WebhookSender for MortalWebhooks {
    fn send(&self, webhook: Webhook) -> Sending {
        let receiver = self.0.lock().clone();
        Box::pin(async move {
            let Some(Listener { life, engine }) = receiver else {
                return Delivery::Failed("nobody listens".to_owned());
            };
            let Some(order_id) = toss::webhook::order_id(&webhook.body) else {
                return Delivery::Answered(200);
            };
            let gateway = GatewayName::new(toss::NAME);
            tokio::select! {
                biased;
                () = life.death() => Delivery::Failed("the receiver is dead".to_owned()),
                taken = engine.called_back(&gateway, &order_id) => match taken {
                    Ok(_) => Delivery::Answered(200),
                    Err(error) => Delivery::Failed(error.to_string()),
                },
            }
        })
    }
}

/// The books, for one process. Time stands still while the database works.
pub struct MortalStore {
    /// Whose.
    pub life: Arc<Life>,
    /// The books themselves.
    pub inner: Arc<dyn Store>,
    /// Holds the world's time while the database works, and others go on meanwhile. Without it,
    /// the whole world waits for each answer, so that the same seed is the same story.
    pub stillness: Option<Arc<Stillness>>,
}

impl MortalStore {
    async fn timeless<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.stillness {
            Some(stillness) => {
                let _still = stillness.begin();
                work.await
            }
            None => at_once(work),
        }
    }
}

/// Reads breathe: a dead process gets no answer. Writes are steps.
macro_rules! read {
    ($self:ident.$method:ident($($argument:expr),*)) => {{
        $self.life.breathe().await;
        let result = $self.timeless($self.inner.$method($($argument),*)).await;
        $self.life.breathe().await;
        result
    }};
}

macro_rules! write {
    ($self:ident.$method:ident($($argument:expr),*)) => {{
        $self.life.step().await;
        let result = $self.timeless($self.inner.$method($($argument),*)).await;
        $self.life.step().await;
        result
    }};
}

#[async_trait]
impl Store for MortalStore {
    async fn transact(&self, keys: Keys, decision: Decision) -> Result<(), StoreError> {
        match self.life.doubted() {
            None => write!(self.transact(keys, decision)),
            Some(Doubted::Happened) => {
                write!(self.transact(keys, decision))?;
                Err(StoreError::InDoubt("the answer was lost".to_owned()))
            }
            Some(Doubted::DidNot) => {
                self.life.breathe().await;
                Err(StoreError::InDoubt("the commit was lost".to_owned()))
            }
        }
    }

    fn lanes(&self) -> usize {
        self.inner.lanes()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        read!(self.ping())
    }

    async fn product(&self, id: ProductId) -> Result<Option<Product>, StoreError> {
        read!(self.product(id))
    }

    async fn products(
        &self,
        after: Option<ProductId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError> {
        read!(self.products(after, limit))
    }

    async fn sale(&self, id: OrderId) -> Result<Option<Sale>, StoreError> {
        read!(self.sale(id))
    }

    async fn order_of_payment(&self, id: PaymentId) -> Result<Option<OrderId>, StoreError> {
        read!(self.order_of_payment(id))
    }

    async fn order_of_refund(&self, id: RefundId) -> Result<Option<OrderId>, StoreError> {
        read!(self.order_of_refund(id))
    }

    async fn orders(
        &self,
        owner: Option<UserId>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        read!(self.orders(owner, before, limit))
    }

    async fn attempt_at_gateway(
        &self,
        gateway: &GatewayName,
        gateway_order_id: &str,
    ) -> Result<Option<(OrderId, Attempt)>, StoreError> {
        read!(self.attempt_at_gateway(gateway, gateway_order_id))
    }

    async fn journal(&self, order_id: OrderId) -> Result<Vec<Entry>, StoreError> {
        read!(self.journal(order_id))
    }

    async fn idempotency(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRow>, StoreError> {
        read!(self.idempotency(key))
    }

    async fn claim(&self, limit: u32, lease: Duration) -> Result<Vec<Obligation>, StoreError> {
        self.life.breathe().await;
        let claimed = self.timeless(self.inner.claim(limit, lease)).await;
        // An idle turn of the loop is no step, or there would be steps without end.
        match &claimed {
            Ok(some) if !some.is_empty() => self.life.step().await,
            Ok(_) | Err(_) => self.life.breathe().await,
        }
        claimed
    }

    async fn release(&self, leases: &[Obligation]) -> Result<(), StoreError> {
        write!(self.release(leases))
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, StoreError> {
        read!(self.backlog())
    }

    async fn open_sales(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        read!(self.open_sales(after, limit))
    }

    async fn appoint(&self, look_ups: &[(AttemptId, Duration)]) -> Result<(), StoreError> {
        write!(self.appoint(look_ups))
    }

    async fn sale_pages(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<SalePages>, StoreError> {
        read!(self.sale_pages(after, limit))
    }

    async fn stock_in_holds(&self) -> Result<BTreeMap<ProductId, i64>, StoreError> {
        read!(self.stock_in_holds())
    }

    async fn ledger_sums(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        read!(self.ledger_sums())
    }

    async fn orphans(&self) -> Result<BTreeMap<&'static str, u64>, StoreError> {
        read!(self.orphans())
    }

    async fn incidents(&self, limit: u32) -> Result<Vec<Incident>, StoreError> {
        read!(self.incidents(limit))
    }

    async fn unresolved(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        read!(self.unresolved(after, limit))
    }

    async fn refunds_not_done(
        &self,
        states: &[RefundState],
        after: Option<RefundId>,
        limit: u32,
    ) -> Result<Vec<(RefundId, Sale)>, StoreError> {
        read!(self.refunds_not_done(states, after, limit))
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        read!(self.audit(limit))
    }

    async fn add_user(&self, user: &User) -> Result<bool, StoreError> {
        write!(self.add_user(user))
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        read!(self.user_by_email(email))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        read!(self.user(id))
    }

    async fn add_server_key(&self, key: &ServerKey) -> Result<(), StoreError> {
        write!(self.add_server_key(key))
    }

    async fn server_key(&self, digest: &str) -> Result<Option<ServerKey>, StoreError> {
        read!(self.server_key(digest))
    }

    async fn secret(&self, name: &str, candidate: &str) -> Result<String, StoreError> {
        write!(self.secret(name, candidate))
    }
}

#[async_trait]
impl ReconciliationStore for MortalStore {
    async fn sales_moved(
        &self,
        gateway: &GatewayName,
        from: Timestamp,
        to: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        read!(self.sales_moved(gateway, from, to, after, limit))
    }

    async fn sales_named(
        &self,
        gateway: &GatewayName,
        names: &Names,
    ) -> Result<Vec<Sale>, StoreError> {
        read!(self.sales_named(gateway, names))
    }

    async fn record_reconciliation(
        &self,
        run: &ReconciliationRun,
        findings: &[FindingRow],
    ) -> Result<(), StoreError> {
        write!(self.record_reconciliation(run, findings))
    }

    async fn add_findings(&self, findings: &[FindingRow]) -> Result<(), StoreError> {
        write!(self.add_findings(findings))
    }

    async fn reconciliations(
        &self,
        gateway: &GatewayName,
        from: Date,
        limit: u32,
    ) -> Result<Vec<ReconciliationRun>, StoreError> {
        read!(self.reconciliations(gateway, from, limit))
    }

    async fn open_findings(
        &self,
        gateway: Option<&GatewayName>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, StoreError> {
        read!(self.open_findings(gateway, limit))
    }

    async fn take_turn(&self, turn: &Turn, lease: Duration) -> Result<bool, StoreError> {
        write!(self.take_turn(turn, lease))
    }

    async fn end_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        write!(self.end_turn(turn))
    }
}
