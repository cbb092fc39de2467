//! A simulated world: one shop's books, one gateway, any number of processes, time that moves by
//! itself as soon as nobody has anything to do.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use payonce_domain::{
    checkout::Item,
    gateway::GatewayName,
    ids::{Mint, OrderId, ProductId, UserId},
    money::Money,
    order::OrderStatus,
    product::ProductType,
    sale::Sale,
    time::Timestamp,
};
use payonce_engine::{
    Engine, Parts, Settings,
    catalogue::NewProduct,
    checkout::{Call, CheckoutError, PlaceOrder, Taken},
    verification::{self, GatewayTransaction, GatewayVerdict, Verdict},
};
use payonce_gateways::{
    guard::{self, Guarded},
    pg_simulator::{self, PgSimulator},
};
use payonce_ports::{
    clock::Clock,
    entropy::{Entropy, SeededEntropy},
    gateway::{Card, CardNumber, Gateway},
    store::{IdempotencyKey, Store},
};
use payonce_simulator::pg::{Simulator, settings::Settings as GatewaySettings};
use payonce_storage::{Access, PostgresSettings, PostgresStore, SqliteStore, Target};

use crate::{
    in_process::InProcess,
    mortal::{Life, MortalCallbacks, MortalClock, MortalStore, MortalTransport},
    stillness::Stillness,
};

/// When every world begins.
const START: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
/// A test number that the gateway's own document uses.
const CARD: &str = "1234-5678-9814-1451";

/// Everything outside our processes, and what they share.
pub struct World {
    /// The books, without anybody's life around them.
    pub store: Arc<dyn Store>,
    /// The gateway.
    pub simulator: Simulator,
    /// Whose order everything is.
    pub owner: UserId,
    /// How processes treat the gateway; change it before starting them.
    pub layers: guard::Settings,
    /// How processes know the gateway.
    pub gateway: pg_simulator::Settings,
    /// The shop's numbers.
    pub settings: Settings,
    /// Committer lanes of each process that shares a PostgreSQL database.
    pub lanes: usize,
    books: Books,
    stillness: Arc<Stillness>,
    callbacks: MortalCallbacks,
    began: tokio::time::Instant,
    seed: u64,
    /// Processes started so far: each draws different chance.
    lives: AtomicU64,
    _folder: tempfile::TempDir,
}

/// Where the books are.
enum Books {
    /// In a file, which one store serves: every process puts its own life around it.
    Sqlite(Arc<dyn Store>),
    /// In a database, to which every process has connections of its own.
    Postgres(String),
}

/// Runs a story on a runtime of its own whose time is paused, and ends everything that it began:
/// no process of one story lives on in the next.
pub fn alone<T>(story: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(Box::pin(story))
}

