//! A running server over HTTP, as buyers use it: impatient at times, patient with a server that
//! dies, and giving up after a decline.

mod buyer;
mod shop;

use std::sync::Arc;

use parking_lot::Mutex;
use payonce_ports::{clock::Clock, entropy::Entropy};
use serde_json::json;

use super::{
    BenchArguments, Measured,
    in_process::{elapsed, per_second},
    latencies::Latencies,
    settings::at,
};
use crate::{
    cli::{progress::Progress, verify},
    real::{OsEntropy, SystemClock},
};
use buyer::End;
use payonce_storage::PostgresSettings;
use shop::Shop;

/// Seconds of look-ups without orders, to compare with.
const QUIET_SECONDS: f64 = 5.0;

/// What all buyers saw.
#[derive(Debug, Default)]
struct Seen {
    answered: Latencies,
    ended: Latencies,
    completed: u64,
    declined: u64,
    unavailable: u64,
    sold_out: u64,
    accepted: u64,
    not_final: u64,
    lost: u64,
    /// Calls that had to be made again with the same key: the server was away.
    repeats: u64,
}

pub(super) async fn run(arguments: &BenchArguments) -> anyhow::Result<Measured> {
    let load = &arguments.load;
    let shop = Arc::new(Shop::enter(&arguments.url, arguments.key.as_deref()).await?);
    let products = shop.stock_up(load).await?;
    let bystander = shop.add_product("Bystander", 1).await?;
    let progress = Progress::new(!arguments.json);
    progress.show("product look-ups without orders");
    let quiet_count = to_count(QUIET_SECONDS * load.look_ups);
    let quiet = look_ups(Arc::clone(&shop), bystander.clone(), load.look_ups, quiet_count).await;

    let clock = SystemClock;
    let entropy = OsEntropy::new();
    let run = entropy.number();
    let started = clock.monotonic_micros();
    let busy_count = to_count(at(load.orders, load.rate).as_secs_f64() * load.look_ups);
    let busy = tokio::spawn(look_ups(Arc::clone(&shop), bystander, load.look_ups, busy_count));
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut buyers = tokio::task::JoinSet::new();
    for index in 0..load.orders {
        let due = load.due(index);
        clock.sleep(due.saturating_sub(elapsed(started))).await;
        let pick = usize::try_from(entropy.number()).unwrap_or(0) % products.len();
        let order = buyer::Order {
            product: products[pick].clone(),
            key: format!("bench-{run:016x}-{index}"),
            due_at: started + i64::try_from(due.as_micros()).unwrap_or(0),
            final_within: load.final_within,
        };
        let (shop, seen) = (Arc::clone(&shop), Arc::clone(&seen));
        buyers.spawn(async move {
            let story = buyer::buy(&shop, &order).await;
            note(&mut seen.lock(), &story);
        });
        progress.show(&format!("{} of {} orders sent", index + 1, load.orders));
    }
    while let Some(ended) = buyers.join_next().await {
        ended?;
        progress.show(&format!("waiting for {} orders to end", buyers.len()));
    }
    let took = elapsed(started);
    let busy = busy.await?;
    progress.end();

    let target = arguments.database.target()?;
    let settings = PostgresSettings::default();
    let store = payonce_storage::open_to_read(&target, Arc::new(clock), settings).await?;
    let verdict = verify::check(&*store, &arguments.gateway_books, !arguments.json).await?;
    let seen = Arc::into_inner(seen).map(Mutex::into_inner).unwrap_or_default();
    Ok(Measured {
        is_kept: seen.lost == 0 && seen.not_final == 0,
        figures: figures(load.orders, &seen, &quiet, &busy, took),
        verdict,
    })
}

fn note(seen: &mut Seen, story: &buyer::Story) {
    seen.repeats += story.repeats;
    seen.accepted += u64::from(story.was_accepted);
    if let Some(answered) = story.answered {
        seen.answered.add(answered);
    }
    if let Some(ended) = story.ended {
        seen.ended.add(ended);
    }
    *match story.end {
        End::Completed => &mut seen.completed,
        End::Declined => &mut seen.declined,
        End::Unavailable => &mut seen.unavailable,
        End::SoldOut => &mut seen.sold_out,
        End::NotFinal => &mut seen.not_final,
        End::Lost => &mut seen.lost,
    } += 1;
}

#[expect(clippy::cast_precision_loss, reason = "a share to look at")]
fn figures(
    orders: u64,
    seen: &Seen,
    quiet: &Latencies,
    busy: &Latencies,
    took: std::time::Duration,
) -> Vec<(&'static str, serde_json::Value)> {
    let placed = orders - seen.sold_out;
    let share = if placed == 0 { 1.0 } else { seen.accepted as f64 / placed as f64 };
    vec![
        ("orders", json!(orders)),
        ("completed", json!(seen.completed)),
        ("declined_and_given_up", json!(seen.declined)),
        ("gateway_unavailable", json!(seen.unavailable)),
        ("sold_out", json!(seen.sold_out)),
        ("not_final", json!(seen.not_final)),
        ("acknowledged_and_lost", json!(seen.lost)),
        ("calls_repeated", json!(seen.repeats)),
        ("accepted_percent", json!((share * 10_000.0).round() / 100.0)),
        ("seconds", json!(took.as_secs_f64())),
        ("orders_per_second", json!(per_second(orders, took))),
        ("first_answer", seen.answered.figures()),
        ("final", seen.ended.figures()),
        ("product_look_up_before", quiet.figures()),
        ("product_look_up_during", busy.figures()),
    ]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn to_count(number: f64) -> u64 {
    number.max(1.0) as u64
}

/// Looks an unrelated product up at a constant rate.
async fn look_ups(shop: Arc<Shop>, product: String, rate: f64, count: u64) -> Latencies {
    let clock = SystemClock;
    let started = clock.monotonic_micros();
    let all = Arc::new(Mutex::new(Latencies::default()));
    let mut asking = tokio::task::JoinSet::new();
    for index in 0..count {
        let due = at(index, rate);
        clock.sleep(due.saturating_sub(elapsed(started))).await;
        let (shop, product, all) = (Arc::clone(&shop), product.clone(), Arc::clone(&all));
        asking.spawn(async move {
            if shop.look_up(&product).await {
                all.lock().add(elapsed(started).saturating_sub(due));
            }
        });
    }
    while asking.join_next().await.is_some() {}
    Arc::into_inner(all).map(Mutex::into_inner).unwrap_or_default()
}
