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
    payment::AttemptState,
    product::ProductType,
    sale::Sale,
    time::Timestamp,
};
use payonce_engine::{
    Engine, Parts, Settings,
    catalogue::NewProduct,
    checkout::{Call, CheckoutError, PayWith, PlaceOrder, Taken},
    confirming::ReturnError,
    verification::{self, GatewayTransaction, GatewayVerdict, Verdict},
};
use payonce_gateways::{
    guard::{self, Guarded},
    pg_simulator::{self, PgSimulator},
    toss::{self, Toss},
};
use payonce_ports::{
    clock::Clock,
    entropy::{Entropy, SeededEntropy},
    gateway::{Card, CardNumber, Gateway},
    store::{IdempotencyKey, Store},
};
use payonce_simulator::{
    pg::{Simulator, settings::Settings as GatewaySettings},
    toss::{
        Simulator as TossSimulator, buyer::BuyerChoice, payment::Status,
        settings::Settings as TossSettings,
    },
};
use payonce_storage::{Access, PostgresSettings, PostgresStore, SqliteStore, Target};

use crate::{
    in_process::InProcess,
    mortal::{Life, MortalCallbacks, MortalClock, MortalStore, MortalTransport, MortalWebhooks},
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
    /// The gateway that is charged directly.
    pub simulator: Simulator,
    /// The gateway with a page of its own.
    pub toss: TossSimulator,
    /// Whose order everything is.
    pub owner: UserId,
    /// How processes treat the gateway; change it before starting them.
    pub layers: guard::Settings,
    /// How processes know the gateway.
    pub gateway: pg_simulator::Settings,
    /// How processes treat the gateway with a page.
    pub toss_layers: guard::Settings,
    /// How processes know it.
    pub toss_gateway: toss::Settings,
    /// The shop's numbers.
    pub settings: Settings,
    /// Committer lanes of each process that shares a PostgreSQL database.
    pub lanes: usize,
    books: Books,
    stillness: Arc<Stillness>,
    callbacks: MortalCallbacks,
    webhooks: MortalWebhooks,
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
        let webhooks = MortalWebhooks::default();
        let toss = TossSimulator::start_with(toss_settings(seed), webhooks.clone());
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
            toss_layers: guard::Settings::for_toss(),
            toss_gateway: toss_gateway(&toss.settings()),
            toss,
            owner: Mint::new(START, seed).id(),
            layers: guard::Settings::default(),
            gateway: pg_simulator::Settings {
                base_url: "http://localhost:8082".to_owned(),
                user_id: "world".to_owned(),
                callback_url: "http://localhost:8080/api/v1/payments/callback".to_owned(),
                manners: pg_simulator::stock_manners(),
            },
            settings: Settings {
                obligations_every: Duration::from_secs(5),
                reconcile_at: None,
                ..Settings::default()
            },
            lanes: 1,
            callbacks,
            webhooks,
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
        let wire = |router| {
            Arc::new(MortalTransport { life: Arc::clone(life), inner: Arc::new(InProcess(router)) })
        };
        let guarded = |wire: Arc<dyn Gateway>, layers: &guard::Settings| -> Arc<dyn Gateway> {
            let (clock, entropy) = (Arc::clone(&clock), Arc::clone(&entropy));
            Arc::new(Guarded::new(wire, layers.clone(), clock, entropy))
        };
        let pg = PgSimulator::new(self.gateway.clone(), wire(self.simulator.router()));
        let toss =
            Toss::new(self.toss_gateway.clone(), wire(self.toss.router())).expect("settings");
        let name = GatewayName::new(pg_simulator::NAME);
        let gateways = BTreeMap::from([
            (name.clone(), guarded(Arc::new(pg), &self.layers)),
            (GatewayName::new(toss::NAME), guarded(Arc::new(toss), &self.toss_layers)),
        ]);
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
            gateways,
            default_gateway: name,
            clock,
            entropy,
            settings: self.settings.clone(),
        });
        self.callbacks.connect(life, engine.clone());
        self.webhooks.connect(life, engine.clone());
        engine.start_background();
        engine
    }

    /// Callbacks and webhooks reach nobody from now on.
    pub fn cut_callbacks(&self) {
        self.callbacks.cut();
        self.webhooks.cut();
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
            pay_with: PayWith::Card(card()),
            gateway: None,
            metadata: "{}".to_owned(),
        }
    }

    /// The same order, paid on the page of the gateway that has one.
    pub fn order_by_page(&self, product_id: ProductId, key: &str) -> PlaceOrder {
        PlaceOrder {
            pay_with: PayWith::Page,
            gateway: Some(GatewayName::new(toss::NAME)),
            ..self.order(product_id, key)
        }
    }

    /// The buyer of this order opens the gateway's page and does this; what the browser carries back.
    /// `None` if nothing waits at a page.
    pub async fn at_the_page(&self, id: OrderId, choice: BuyerChoice) -> Option<Fields> {
        let sale = self.sale(id).await;
        let attempt = sale.live_attempt().filter(|live| live.state == AttemptState::Recorded)?;
        let amount = u64::try_from(attempt.amount.minor).expect("positive");
        let key = self.toss.open_payment(&attempt.gateway_order_id, "A book", amount);
        let query = self.toss.authenticate(&key, choice)?;
        Some(query.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The buyer comes back to this process with what the browser carries.
    pub async fn come_back(
        &self,
        engine: &Engine,
        fields: &Fields,
    ) -> Result<OrderId, ReturnError> {
        engine.returned(&GatewayName::new(toss::NAME), fields).await
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
            let all = self.sales().await;
            let is_open = all.iter().any(|sale| sale.order.status == OrderStatus::Pending);
            if !is_open || self.began.elapsed() >= end {
                return !is_open;
            }
            self.pass(Duration::from_secs(20)).await;
        }
    }

    /// All orders.
    pub async fn sales(&self) -> Vec<Sale> {
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let page = self.store.orders(None, before, 500).await.expect("books");
            let Some(last) = page.last() else { return all };
            before = Some(last.order.id);
            all.extend(page);
        }
    }

    /// Lets time pass until every order has ended and every refund is certain, at most this long;
    /// says whether that was reached.
    pub async fn until_settled(&self, at_most: Duration) -> bool {
        let end = self.began.elapsed() + at_most;
        loop {
            let all = self.sales().await;
            let settled = all.iter().all(|sale| {
                sale.order.status != OrderStatus::Pending
                    && !sale.refunds.iter().any(|refund| refund.state.is_undecided())
            });
            if settled || self.began.elapsed() >= end {
                return settled;
            }
            self.pass(Duration::from_secs(20)).await;
        }
    }

    /// Time since the world began.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// The order as it is.
    pub async fn sale(&self, id: OrderId) -> Sale {
        self.store.sale(id).await.expect("books").expect("the order")
    }

    /// What verification says of our books and the gateway's.
    pub async fn verdict(&self) -> Verdict {
        let theirs = BTreeMap::from([
            (GatewayName::new(pg_simulator::NAME), books_of(&self.simulator)),
            (GatewayName::new(toss::NAME), toss_books_of(&self.toss)),
        ]);
        verification::verify(&*self.store, theirs, &mut |_| {}).await.expect("books")
    }

    /// Asserts that every rule holds and nothing differs from the gateway's books.
    pub async fn assert_true(&self, context: &str) -> Verdict {
        let verdict = self.verdict().await;
        assert!(verdict.is_clean(), "{context}: {verdict:#?}");
        verdict
    }
}

