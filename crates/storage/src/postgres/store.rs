//! The contract, on PostgreSQL.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use payonce_domain::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId, PaymentId, ProductId, RefundId, UserId},
    incident::Incident,
    invariants::SalePages,
    journal::Entry,
    obligation::Obligation,
    payment::Attempt,
    product::Product,
    refund::RefundState,
    sale::Sale,
    time::Timestamp,
};
use payonce_ports::{
    clock::Clock,
    store::{
        AuditEntry, Backlog, Decision, IdempotencyKey, IdempotencyRow, Keys, ServerKey, Store,
        StoreError, User,
    },
};

use super::{
    access, attempts, audit,
    connection::{Connection, Role, connect_bare, refuse_weak_settings},
    errors::told,
    idempotency, incidents, journal,
    lanes::{Lanes, Shared},
    migrate::{read_records, shown},
    obligations, orders, payments, postings, products, refunds, sales,
    settings::PostgresSettings,
    transact,
};
use crate::{migrations::require_none_missing, open::OpenError, rows};

/// The books in a PostgreSQL database, which other processes may share.
pub struct PostgresStore {
    settings: PostgresSettings,
    clock: Option<Arc<dyn Clock>>,
    lanes: Lanes,
    /// Statements that are a transaction of their own.
    chores: Shared,
    readers: Vec<Shared>,
    next_reader: AtomicUsize,
    checker: Shared,
}

impl PostgresStore {
    /// Opens a migrated database. Connections are made when they are needed, and again when lost.
    ///
    /// Refuses a database that lacks migrations or has unknown ones, and settings under which
    /// acknowledged orders could be lost. Time is the database's own unless a clock is given,
    /// which is for tests alone.
    pub async fn open(
        url: &str,
        settings: PostgresSettings,
        clock: Option<Arc<dyn Clock>>,
    ) -> Result<Self, OpenError> {
        let checking = tokio::time::timeout(settings.deadline, check(url));
        checking
            .await
            .map_err(|_| OpenError::unreachable(shown(url), "no answer within the deadline"))??;
        let shared = |role, deadline| Shared::new(url, role, deadline);
        let readers = (0..settings.readers.max(1)).map(|_| shared(Role::Read, settings.deadline));
        Ok(Self {
            lanes: Lanes::new(url, settings.lanes, settings.deadline),
            chores: shared(Role::Write, settings.deadline),
            readers: readers.collect(),
            next_reader: AtomicUsize::new(0),
            checker: shared(Role::Check, settings.check_deadline),
            settings,
            clock,
        })
    }

    pub(super) async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        self.readers[turn % self.readers.len()].run(StoreError::Unavailable, work).await
    }

    async fn check<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.checker.run(StoreError::Unavailable, work).await
    }

    /// For statements that write and commit by themselves: no answer means nobody knows.
    pub(super) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.chores.run(StoreError::InDoubt, work).await
    }

    /// The time that tests give; the database's own is used without.
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.clock.as_ref().map(|clock| clock.now())
    }
}

async fn check(url: &str) -> Result<(), OpenError> {
    let connection =
        connect_bare(url, "").await.map_err(|error| OpenError::unreachable(shown(url), error))?;
    refuse_weak_settings(&connection).await?;
    let records = read_records(connection.client())
        .await
        .map_err(|error| OpenError::unreachable(shown(url), told(&error)))?;
    require_none_missing(&records, |migration| migration.postgres)
}

#[async_trait]
impl Store for PostgresStore {
    async fn transact(&self, keys: Keys, decision: Decision) -> Result<(), StoreError> {
        let clock = self.clock.as_deref();
        transact::run(&self.lanes, self.settings.deadline, clock, &keys, decision).await
    }

    fn lanes(&self) -> usize {
        self.settings.lanes.max(1)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(async |connection| {
            refuse_weak_settings(connection)
                .await
                .map_err(|weak| StoreError::Unavailable(weak.to_string()))
        })
        .await
    }

    async fn product(&self, id: ProductId) -> Result<Option<Product>, StoreError> {
        self.read(async |connection| products::find(connection, id).await).await
    }

