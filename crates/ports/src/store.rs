//! The books: what any store must do. One contract, one suite of tests, two databases.
//!
//! All writing that decides about orders and money goes through [`Store::transact`]: load the rows
//! named by [`Keys`] under lock, let a pure decision change the [`World`], save what changed, commit.
//! Rows are locked in one fixed order (idempotency keys, products, orders, obligations, each in the
//! order of their ids), so any number of processes can share one database without deadlock.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use payonce_domain::{
    fulfilment::Fulfilment,
    gateway::GatewayName,
    ids::{AttemptId, EventId, OrderId, PaymentId, ProductId, RefundId, UserId},
    incident::Incident,
    invariants::SalePages,
    journal::Entry,
    ledger::Posting,
    obligation::{Obligation, ObligationState, ObligationType},
    payment::Attempt,
    product::Product,
    refund::RefundState,
    sale::{Change, Revocation, Sale},
    time::Timestamp,
};
use thiserror::Error;

use crate::reconciliation::ReconciliationStore;

/// A decision over loaded rows. Pure: it may run when the transaction is open, so it waits for nothing.
pub type Decision = Box<dyn FnOnce(&mut World) + Send + 'static>;

/// Which rows a batch needs, all of them under lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    /// Idempotency keys, present or not: until the commit nobody else can use them.
    pub idempotency: BTreeSet<IdempotencyKey>,
    /// Products.
    pub products: BTreeSet<ProductId>,
    /// Orders with everything that belongs to them.
    pub orders: BTreeSet<OrderId>,
}

/// A caller's name for one call. Two callers may use the same text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey {
    /// Whose key it is, e.g. a user's id.
    pub scope: String,
    /// The header's value.
    pub key: String,
}

/// What is remembered of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// Digest of what was asked; another body under the same key is refused.
    pub fingerprint: String,
    /// The order that the call made or worked on.
    pub order_id: Option<OrderId>,
    /// The refund that the call made.
    pub refund_id: Option<RefundId>,
    /// The answer, once it was final.
    pub reply: Option<RememberedReply>,
    /// When the key was first used.
    pub created_at: Timestamp,
}

/// A final answer, as it went over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RememberedReply {
    /// HTTP status.
    pub status: u16,
    /// Body, as it was.
    pub body: String,
}

/// The rows that a batch loaded, and what its decisions made of them.
///
/// Products and sales that a decision adds are inserted; those it changes are updated; the store
/// finds out which by comparing with what it loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The time of this commit, by the database's clock.
    pub now: Timestamp,
    /// Loaded or added products.
    pub products: BTreeMap<ProductId, Product>,
    /// Loaded or added sales. Of their obligations only those not done are loaded.
    pub sales: BTreeMap<OrderId, Sale>,
    /// Loaded or added idempotency rows.
    pub idempotency: BTreeMap<IdempotencyKey, IdempotencyRow>,
    /// Entries to append to the journal.
    pub journal: Vec<Entry>,
    /// Postings to append to the ledger.
    pub postings: Vec<Posting>,
    /// Fulfilments to append.
    pub fulfilments: Vec<Fulfilment>,
    /// Incidents to append; one that is already there stays as it is.
    pub incidents: Vec<Incident>,
    /// Fulfilments to take back, each by so many pieces.
    pub revoked: Vec<Revocation>,
    /// Privileged acts to append.
    pub audit: Vec<AuditEntry>,
}

/// One privileged act: who did what to what, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its name.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// Who: a user's id, or the hint of a server key.
    pub actor: String,
    /// What, e.g. `payment.rule`.
    pub action: String,
    /// To what, e.g. a payment's id.
    pub subject: String,
    /// A JSON object with what was said and what came of it.
    pub detail: String,
}

