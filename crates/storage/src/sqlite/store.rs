//! The contract, on one SQLite file.

use std::{
    collections::BTreeMap,
    panic,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
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
use rusqlite::{Connection, TransactionBehavior};
use tokio::task::spawn_blocking;

use super::{
    access, attempts, audit,
    connection::{Role, ServingLock, connect, refuse_weak_settings},
    errors::failed,
    idempotency, incidents, journal,
    migrate::read_records,
    obligations, orders, payments, postings, products, refunds, sales, transact,
};
use crate::{migrations::require_none_missing, open::OpenError, rows};

/// Reads beside the writer.
const READERS: usize = 3;

/// What a store is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading and writing, as the only process that does.
    Serve,
    /// Reading alone, also beside a process that serves.
    Read,
}

/// The books in one SQLite file.
pub struct SqliteStore {
    files: Arc<Files>,
    clock: Arc<dyn Clock>,
}

struct Files {
    writer: Option<Mutex<Connection>>,
    readers: Vec<Mutex<Connection>>,
    next_reader: AtomicUsize,
    _lock: Option<ServingLock>,
}

impl SqliteStore {
    /// Opens a migrated file.
    ///
    /// Refuses one that another process serves, that lacks migrations or has unknown ones, and
    /// settings or a library under which acknowledged orders could be lost.
    pub async fn open(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        access: Access,
    ) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let shown = path.display().to_string();
        let files = spawn_blocking(move || open_files(&path, access))
            .await
            .map_err(|error| OpenError::unreachable(shown, error))??;
        Ok(Self { files: Arc::new(files), clock })
    }

    /// Runs `work` in a transaction that only reads, so that all its statements see one moment.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.blocking(move |files| {
            let mut reader = files.reader().lock();
            let transaction =
                reader.transaction_with_behavior(TransactionBehavior::Deferred).map_err(failed)?;
            work(&transaction)
        })
        .await
    }

    /// Runs `work` on the writer in a transaction of its own.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.blocking(move |files| {
            let mut writer = files.writer()?.lock();
            let transaction =
                writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let done = work(&transaction)?;
            transact::commit(transaction)?;
            Ok(done)
        })
        .await
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Off the async threads. A panic of `work` goes on in the caller.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = Arc::clone(&self.files);
        match spawn_blocking(move || work(&files)).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panicked) => panic::resume_unwind(panicked),
                Err(cancelled) => Err(StoreError::Unavailable(cancelled.to_string())),
            },
        }
    }
}

fn open_files(path: &Path, access: Access) -> Result<Files, OpenError> {
    if !path.exists() {
        return Err(OpenError::unreachable(
            path.display(),
            "there is no such file (run `payonce migrate`)",
        ));
    }
    let lock = match access {
        Access::Serve => Some(ServingLock::take(path)?),
        Access::Read => None,
    };
    let records = read_records(&connect(path, Role::Read)?)
        .map_err(|error| OpenError::unreachable(path.display(), error))?;
    require_none_missing(&records, |migration| migration.sqlite)?;
    let writer = match access {
        Access::Serve => Some(Mutex::new(connect(path, Role::Write)?)),
        Access::Read => None,
    };
    let mut readers = Vec::with_capacity(READERS);
    for _ in 0..READERS {
        readers.push(Mutex::new(connect(path, Role::Read)?));
    }
    Ok(Files { writer, readers, next_reader: AtomicUsize::new(0), _lock: lock })
}

impl Files {
    fn writer(&self) -> Result<&Mutex<Connection>, StoreError> {
        self.writer.as_ref().ok_or_else(|| StoreError::Unavailable("opened for reading".to_owned()))
    }

    fn reader(&self) -> &Mutex<Connection> {
        let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
        &self.readers[turn % self.readers.len()]
    }
}