/// What a browser carries back from a page.
pub type Fields = Vec<(String, String)>;

/// The gateway with a page: nothing goes wrong there until a story says so.
fn toss_settings(seed: u64) -> TossSettings {
    let mut settings = TossSettings::seeded(seed);
    settings.started_at_ms = u64::try_from(START.micros() / 1_000).ok();
    settings.webhooks.url = Some("http://localhost:8080/v1/callbacks/toss".to_owned());
    settings
}

fn toss_gateway(settings: &TossSettings) -> toss::Settings {
    toss::Settings {
        base_url: "http://localhost:8084".to_owned(),
        script_url: "http://localhost:8084/v2/standard".to_owned(),
        secret_key: settings.secret_key.clone().into(),
        client_key: settings.client_key.clone(),
        security_key: None,
        account: settings.m_id.clone(),
        test_code: None,
        manners: toss::stock_manners(toss::Keys::Live),
    }
}

/// All payments in the Toss simulator's own books, as transactions.
pub fn toss_books_of(simulator: &TossSimulator) -> Vec<GatewayTransaction> {
    let payments = simulator.books().payments.into_iter();
    payments
        .map(|row| {
            let minor = |amount| i64::try_from(amount).expect("an amount");
            assert!(row.approvals <= 1, "{} was charged {} times", row.payment_key, row.approvals);
            GatewayTransaction {
                reference: row.payment_key,
                gateway_order_id: row.order_id,
                amount: Money::krw(minor(row.amount)),
                verdict: match row.status {
                    Status::Ready | Status::InProgress => GatewayVerdict::Unconfirmed,
                    Status::Aborted | Status::Expired => GatewayVerdict::Declined,
                    Status::Done | Status::PartialCanceled | Status::Canceled => {
                        GatewayVerdict::Approved
                    }
                },
                refunded: row.cancels.iter().map(|cancel| minor(cancel.amount)).sum(),
            }
        })
        .collect()
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
            refunded: 0,
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
