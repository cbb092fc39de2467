//! Engine, books and a zero-latency gateway in one process: what an order costs us, without
//! anybody's network. Every request and callback still has its wire form.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context;
use parking_lot::Mutex;
use payonce_domain::{
    checkout::Item,
    gateway::GatewayName,
    ids::{Mint, ProductId, UserId},
    money::Money,
    product::ProductType,
};
use payonce_engine::{
    Engine, Settings,
    catalogue::NewProduct,
    checkout::{Call, PayWith, PlaceOrder},
    verification,
};
use payonce_gateways::pg_simulator;
use payonce_ports::{
    clock::Clock,
    entropy::Entropy,
    gateway::{Card, CardNumber},
    store::IdempotencyKey,
};
use payonce_proof::{
    in_process::{CallbacksTo, InProcess},
    world::books_of,
};
use payonce_simulator::pg::{Simulator, settings::Settings as GatewaySettings};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{BenchArguments, Measured, latencies::Latencies};
use crate::{
    cli::progress::Progress,
    config::database,
    real::{OsEntropy, SystemClock},
    wiring::{self, Shop, Wired},
};

/// A test number that the simulator's own document uses.
const CARD: &str = "1234-5678-9814-1451";

/// How often the generator looks whether there is room for another order.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

pub(super) async fn run(arguments: &BenchArguments) -> anyhow::Result<Measured> {
    let target = arguments.database.target()?;
    payonce_storage::migrate(&target).await?;
    let store = database::open(&target).await?;
    let callbacks = CallbacksTo::default();
    let simulator = Simulator::start_with(GatewaySettings::zero_latency(), callbacks.clone());
    let mut layers = arguments.pg.layers();
    layers.charges_at_once = usize::MAX >> 4;
    layers.look_ups_at_once = usize::MAX >> 4;
    let engine = wiring::engine(Shop {
        store: Arc::clone(&store),
        pg: Wired {
            settings: arguments.pg.gateway(8080),
            layers,
            transport: Arc::new(InProcess(simulator.router())),
        },
        toss: None,
        settings: Settings::default(),
    })?;
    callbacks.connect(Some(engine.clone()));
    engine.start_background();

    let products = add_products(&engine, arguments).await?;
    let clock = SystemClock;
    let started = clock.monotonic_micros();
    let (durable, refused) = place_all(&engine, arguments, &products).await?;
    let placed = elapsed(started);
    wait_until_final(&engine, arguments).await?;
    let all_final = elapsed(started);
    engine.stop(Duration::from_secs(5)).await;

    let progress = Progress::new(!arguments.json);
    let mut read = |orders: u64| progress.show(&format!("{orders} orders checked"));
    let name = GatewayName::new(pg_simulator::NAME);
    let theirs = BTreeMap::from([(name, books_of(&simulator))]);
    let verdict = verification::verify(&*store, theirs, &mut read).await?;
    progress.end();
    let orders = arguments.load.orders;
    let figures = vec![
        ("orders", json!(orders)),
        ("refused", json!(refused)),
        ("placed_seconds", json!(placed.as_secs_f64())),
        ("final_seconds", json!(all_final.as_secs_f64())),
        ("final_orders_per_second", json!(per_second(orders, all_final))),
        ("durable", durable.figures()),
    ];
    Ok(Measured { figures, verdict, is_kept: true })
}

async fn add_products(
    engine: &Engine,
    arguments: &BenchArguments,
) -> anyhow::Result<Vec<ProductId>> {
    let load = &arguments.load;
    let enough = u32::try_from(load.orders).unwrap_or(u32::MAX);
    let mut products = Vec::new();
    for number in 1..=load.products.max(1) {
        let new = NewProduct {
            kind: ProductType::Goods,
            name: format!("Bench product {number}"),
            price: Money::krw(1_000),
            stock: load.stock.unwrap_or(enough),
        };
        products.push(engine.add_product(new).await?.id);
    }
    Ok(products)
}