impl Drop for Files {
    /// Leaves a small file behind. Failing changes nothing: the log is read at the next start.
    fn drop(&mut self) {
        if let Some(writer) = &self.writer {
            let _best_effort =
                writer.lock().execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn transact(&self, keys: Keys, decision: Decision) -> Result<(), StoreError> {
        let clock = Arc::clone(&self.clock);
        self.blocking(move |files| {
            let mut writer = files.writer()?.lock();
            transact::run(&mut writer, clock.now(), &keys, decision)
        })
        .await
    }

    fn lanes(&self) -> usize {
        1
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.blocking(|files| {
            let connection = files.writer.as_ref().unwrap_or_else(|| files.reader()).lock();
            refuse_weak_settings(&connection)
                .map_err(failed)?
                .map_err(|weak| StoreError::Unavailable(weak.to_string()))
        })
        .await
    }

    async fn product(&self, id: ProductId) -> Result<Option<Product>, StoreError> {
        self.read(move |connection| products::find(connection, id)).await
    }

    async fn products(
        &self,
        after: Option<ProductId>,
        limit: u32,
    ) -> Result<Vec<Product>, StoreError> {
        self.read(move |connection| products::page(connection, after, limit)).await
    }

    async fn sale(&self, id: OrderId) -> Result<Option<Sale>, StoreError> {
        self.read(move |connection| Ok(sales::load(connection, &[id])?.remove(&id))).await
    }

    async fn order_of_payment(&self, id: PaymentId) -> Result<Option<OrderId>, StoreError> {
        self.read(move |connection| payments::order_of(connection, id)).await
    }

    async fn order_of_refund(&self, id: RefundId) -> Result<Option<OrderId>, StoreError> {
        self.read(move |connection| refunds::order_of(connection, id)).await
    }

    async fn orders(
        &self,
        owner: Option<UserId>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(move |connection| {
            let ids = match owner {
                Some(owner) => orders::newest_of(connection, owner, before, limit)?,
                None => orders::newest(connection, before, limit)?,
            };
            Ok(sales::load(connection, &ids)?.into_values().rev().collect())
        })
        .await
    }

    async fn attempt_at_gateway(
        &self,
        gateway: &GatewayName,
        gateway_order_id: &str,
    ) -> Result<Option<(OrderId, Attempt)>, StoreError> {
        let (gateway, gateway_order_id) = (gateway.clone(), gateway_order_id.to_owned());
        self.read(move |connection| attempts::at_gateway(connection, &gateway, &gateway_order_id))
            .await
    }

    async fn journal(&self, order_id: OrderId) -> Result<Vec<Entry>, StoreError> {
        self.read(move |connection| journal::of_order(connection, order_id)).await
    }

    async fn idempotency(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRow>, StoreError> {
        let key = key.clone();
        self.read(move |connection| idempotency::find(connection, &key)).await
    }

    async fn claim(&self, limit: u32, lease: Duration) -> Result<Vec<Obligation>, StoreError> {
        let now = self.clock.now();
        if !self.read(move |connection| obligations::any_due(connection, now)).await? {
            return Ok(Vec::new());
        }
        let until = now.after(lease);
        let mut leased =
            self.write(move |connection| obligations::lease(connection, now, until, limit)).await?;
        leased.sort_by_key(|owed| (owed.due_at, owed.id));
        Ok(leased)
    }

    async fn release(&self, leases: &[Obligation]) -> Result<(), StoreError> {
        let leases = leases.to_vec();
        self.write(move |connection| obligations::release(connection, &leases)).await
    }

    async fn backlog(&self) -> Result<Vec<Backlog>, StoreError> {
        self.read(obligations::backlog).await
    }

    async fn open_sales(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(move |connection| {
            let ids = attempts::orders_at_gateway(connection, after, limit)?;
            Ok(sales::load(connection, &ids)?.into_values().collect())
        })
        .await
    }

    async fn appoint(&self, look_ups: &[(AttemptId, Duration)]) -> Result<(), StoreError> {
        let (now, look_ups): (Timestamp, _) = (self.clock.now(), look_ups.to_vec());
        self.write(move |connection| obligations::appoint(connection, now, &look_ups)).await
    }

    async fn sale_pages(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<SalePages>, StoreError> {
        self.read(move |connection| {
            let ids = orders::page(connection, after, limit)?;
            sales::pages(connection, &ids)
        })
        .await
    }

    async fn stock_in_holds(&self) -> Result<BTreeMap<ProductId, i64>, StoreError> {
        self.read(products::in_holds).await
    }

    async fn ledger_sums(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.read(postings::sums).await
    }

    async fn orphans(&self) -> Result<BTreeMap<&'static str, u64>, StoreError> {
        self.read(sales::orphans).await
    }

    async fn incidents(&self, limit: u32) -> Result<Vec<Incident>, StoreError> {
        self.read(move |connection| incidents::newest(connection, limit)).await
    }

    async fn unresolved(
        &self,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(move |connection| {
            let ids = payments::unresolved(connection, after, limit)?;
            Ok(sales::load(connection, &ids)?.into_values().collect())
        })
        .await
    }

    async fn refunds_not_done(
        &self,
        states: &[RefundState],
        after: Option<RefundId>,
        limit: u32,
    ) -> Result<Vec<(RefundId, Sale)>, StoreError> {
        let states = states.to_vec();
        self.read(move |connection| {
            let found = refunds::not_done(connection, &states, after, limit)?;
            let ids = rows::orders_of(&found);
            Ok(rows::each_with_its_sale(found, &sales::load(connection, &ids)?))
        })
        .await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(move |connection| audit::newest(connection, limit)).await
    }

    async fn add_user(&self, user: &User) -> Result<bool, StoreError> {
        let user = user.clone();
        self.write(move |connection| access::add_user(connection, &user)).await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let email = email.to_owned();
        self.read(move |connection| access::user_by_email(connection, &email)).await
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.read(move |connection| access::user(connection, id)).await
    }

    async fn add_server_key(&self, key: &ServerKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.write(move |connection| access::add_server_key(connection, &key)).await
    }

    async fn server_key(&self, digest: &str) -> Result<Option<ServerKey>, StoreError> {
        let digest = digest.to_owned();
        self.read(move |connection| access::server_key(connection, &digest)).await
    }

    async fn secret(&self, name: &str, candidate: &str) -> Result<String, StoreError> {
        let (name, candidate) = (name.to_owned(), candidate.to_owned());
        self.write(move |connection| {
            access::add_secret(connection, &name, &candidate)?;
            access::secret(connection, &name)?
                .ok_or_else(|| StoreError::Refused(format!("secret {name} was not kept")))
        })
        .await
    }
}