impl World {
    /// A world on a fresh SQLite file, in memory where the machine has such a folder: what a disk
    /// keeps is not the question here.
    pub async fn on_sqlite(settings: GatewaySettings, seed: u64) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.expect("a temporary folder");
        let target = Target::Sqlite(folder.path().join("books.db"));
        Self::on(&target, folder, settings, seed).await
    }

    /// A world on an empty PostgreSQL database, which is told the world's time.
    pub async fn on_postgres(url: &str, settings: GatewaySettings, seed: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self::on(&Target::Postgres(url.to_owned()), folder, settings, seed).await
    }

    async fn on(
        target: &Target,
        folder: tempfile::TempDir,
        mut settings: GatewaySettings,
        seed: u64,
    ) -> Self {
        settings.seed = seed;
        settings.started_at_ms = u64::try_from(START.micros() / 1_000).ok();
        let callbacks = MortalCallbacks::default();
        let simulator = Simulator::start_with(settings, callbacks.clone());
        #[expect(clippy::disallowed_methods, reason = "the world's time is tokio's")]
        let began = tokio::time::Instant::now();
        let immortal = Life::ending_at(0);
        let clock: Arc<dyn Clock> =
            Arc::new(MortalClock { life: Arc::clone(&immortal), began, start: START });
        let stillness = Arc::<Stillness>::default();
        let still = stillness.begin();
        payonce_storage::migrate(target).await.expect("migrated");
        let (inner, books): (Arc<dyn Store>, Books) = match target {
            Target::Sqlite(path) => {
                let store = SqliteStore::open(path, clock, Access::Serve).await.expect("opened");
                let store: Arc<dyn Store> = Arc::new(store);
                (Arc::clone(&store), Books::Sqlite(store))
            }
            Target::Postgres(url) => {
                (connections(url, clock, 1).await, Books::Postgres(url.clone()))
            }
        };
        drop(still);
        Self {
            store: Arc::new(MortalStore {
                life: immortal,
                inner,
                stillness: matches!(books, Books::Postgres(_)).then(|| Arc::clone(&stillness)),
            }),
            books,
            stillness,
            simulator,
            owner: Mint::new(START, seed).id(),
            layers: guard::Settings::default(),
            gateway: pg_simulator::Settings {
                base_url: "http://localhost:8082".to_owned(),
                user_id: "world".to_owned(),
                callback_url: "http://localhost:8080/api/v1/payments/callback".to_owned(),
                manners: pg_simulator::stock_manners(),
            },
            settings: Settings { obligations_every: Duration::from_secs(5), ..Settings::default() },
            lanes: 1,
            callbacks,
            began,
            seed,
            lives: AtomicU64::new(1),
            _folder: folder,
        }
    }

    /// Starts a process that dies when its life says so. Callbacks go to the newest one.
    pub async fn process(&self, life: &Arc<Life>) -> Engine {
        let number =
            self.seed.wrapping_mul(31).wrapping_add(self.lives.fetch_add(1, Ordering::SeqCst));
        let clock: Arc<dyn Clock> =
            Arc::new(MortalClock { life: Arc::clone(life), began: self.began, start: START });
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(number));
        let transport = MortalTransport {
            life: Arc::clone(life),
            inner: Arc::new(InProcess(self.simulator.router())),
        };
        let wire: Arc<dyn Gateway> =
            Arc::new(PgSimulator::new(self.gateway.clone(), Arc::new(transport)));
        let guarded: Arc<dyn Gateway> = Arc::new(Guarded::new(
            wire,
            self.layers.clone(),
            Arc::clone(&clock),
            Arc::clone(&entropy),
        ));
        let name = GatewayName::new(pg_simulator::NAME);
        let (inner, stillness) = match &self.books {
            Books::Sqlite(store) => (Arc::clone(store), None),
            Books::Postgres(url) => {
                let _still = self.stillness.begin();
                let own = connections(url, Arc::clone(&clock), self.lanes).await;
                (own, Some(Arc::clone(&self.stillness)))
            }
        };
        let store = MortalStore { life: Arc::clone(life), inner, stillness };
        let engine = Engine::new(Parts {
            store: Arc::new(store),
            gateways: BTreeMap::from([(name.clone(), guarded)]),
            default_gateway: name,
            clock,
            entropy,
            settings: self.settings.clone(),
        });
        self.callbacks.connect(life, engine.clone());
        engine.start_background();
        engine
    }

    /// Callbacks reach nobody from now on.
    pub fn cut_callbacks(&self) {
        self.callbacks.cut();
    }

    /// Adds a product with this stock.
    pub async fn product(&self, engine: &Engine, stock: u32) -> ProductId {
        let new = NewProduct {
            kind: ProductType::Book,
            name: "A book".to_owned(),
            price: Money::krw(15_000),
            stock,
        };
        engine.add_product(new).await.expect("added").id
    }

    /// An order of one piece under this idempotency key.
    pub fn order(&self, product_id: ProductId, key: &str) -> PlaceOrder {
        PlaceOrder {
            call: Call {
                key: IdempotencyKey { scope: self.owner.to_string(), key: key.to_owned() },
                fingerprint: product_id.to_string(),
            },
            owner: self.owner,
            items: vec![Item { product_id, quantity: 1 }],
            card: card(),
            gateway: None,
            metadata: "{}".to_owned(),
        }
    }

    /// Places that order.
    pub async fn place(
        &self,
        engine: &Engine,
        product_id: ProductId,
        key: &str,
    ) -> Result<Taken, CheckoutError> {
        engine.place(self.order(product_id, key)).await
    }

    /// Lets the world's time pass.
    #[expect(clippy::disallowed_methods, reason = "the world's time is tokio's, which tests pause")]
    pub async fn pass(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }

    /// Lets time pass until every order has ended, at most this long; says whether that was reached.
    pub async fn until_final(&self, at_most: Duration) -> bool {
        let end = self.began.elapsed() + at_most;
        loop {
            let mut before = None;
            let mut is_open = false;
            loop {
                let page = self.store.orders(None, before, 500).await.expect("books");
                let Some(last) = page.last() else { break };
                before = Some(last.order.id);
                is_open |= page.iter().any(|sale| sale.order.status == OrderStatus::Pending);
            }
            if !is_open || self.began.elapsed() >= end {
                return !is_open;
            }
            self.pass(Duration::from_secs(20)).await;
        }
    }

    /// The order as it is.
    pub async fn sale(&self, id: OrderId) -> Sale {
        self.store.sale(id).await.expect("books").expect("the order")
    }

    /// What verification says of our books and the gateway's.
    pub async fn verdict(&self) -> Verdict {
        let theirs = books_of(&self.simulator);
        verification::verify(&*self.store, Some(theirs), &mut |_| {}).await.expect("books")
    }

    /// Asserts that every rule holds and nothing differs from the gateway's books.
    pub async fn assert_true(&self, context: &str) -> Verdict {
        let verdict = self.verdict().await;
        assert!(verdict.is_clean(), "{context}: {verdict:#?}");
        verdict
    }
}

/// One process's connections to a PostgreSQL database.
async fn connections(url: &str, clock: Arc<dyn Clock>, lanes: usize) -> Arc<dyn Store> {
    let settings = PostgresSettings { lanes, readers: 1, ..PostgresSettings::default() };
    Arc::new(PostgresStore::open(url, settings, Some(clock)).await.expect("opened"))
}

/// A card of the test's.
pub fn card() -> Card {
    Card {
        company: "SAMSUNG".to_owned(),
        number: CardNumber::parse(CARD).expect("a card number"),
        instalments: 0,
    }
}

/// The order that was taken now or before.
pub fn order_of(taken: &Taken) -> Option<OrderId> {
    match taken {
        Taken::Now(id) | Taken::Before(id) => Some(*id),
        Taken::Answered(_) => None,
    }
}

/// All transactions in a simulator's own books.
pub fn books_of(simulator: &Simulator) -> Vec<GatewayTransaction> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = simulator.books(after, 10_000);
        all.extend(page.transactions.into_iter().map(|row| GatewayTransaction {
            reference: row.transaction_key,
            gateway_order_id: row.order_id,
            amount: Money::krw(row.amount),
            verdict: match row.status {
                "SUCCESS" => GatewayVerdict::Approved,
                "FAILED" => GatewayVerdict::Declined,
                _ => GatewayVerdict::Pending,
            },
        }));
        match page.next {
            Some(next) => after = Some(next),
            None => return all,
        }
    }
}
