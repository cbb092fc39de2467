//! §10: the pool of workers, the request threads, and the hot path without waiting.

use payonce_simulator::pg::Simulator;
use payonce_simulator::pg::sender::{Callback, Delivery, Sending};
use payonce_simulator::pg::settings::Settings;
use serde_json::json;

use crate::world::{ORDER, World, calm, pass_ms, settings};

#[tokio::test(start_paused = true)]
async fn eight_workers_decide_eight_transactions_at_a_time() {
    let world = World::calm();
    for _ in 0..20 {
        world.accepted(ORDER).await;
    }
    assert_eq!(world.simulator.summary().queued, 12);
    pass_ms(1_100).await;
    assert_eq!(world.simulator.summary().approved, 8);
    assert!(world.received().is_empty(), "callbacks wait behind every queued transaction");
    pass_ms(1_000).await;
    assert_eq!(world.simulator.summary().approved, 16);
    pass_ms(1_000).await;
    assert_eq!(world.simulator.summary().approved, 20);
    assert_eq!(world.received().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn eight_receivers_that_hang_stop_all_processing() {
    let hang = |_: Callback| -> Sending { Box::pin(std::future::pending::<Delivery>()) };
    let simulator = Simulator::start_with(calm(), hang);
    let world = World::start(calm());
    for _ in 0..9 {
        let request = axum::http::Request::post("/api/v1/payments")
            .header("x-user-id", "u")
            .header("content-type", "application/json")
            .body(axum::body::Body::from(crate::world::payment(ORDER).to_string()))
            .unwrap();
        tower::ServiceExt::oneshot(simulator.router(), request).await.unwrap();
        world.accepted(ORDER).await;
        pass_ms(1_500).await;
    }
    pass_ms(600_000).await;
    assert_eq!(simulator.summary().pending, 1, "the ninth found no worker");
    assert_eq!(world.simulator.summary().pending, 0, "a receiver that answers holds nobody");
}

#[tokio::test(start_paused = true)]
async fn an_unlimited_pool_decides_all_at_once_also_after_a_change() {
    for changed_later in [false, true] {
        let mut unlimited = calm();
        unlimited.workers = usize::from(changed_later);
        let world = World::start(unlimited);
        for _ in 0..100 {
            world.accepted(ORDER).await;
        }
        world.control("PATCH", "settings", json!({"workers": 0})).await;
        pass_ms(1_100).await;
        assert_eq!(world.simulator.summary().approved, 100);
        assert_eq!(world.received().len(), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_threads_wait_for_one() {
    let world = World::start(settings(json!({
        "requestThreads": 2, "acceptanceFailure": 0, "acceptanceDelayMs": {"from": 300, "to": 300},
    })));
    let (first, second, third) = tokio::join!(world.pay(ORDER), world.pay(ORDER), world.pay(ORDER));
    assert_eq!([first.elapsed_ms, second.elapsed_ms, third.elapsed_ms], [300, 300, 600]);
}

#[tokio::test(start_paused = true)]
async fn zero_latency_takes_no_time_at_all_and_approves_everything() {
    let world = World::start(Settings::zero_latency());
    for number in 0..5_000 {
        assert_eq!(world.pay(&format!("{number:08}")).await.data()["status"], "PENDING");
    }
    while world.received().len() < 5_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.now_ms(), 0);
    let summary = world.simulator.summary();
    assert_eq!(
        (summary.approved, summary.overwritten, summary.approved_amount),
        (5_000, 0, 25_000_000)
    );
}