impl World {
    /// A world of these moments and rows, with nothing to append yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            products: BTreeMap::new(),
            sales: BTreeMap::new(),
            idempotency: BTreeMap::new(),
            journal: Vec::new(),
            postings: Vec::new(),
            fulfilments: Vec::new(),
            incidents: Vec::new(),
            revoked: Vec::new(),
            audit: Vec::new(),
        }
    }

    /// Takes over what a decision changed, or nothing if stock goes back to a product that was
    /// not loaded: its rows are not locked.
    pub fn apply(&mut self, change: Change) -> Result<(), ProductNotLoaded> {
        let moved = change.returned.iter().chain(&change.taken);
        for (product_id, _) in moved {
            if !self.products.contains_key(product_id) {
                return Err(ProductNotLoaded(*product_id));
            }
        }
        for (product_id, quantity) in change.taken {
            let product = self.products.get_mut(&product_id);
            let taken = product.is_some_and(|product| product.take(quantity).is_ok());
            assert!(taken, "{product_id} was decided to be there and is not");
        }
        for (product_id, quantity) in change.returned {
            if let Some(product) = self.products.get_mut(&product_id) {
                product.put_back(quantity);
            }
        }
        self.sales.insert(change.sale.order.id, change.sale);
        self.journal.extend(change.entry);
        self.postings.extend(change.postings);
        self.fulfilments.extend(change.fulfilments);
        self.incidents.extend(change.incidents);
        self.revoked.extend(change.revoked);
        Ok(())
    }

    /// What is left of each loaded product's stock.
    pub fn available(&self) -> BTreeMap<ProductId, i64> {
        self.products.iter().map(|(id, product)| (*id, product.available)).collect()
    }
}

/// A defect of ours: a command did not name a product whose stock it may return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} gets stock back but was not loaded")]
pub struct ProductNotLoaded(pub ProductId);

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The database cannot be reached or used. Nothing was committed.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The commit was sent and no answer came: read again before doing anything.
    #[error("commit in doubt: {0}")]
    InDoubt(String),
    /// The database refused: a named rule of the schema, or a guard whose row count was wrong.
    /// Nothing was committed.
    #[error("refused by the database: {0}")]
    Refused(String),
    /// A row that cannot be read as what it should be.
    #[error("bad row in {table}.{column} of {id}: {detail}")]
    BadRow {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The row's id.
        id: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// What one kind of obligation amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Which kind.
    pub kind: ObligationType,
    /// Owed or parked.
    pub state: ObligationState,
    /// How many.
    pub count: u64,
    /// The earliest due time of them.
    pub oldest_due: Timestamp,
}

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their name to machines.
    pub id: UserId,
    /// Lower case; unique.
    pub email: String,
    /// Argon2id in PHC format.
    pub password_hash: String,
    /// `buyer` or `operator`.
    pub role: String,
    /// When they signed up.
    pub created_at: Timestamp,
}

/// A shop's server key; the key itself is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerKey {
    /// SHA-256 of the key, in hexadecimal.
    pub digest: String,
    /// Its first characters, for people, e.g. `test_sk_01k5…`.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The books of a shop.
