//! A shop on fresh books, whose time is moved by the test.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use payonce_domain::{
    checkout::Item,
    gateway::GatewayName,
    ids::{Mint, OrderId, ProductId, UserId},
    money::Money,
    product::ProductType,
    reconciliation::{Date, FeeSchedule, MovementType, RefundedFee, Settled, SettlementLine},
    sale::Sale,
};
use payonce_engine::{
    Engine, Parts, Settings,
    catalogue::NewProduct,
    checkout::{Call, PayWith, PlaceOrder, Taken},
    reconciliation::{Lines, Reconcile, Reconciled},
    verification,
};
use payonce_ports::{
    clock::{Clock, MovedClock},
    entropy::SeededEntropy,
    gateway::{Card, CardNumber, Gateway},
    store::{IdempotencyKey, Store},
};
use payonce_storage::{Access, PostgresSettings, PostgresStore, SqliteStore, Target, migrate};
use payonce_testbed::Cluster;
use tokio::sync::{OnceCell, Semaphore};

use crate::gateway::{Orders, Pretend, reference};

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

pub(crate) const SCHEDULE: FeeSchedule = FeeSchedule {
    basis_points: 300,
    vat_percent: 10,
    tolerance_minor: 1,
    on_refund: RefundedFee::Returned,
};
pub(crate) const PRICE: i64 = 10_000;

pub(crate) fn day() -> Date {
    Date::new(2026, 1, 14).unwrap()
}

pub(crate) fn pretend() -> GatewayName {
    GatewayName::new("pretend")
}

/// The day, asked of the gateway on the next one.
pub(crate) fn ask() -> Reconcile {
    Reconcile {
        gateway: pretend(),
        day: day(),
        lines: Lines::Fetched,
        dry_run: false,
        today: day().next(),
    }
}

/// The books, and a way to see all of them.
enum Books {
    Sqlite { path: PathBuf, _folder: tempfile::TempDir },
    Postgres(String),
}

pub(crate) struct Shop {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: MovedClock,
    pub(crate) gateway: Arc<Mutex<Orders>>,
    pub(crate) owner: UserId,
    product: ProductId,
    seats: Arc<Semaphore>,
    books: Books,
    placed: std::sync::atomic::AtomicU64,
}

impl Shop {
    /// On a file, at ten in the morning of the day.
    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books.db");
        migrate(&Target::Sqlite(path.clone())).await.unwrap();
        let clock = MovedClock::at(day().starts_in_seoul().after(Duration::from_hours(10)));
        let store = SqliteStore::open(&path, Arc::new(clock.clone()), Access::Serve).await.unwrap();
        Self::on(Arc::new(store), clock, Books::Sqlite { path, _folder: folder }).await
    }

    /// The same on a database.
    pub(crate) async fn on_postgres() -> Self {
        let cluster = CLUSTER
            .get_or_init(|| async {
                let cluster = Cluster::start_in_memory();
                let url = cluster.template_database();
                migrate(&Target::Postgres(url)).await.unwrap();
                cluster
            })
            .await;
        let url = cluster.fresh_database();
        let clock = MovedClock::at(day().starts_in_seoul().after(Duration::from_hours(10)));
        let settings = PostgresSettings { lanes: 2, ..PostgresSettings::default() };
        let store =
            PostgresStore::open(&url, settings, Some(Arc::new(clock.clone()))).await.unwrap();
        Self::on(Arc::new(store), clock, Books::Postgres(url)).await
    }

    async fn on(store: Arc<dyn Store>, clock: MovedClock, books: Books) -> Self {
        let gateway = Arc::default();
        let engine = engine(&store, &clock, &gateway, 1);
        let new = NewProduct {
            kind: ProductType::Book,
            name: "A book".to_owned(),
            price: Money::krw(PRICE),
            stock: 1_000,
        };
        let product = engine.add_product(new).await.unwrap().id;
        let owner = Mint::new(clock.now(), 9).id();
        let seats = Arc::new(Semaphore::new(64));
        let placed = 0.into();
        Self { engine, store, clock, gateway, owner, product, seats, books, placed }
    }

    /// Another process on the same books.
    pub(crate) fn another_process(&self) -> Engine {
        engine(&self.store, &self.clock, &self.gateway, 2)
    }

    /// An order of one piece, whose charge is answered, or whose answer is lost.
    pub(crate) async fn order(&self) -> Sale {
        let number = self.placed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.clock.advance(Duration::from_secs(1));
        let taken = self.engine.place(PlaceOrder {
            call: Call {
                key: IdempotencyKey { scope: "test".to_owned(), key: number.to_string() },
                fingerprint: String::new(),
            },
            owner: self.owner,
            items: vec![Item { product_id: self.product, quantity: 1 }],
            pay_with: PayWith::Card(Card {
                company: "KB".to_owned(),
                number: CardNumber::parse("1234-5678-9814-1451").unwrap(),
                instalments: 0,
            }),
            gateway: None,
            metadata: "{}".to_owned(),
        });
        let Taken::Now(id) = taken.await.unwrap() else { panic!("taken before") };
        self.quiet().await;
        self.sale(id).await
    }

    /// An order whose charge is charged and its answer lost.
    pub(crate) async fn order_without_an_answer(&self) -> Sale {
        self.gateway.lock().loses_answers = true;
        let sale = self.order().await;
        self.gateway.lock().loses_answers = false;
        sale
    }

    /// Works on what is due until nothing is under way.
    pub(crate) async fn work(&self) {
        for task in self.engine.obligations_turn(&self.seats).await.unwrap() {
            task.await.unwrap();
        }
        self.quiet().await;
    }

    async fn quiet(&self) {
        while self.engine.busy() > 0 {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn sale(&self, id: OrderId) -> Sale {
        self.store.sale(id).await.unwrap().unwrap()
    }

    /// Lists a movement in both reports of the day.
    pub(crate) fn list(&self, line: SettlementLine) {
        let mut gateway = self.gateway.lock();
        let lines = gateway.days.entry(day()).or_default();
        lines.push(SettlementLine { settled: None, ..line.clone() });
        lines.push(line);
    }

    pub(crate) fn lines(&self) -> Vec<SettlementLine> {
        self.gateway.lock().days.get(&day()).cloned().unwrap_or_default()
    }

    /// Eleven in the morning of the next day.
    pub(crate) fn next_day(&self) {
        let eleven = day().next().starts_in_seoul().after(Duration::from_hours(11));
        self.clock.advance(eleven.since(self.clock.now()));
    }

    pub(crate) async fn reconcile(&self) -> Reconciled {
        self.engine.reconcile(ask()).await.unwrap()
    }

    /// Every row of every table but of that of the runs.
    pub(crate) async fn rows(&self) -> BTreeMap<String, Vec<String>> {
        let mut rows = match &self.books {
            Books::Sqlite { path, .. } => sqlite_rows(path),
            Books::Postgres(url) => postgres_rows(url).await,
        };
        rows.remove("reconciliations").unwrap();
        rows
    }

    /// Asserts that every rule of the books holds.
    pub(crate) async fn assert_true(&self) {
        let verdict =
            verification::verify(&*self.store, BTreeMap::new(), &mut |_| {}).await.unwrap();
        assert!(verdict.is_clean(), "{verdict:#?}");
    }
}

fn engine(
    store: &Arc<dyn Store>,
    clock: &MovedClock,
    gateway: &Arc<Mutex<Orders>>,
    seed: u64,
) -> Engine {
    let pretend: Arc<dyn Gateway> = Arc::new(Pretend::new(Arc::clone(gateway)));
    Engine::new(Parts {
        store: Arc::clone(store),
        gateways: BTreeMap::from([(pretend.name().clone(), Arc::clone(&pretend))]),
        default_gateway: pretend.name().clone(),
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SeededEntropy::new(seed)),
        settings: Settings {
            agreed_fees: BTreeMap::from([(pretend.name().clone(), SCHEDULE)]),
            ..Settings::default()
        },
    })
}

