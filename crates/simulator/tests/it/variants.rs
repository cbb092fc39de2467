//! Known ports that differ, §14.

use serde_json::{Value, json};

use crate::world::{
    GENERIC, ORDER, World, calm, no_order, pass_ms, payment, payment_with, settings,
};

fn variant(name: &str) -> World {
    let mut settings = calm();
    settings.variants = serde_json::from_value(json!({ name: true })).unwrap();
    World::start(settings)
}

fn with_key(order_id: &str, key: impl Into<Value>) -> String {
    let mut payment = payment(order_id);
    payment["idempotencyKey"] = key.into();
    payment.to_string()
}

#[tokio::test(start_paused = true)]
async fn idempotent_by_order_returns_the_existing_transaction_with_its_status() {
    let world = variant("idempotentByOrder");
    let first = world.accepted(ORDER).await;
    pass_ms(2_000).await;
    let again = world.pay(ORDER).await.data();
    assert_eq!((&again["transactionKey"], &again["status"]), (&json!(first), &json!("SUCCESS")));
    let other = world.post_as(Some("user-2"), &payment(ORDER).to_string()).await.data();
    assert_ne!(other["transactionKey"], json!(first), "owners are apart");
    assert_eq!(world.simulator.summary().transactions, 2);
}

#[tokio::test(start_paused = true)]
async fn idempotent_by_order_holds_for_requests_side_by_side_and_skips_delay_and_failure() {
    let world = World::start(settings(
        json!({"variants": {"idempotentByOrder": true}, "acceptanceFailure": 0}),
    ));
    let (one, other) = tokio::join!(world.pay(ORDER), world.pay(ORDER));
    assert_eq!(one.data()["transactionKey"], other.data()["transactionKey"]);
    world.control("PATCH", "settings", json!({"acceptanceFailure": 100})).await;
    let again = world.pay(ORDER).await;
    assert_eq!(again.data()["transactionKey"], one.data()["transactionKey"]);
    assert_eq!(again.elapsed_ms, 0);
}

#[tokio::test(start_paused = true)]
async fn an_idempotency_key_is_required_and_recognised() {
    let world = variant("idempotencyKey");
    world.pay(ORDER).await.refused(400, "필수 필드 'idempotencyKey'이(가) 누락되었습니다.");
    world.post(&with_key(ORDER, "  ")).await.refused(400, "멱등키는 비어있을 수 없습니다.");
    world.post(&with_key(" ", "k")).await.refused(400, "주문 ID는 비어있을 수 없습니다.");
    let first = world.post(&with_key("1", "key-a")).await.data();
    let again = world.post(&with_key("1", "key-a")).await.data();
    let other = world.post(&with_key("1", "key-b")).await.data();
    assert_eq!(first["transactionKey"], again["transactionKey"]);
    assert_ne!(first["transactionKey"], other["transactionKey"]);
}

#[tokio::test(start_paused = true)]
async fn slow_mode_never_fails_and_takes_150_to_300_ms() {
    let world = World::start(settings(json!({"variants": {"slowMode": true}})));
    let mut times = Vec::new();
    for _ in 0..1_000 {
        let answer = world.pay(ORDER).await;
        answer.data();
        times.push(answer.elapsed_ms);
    }
    assert!((150..=155).contains(times.iter().min().unwrap()));
    assert!((295..=301).contains(times.iter().max().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_numeric_port_looks_orders_up_by_number() {
    let world = variant("numericPort");
    world.accepted("000123").await;
    assert_eq!(world.by_order("000123").await.data()["transactions"].as_array().unwrap().len(), 1);
    assert_eq!(world.by_order("123").await.data()["transactions"].as_array().unwrap().len(), 1);
    world.by_order("ord_123").await.refused(500, GENERIC);
    world.by_order("124").await.refused(404, &no_order("124"));
    let stock = World::calm();
    stock.accepted("000123").await;
    stock.by_order("123").await.refused(404, &no_order("123"));
}

#[tokio::test(start_paused = true)]
async fn the_callback_prefix_can_be_moved() {
    let mut moved = calm();
    moved.callback_prefix = "http://127.0.0.1:".to_owned();
    let world = World::start(moved);
    world.pay(ORDER).await.refused(400, "콜백 URL 은 http://127.0.0.1: 로 시작해야 합니다.");
    world.post(&payment_with("callbackUrl", "http://127.0.0.1:9/x")).await.data();
}