async fn place_all(
    engine: &Engine,
    arguments: &BenchArguments,
    products: &[ProductId],
) -> anyhow::Result<(Latencies, u64)> {
    let clock = SystemClock;
    let entropy = OsEntropy::new();
    let mut mint = Mint::new(clock.now(), entropy.number());
    let owner: UserId = mint.id();
    let run = mint.number();
    let durable = Arc::new(Mutex::new(Latencies::default()));
    let refused = Arc::new(Mutex::new(0_u64));
    let progress = Progress::new(!arguments.json);
    let started = clock.monotonic_micros();
    let seats = Arc::new(Semaphore::new(arguments.load.in_flight));
    let mut placing = tokio::task::JoinSet::new();
    for index in 0..arguments.load.orders {
        let (due, seat) = if arguments.load.rate > 0.0 {
            let due = arguments.load.due(index);
            clock.sleep(due.saturating_sub(elapsed(started))).await;
            (due, None)
        } else {
            // Whoever is being placed has a seat; what follows from it keeps the engine busy.
            let seat = Arc::clone(&seats).acquire_owned().await?;
            while engine.busy() > arguments.load.in_flight {
                clock.sleep(LOOK_AGAIN).await;
            }
            (elapsed(started), Some(seat))
        };
        let pick = usize::try_from(entropy.number()).unwrap_or(0) % products.len();
        let request = request(owner, run, index, products[pick])?;
        let (engine, durable, refused) =
            (engine.clone(), Arc::clone(&durable), Arc::clone(&refused));
        placing.spawn(async move {
            let _seat = seat;
            match engine.place(request).await {
                Ok(_) => durable.lock().add(elapsed(started).saturating_sub(due)),
                Err(error) => {
                    tracing::debug!(%error, "refused");
                    *refused.lock() += 1;
                }
            }
        });
        if index % 500 == 0 {
            progress.show(&format!("{index} of {} orders sent", arguments.load.orders));
        }
    }
    while let Some(placed) = placing.join_next().await {
        placed.context("an order's task failed")?;
    }
    progress.end();
    let durable = durable.lock().clone();
    let refused = *refused.lock();
    Ok((durable, refused))
}

fn request(owner: UserId, run: u64, index: u64, product: ProductId) -> anyhow::Result<PlaceOrder> {
    Ok(PlaceOrder {
        call: Call {
            key: IdempotencyKey { scope: owner.to_string(), key: format!("bench-{run:x}-{index}") },
            fingerprint: index.to_string(),
        },
        owner,
        items: vec![Item { product_id: product, quantity: 1 }],
        pay_with: PayWith::Card(Card {
            company: "SAMSUNG".to_owned(),
            number: CardNumber::parse(CARD).context("a card number")?,
            instalments: 0,
        }),
        gateway: None,
        metadata: "{}".to_owned(),
    })
}

async fn wait_until_final(engine: &Engine, arguments: &BenchArguments) -> anyhow::Result<()> {
    let clock = SystemClock;
    let started = clock.monotonic_micros();
    let progress = Progress::new(!arguments.json);
    while elapsed(started) < arguments.load.final_within {
        if engine.books().open_sales(None, 1).await?.is_empty() {
            progress.end();
            return Ok(());
        }
        progress.show("waiting until every order is final");
        clock.sleep(Duration::from_millis(2)).await;
    }
    progress.end();
    Ok(())
}

/// Since a monotonic moment of the system's clock.
pub(super) fn elapsed(started: i64) -> Duration {
    let passed = SystemClock.monotonic_micros().saturating_sub(started);
    Duration::from_micros(u64::try_from(passed).unwrap_or(0))
}

#[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
pub(super) fn per_second(count: u64, took: Duration) -> f64 {
    (count as f64 / took.as_secs_f64() * 10.0).round() / 10.0
}