    async fn products(
        &self,
        after: Option<ProductId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError> {
        self.read(async |connection| products::page(connection, after, limit).await).await
    }

    async fn sale(&self, id: OrderId) -> Result<Option<Sale>, StoreError> {
        self.read(async |connection| Ok(sales::load(connection, &[id]).await?.remove(&id))).await
    }

    async fn order_of_payment(&self, id: PaymentId) -> Result<Option<OrderId>, StoreError> {
        self.read(async |connection| payments::order_of(connection, id).await).await
    }

    async fn order_of_refund(&self, id: RefundId) -> Result<Option<OrderId>, StoreError> {
        self.read(async |connection| refunds::order_of(connection, id).await).await
    }

    async fn orders(
        &self,
        owner: Option<UserId>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(async |connection| {
            let ids = match owner {
                Some(owner) => orders::newest_of(connection, owner, before, limit).await?,
                None => orders::newest(connection, before, limit).await?,
            };
            Ok(sales::load(connection, &ids).await?.into_values().rev().collect())
        })
        .await
    }

    async fn attempt_at_gateway(
        &self,
        gateway: &GatewayName,
        gateway_order_id: &str,
    ) -> Result<Option<(OrderId, Attempt)>, StoreError> {
        self.read(async |connection| {
            attempts::at_gateway(connection, gateway, gateway_order_id).await
        })
        .await
    }

    async fn journal(&self, order_id: OrderId) -> Result<Vec<Entry>, StoreError> {
        self.read(async |connection| journal::of_order(connection, order_id).await).await
    }

    async fn idempotency(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRow>, StoreError> {
        let keys = [key.clone()].into();
        self.read(async |connection| {
            Ok(idempotency::find(connection, &keys).await?.pop().map(|(_, row)| row))
        })
        .await
    }

    async fn claim(&self, limit: u32, lease: Duration) -> Result<Vec<Obligation>, StoreError> {
        let now = self.now();
        let mut leased = self
            .write(async |connection| obligations::lease(connection, now, lease, limit).await)
            .await?;
        leased.sort_by_key(|owed| (owed.due_at, owed.id));
        Ok(leased)
    }

    async fn release(&self, leases: &[Obligation]) -> Result<(), StoreError> {
        self.write(async |connection| obligations::release(connection, leases).await).await
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, StoreError> {
        self.check(async |connection| obligations::backlog(connection).await).await
    }

    async fn open_sales(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(async |connection| {
            let ids = attempts::orders_at_gateway(connection, after, limit).await?;
            Ok(sales::load(connection, &ids).await?.into_values().collect())
        })
        .await
    }

    async fn appoint(&self, look_ups: &[(AttemptId, Duration)]) -> Result<(), StoreError> {
        let now = self.now();
        self.write(async |connection| obligations::appoint(connection, now, look_ups).await).await
    }

    async fn sale_pages(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<SalePages>, StoreError> {
        self.read(async |connection| {
            let ids = orders::page(connection, after, limit).await?;
            sales::pages(connection, &ids).await
        })
        .await
    }

    async fn stock_in_holds(&self) -> Result<BTreeMap<ProductId, i64>, StoreError> {
        self.check(async |connection| products::in_holds(connection).await).await
    }

    async fn ledger_sums(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.check(async |connection| postings::sums(connection).await).await
    }

    async fn orphans(&self) -> Result<BTreeMap<&'static str, u64>, StoreError> {
        self.check(async |connection| sales::orphans(connection).await).await
    }

    async fn incidents(&self, limit: u32) -> Result<Vec<Incident>, StoreError> {
        self.read(async |connection| incidents::newest(connection, limit).await).await
    }

    async fn unresolved(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(async |connection| {
            let ids = payments::unresolved(connection, after, limit).await?;
            Ok(sales::load(connection, &ids).await?.into_values().collect())
        })
        .await
    }

    async fn refunds_not_done(
        &self,
        states: &[RefundState],
        after: Option<RefundId>,
        limit: u32,
    ) -> Result<Vec<(RefundId, Sale)>, StoreError> {
        self.read(async |connection| {
            let found = refunds::not_done(connection, states, after, limit).await?;
            let ids = rows::orders_of(&found);
            Ok(rows::each_with_its_sale(found, &sales::load(connection, &ids).await?))
        })
        .await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(async |connection| audit::newest(connection, limit).await).await
    }

    async fn add_user(&self, user: &User) -> Result<bool, StoreError> {
        self.write(async |connection| access::add_user(connection, user).await).await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        self.read(async |connection| access::user_by_email(connection, email).await).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(async |connection| access::user(connection, id).await).await
    }

    async fn add_server_key(&self, key: &ServerKey) -> Result<(), StoreError> {
        self.write(async |connection| access::add_server_key(connection, key).await).await
    }

    async fn server_key(&self, digest: &str) -> Result<Option<ServerKey>, StoreError> {
        self.read(async |connection| access::server_key(connection, digest).await).await
    }

    async fn secret(&self, name: &str, candidate: &str) -> Result<String, StoreError> {
        self.write(async |connection| {
            access::add_secret(connection, name, candidate).await?;
            access::secret(connection, name)
                .await?
                .ok_or_else(|| StoreError::Refused(format!("secret {name} was not kept")))
        })
        .await
    }
}