/// A line of this order's charge, settled as agreed.
pub(crate) fn charge_line(sale: &Sale) -> SettlementLine {
    let attempt = &sale.attempts[0];
    let reference = reference(attempt);
    line(sale, reference.clone(), MovementType::Charge, attempt.amount.minor)
}

/// A line of a refund of this order's charge.
pub(crate) fn refund_line(sale: &Sale, movement: &str, amount: i64) -> SettlementLine {
    line(sale, movement.to_owned(), MovementType::Refund, amount)
}

fn line(sale: &Sale, movement: String, kind: MovementType, minor: i64) -> SettlementLine {
    let attempt = &sale.attempts[0];
    let amount = Money::krw(minor);
    let fee = SCHEDULE.fee(kind, amount).unwrap();
    SettlementLine {
        gateway: pretend(),
        reference: reference(attempt),
        movement,
        gateway_order_id: attempt.gateway_order_id.clone(),
        kind,
        amount,
        at: Some(attempt.recorded_at.after(Duration::from_secs(2))),
        settled: Some(Settled {
            fee,
            vat: Money::krw(fee.minor / 11),
            pay_out: Money::krw(minor - fee.minor),
            sold_on: day(),
            paid_out_on: day().plus_days(3),
        }),
    }
}

fn sqlite_rows(path: &PathBuf) -> BTreeMap<String, Vec<String>> {
    let connection = rusqlite::Connection::open(path).unwrap();
    let mut tables =
        connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
    let names: Vec<String> =
        tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    names
        .into_iter()
        .map(|name| {
            let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let columns = statement.column_count();
            let mut rows: Vec<String> = statement
                .query_map([], |row| {
                    let cells: Vec<rusqlite::types::Value> =
                        (0..columns).map(|at| row.get(at).unwrap()).collect();
                    Ok(format!("{cells:?}"))
                })
                .unwrap()
                .map(Result::unwrap)
                .collect();
            rows.sort();
            (name, rows)
        })
        .collect()
}

async fn postgres_rows(url: &str) -> BTreeMap<String, Vec<String>> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let names = "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public'";
    let mut all = BTreeMap::new();
    for row in client.query(names, &[]).await.unwrap() {
        let name: String = row.get(0);
        let sql = format!("SELECT one::TEXT FROM {name} AS one ORDER BY 1");
        let rows = client.query(&sql, &[]).await.unwrap();
        all.insert(name, rows.iter().map(|row| row.get(0)).collect());
    }
    driver.abort();
    all
}
