//! How many orders a store commits in a second: placed in one commit, paid in the next.
//!
//! `cargo run --release -p payonce-storage --example throughput [batch] [orders]`. PostgreSQL is
//! started for it, with every durable setting on; both share this machine with the client.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement, by the real clock"
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use payonce_domain::{
    checkout::place,
    hold::HoldState,
    ids::Mint,
    obligation::ObligationState,
    order::OrderStatus,
    payment::{AttemptState, PaymentState},
    product::Product,
};
use payonce_ports::{
    clock::MovedClock,
    store::{IdempotencyKey, IdempotencyRow, Keys, Store},
};
use payonce_storage::{
    Access, PostgresSettings, PostgresStore, SqliteStore, Target, migrate,
    suite::{
        add,
        samples::{START, Samples},
    },
};
use payonce_testbed::Cluster;

const PRODUCTS: usize = 64;

#[tokio::main]
async fn main() {
    let number = |place: usize, default: usize| {
        std::env::args().nth(place).map_or(default, |text| text.parse().unwrap())
    };
    let (batch, orders) = (number(1, 256), number(2, 20_000));

    let folder = tempfile::tempdir_in(".").unwrap();
    let path = folder.path().join("books.db");
    migrate(&Target::Sqlite(path.clone())).await.unwrap();
    let clock = Arc::new(MovedClock::at(START));
    let store = SqliteStore::open(&path, clock, Access::Serve).await.unwrap();
    measure("SQLite", Arc::new(store), batch, orders).await;

    let cluster = Cluster::start();
    let url = cluster.template_database();
    migrate(&Target::Postgres(url.clone())).await.unwrap();
    let settings = PostgresSettings::default();
    let store = PostgresStore::open(&url, settings, None).await.unwrap();
    measure("PostgreSQL", Arc::new(store), batch, orders).await;
}

async fn measure(name: &str, store: Arc<dyn Store>, batch: usize, orders: usize) {
    let mut samples = Samples::new(1);
    let products: Vec<Product> = (0..PRODUCTS).map(|_| samples.product(1_000_000_000)).collect();
    let new = products.clone();
    add(&*store, move |world| {
        world.products = new.into_iter().map(|row| (row.id, row)).collect();
    })
    .await;
    let lanes = store.lanes();
    let begun = Instant::now();
    let workers: Vec<_> = (0..lanes)
        .map(|lane| {
            let (store, products) = (Arc::clone(&store), products.clone());
            let rounds = (orders / lanes).div_ceil(batch);
            tokio::spawn(async move {
                let mut samples = Samples::new(1_000 + lane as u64);
                for round in 0..rounds as u64 {
                    // Ids carry their time, and neighbours in time are neighbours in the tables.
                    let at = START.after(Duration::from_millis(round * 20));
                    samples.mint = Mint::new(at, samples.mint.number());
                    one_batch(&*store, &mut samples, &products, batch).await;
                }
                rounds * batch
            })
        })
        .collect();
    let mut done = 0;
    for worker in workers {
        done += worker.await.unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let rate = done as f64 / seconds;
    println!(
        "{name}: {done} orders in {seconds:.2} s, batches of {batch}, {lanes} lanes: {rate:.0} orders/s"
    );
    assert_eq!(store.ledger_sums().await.unwrap().values().sum::<i64>(), 0);
}

/// Places a batch of orders in one commit and pays all of them in the next.
async fn one_batch(store: &dyn Store, samples: &mut Samples, products: &[Product], batch: usize) {
    let mut keys = Keys::default();
    let mut calls = Vec::new();
    for place in 0..batch {
        let product = &products[place % products.len()];
        let order = samples.new_order(product, 1);
        let name = order.order_id.to_string();
        let key = IdempotencyKey { scope: order.owner.to_string(), key: name };
        keys.idempotency.insert(key.clone());
        keys.products.insert(product.id);
        calls.push((key, order, samples.mint.number()));
    }
    let orders = calls.iter().map(|(_, order, _)| order.order_id).collect();
    let placing = move |world: &mut payonce_ports::store::World| {
        for (key, order, seed) in calls {
            let now = world.now;
            let change = place(&mut world.products, &order, now, seed).unwrap();
            world.apply(change).unwrap();
            let row = IdempotencyRow {
                fingerprint: "0123456789abcdef".to_owned(),
                order_id: Some(order.order_id),
                refund_id: None,
                reply: None,
                created_at: now,
            };
            world.idempotency.insert(key, row);
        }
    };
    store.transact(keys, Box::new(placing)).await.unwrap();

    let keys = Keys { orders, ..Keys::default() };
    let mut paid = samples.clone();
    samples.mint.number();
    let paying = move |world: &mut payonce_ports::store::World| {
        for sale in world.sales.values_mut() {
            let entry = paid.entry(sale);
            sale.order.status = OrderStatus::Completed;
            sale.payment.state = PaymentState::Paid;
            sale.attempts[0].state = AttemptState::Approved;
            sale.attempts[0].reference = Some("txn".to_owned());
            sale.holds[0].state = HoldState::Taken;
            sale.obligations[0].state = ObligationState::Done;
            sale.obligations[0].fence += 1;
            world.journal.push(entry);
            world.postings.extend(paid.postings(sale));
            world.postings.extend(paid.postings(sale));
            world.fulfilments.push(paid.fulfilment(sale));
        }
    };
    store.transact(keys, Box::new(paying)).await.unwrap();
}