///
/// Every read sees what was committed before it began. Lists are in the order of ids, which is the
/// order of time, and begin after the given id. What reconciling needs besides is a part of its own.
#[async_trait]
pub trait Store: ReconciliationStore + Send + Sync + 'static {
    /// Loads, decides, saves and commits, as one transaction; `Ok` means durable.
    ///
    /// The decision runs at most once per call. If it panics nothing is committed.
    async fn transact(&self, keys: Keys, decision: Decision) -> Result<(), StoreError>;

    /// How many transactions can run side by side without waiting for each other.
    fn lanes(&self) -> usize;

    /// Whether the database answers and its settings are as durable as they must be.
    async fn ping(&self) -> Result<(), StoreError>;

    /// One product.
    async fn product(&self, id: ProductId) -> Result<Option<Product>, StoreError>;
    /// The catalogue.
    async fn products(
        &self,
        after: Option<ProductId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError>;

    /// One order with everything that belongs to it; of its obligations those not done.
    async fn sale(&self, id: OrderId) -> Result<Option<Sale>, StoreError>;
    /// The order that a payment pays.
    async fn order_of_payment(&self, id: PaymentId) -> Result<Option<OrderId>, StoreError>;
    /// The order that a refund is of.
    async fn order_of_refund(&self, id: RefundId) -> Result<Option<OrderId>, StoreError>;
    /// A buyer's orders (or everybody's), newest first, older than `before`.
    async fn orders(
        &self,
        owner: Option<UserId>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError>;
    /// The attempt that a gateway knows by this order id, and whose order it is of.
    async fn attempt_at_gateway(
        &self,
        gateway: &GatewayName,
        gateway_order_id: &str,
    ) -> Result<Option<(OrderId, Attempt)>, StoreError>;
    /// The history of one order, oldest first.
    async fn journal(&self, order_id: OrderId) -> Result<Vec<Entry>, StoreError>;
    /// What is remembered of a call.
    async fn idempotency(&self, key: &IdempotencyKey)
    -> Result<Option<IdempotencyRow>, StoreError>;

    /// Leases up to `limit` obligations that are due and that nobody holds: half of them the oldest
    /// due, the rest the newest made, so that a backlog does not keep today's buyers waiting.
    /// Each gets the next fence. By the database's clock; two callers never get the same one.
    async fn claim(&self, limit: u32, lease: Duration) -> Result<Vec<Obligation>, StoreError>;
    /// Gives back leases that are still the newest, so that others need not wait for their end.
    async fn release(&self, leases: &[Obligation]) -> Result<(), StoreError>;
    /// What is owed or parked, by kind.
    async fn backlog(&self) -> Result<Vec<Backlog>, StoreError>;
    /// Orders with an attempt at a gateway, for the sweep.
    async fn open_sales(&self, after: Option<OrderId>, limit: u32)
    -> Result<Vec<Sale>, StoreError>;
    /// Makes the owed look-up of each of these attempts due so long from now, unless it is leased.
    async fn appoint(&self, look_ups: &[(AttemptId, Duration)]) -> Result<(), StoreError>;

    /// Pages of the books for checking: orders with their postings and fulfilments.
    async fn sale_pages(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<SalePages>, StoreError>;
    /// Pieces of each product that stand in holds, held or taken.
    async fn stock_in_holds(&self) -> Result<BTreeMap<ProductId, i64>, StoreError>;
    /// The sum of all postings by currency code.
    async fn ledger_sums(&self) -> Result<BTreeMap<String, i64>, StoreError>;
    /// Rows whose order does not exist, by table; empty if all is well.
    async fn orphans(&self) -> Result<BTreeMap<&'static str, u64>, StoreError>;
    /// Incidents, newest first.
    async fn incidents(&self, limit: u32) -> Result<Vec<Incident>, StoreError>;
    /// Orders whose payment is `unresolved`, oldest first.
    async fn unresolved(&self, after: Option<OrderId>, limit: u32)
    -> Result<Vec<Sale>, StoreError>;
    /// Refunds in one of these states that are owed or parked, oldest first, each with its order.
    async fn refunds_not_done(
        &self,
        states: &[RefundState],
        after: Option<RefundId>,
        limit: u32,
    ) -> Result<Vec<(RefundId, Sale)>, StoreError>;
    /// Privileged acts, newest first.
    async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Adds a user; `false` if the e-mail is taken.
    async fn add_user(&self, user: &User) -> Result<bool, StoreError>;
    /// The user with this e-mail (lower case).
    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError>;
    /// The user of this id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;
    /// Adds a server key; adding it again changes nothing.
    async fn add_server_key(&self, key: &ServerKey) -> Result<(), StoreError>;
    /// The server key with this digest.
    async fn server_key(&self, digest: &str) -> Result<Option<ServerKey>, StoreError>;
    /// The secret kept under this name; the first caller's `candidate` becomes it.
    async fn secret(&self, name: &str, candidate: &str) -> Result<String, StoreError>;
}
