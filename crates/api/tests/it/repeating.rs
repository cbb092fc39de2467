//! The same call, again: idempotency keys.

use std::time::Duration;

use axum::http::Method;
use payonce_domain::payment::ProblemCode;
use serde_json::json;

use crate::{
    gateway::Say,
    world::{World, order_of, payment},
};

#[tokio::test]
async fn a_finished_call_is_replayed_byte_for_byte_and_charges_once() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = order_of(&product, 1);
    let first = world.order("k", &body).await;
    assert_eq!(first.header("idempotent-replayed"), "");
    for _again in 0..3 {
        let repeat = world.order_with("\"k\"", &body, &[("accept-language", "ko")]).await;
        assert_eq!((repeat.status, &repeat.text), (first.status, &first.text));
        assert_eq!(repeat.header("idempotent-replayed"), "true");
        assert_eq!(repeat.header("content-type"), "application/json");
    }
    assert_eq!(world.gateway.charges(), 1);
}

#[tokio::test]
async fn declines_and_final_refusals_are_replayed_too() {
    let world = World::new().await;
    let product = world.product(1_000, 2).await;
    world.gateway.will([Say::Decline(ProblemCode::LimitExceeded), Say::NotCreated]);
    for (key, quantity) in [("declined", 1), ("unavailable", 1), ("sold out", 7)] {
        let key = key.replace(' ', "-");
        let body = order_of(&product, quantity);
        let first = world.order(&key, &body).await;
        let repeat = world.order(&key, &body).await;
        assert_eq!((repeat.status, &repeat.text), (first.status, &first.text), "{key}");
        assert_eq!(repeat.header("idempotent-replayed"), "true", "{key}");
        assert_eq!(repeat.header("content-type"), "application/problem+json");
    }
    assert_eq!(world.gateway.charges(), 2);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_422() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    world.order("k", &order_of(&product, 1)).await.is(201);
    world.order("k", &order_of(&product, 2)).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let mut other_card = order_of(&product, 1);
    other_card["payment"]["card"]["number"] = json!("4111-1111-1111-1111");
    world.order("k", &other_card).await.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(world.gateway.charges(), 1);
}

#[tokio::test]
async fn two_callers_may_use_the_same_key() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = order_of(&product, 1).to_string();
    let headers = [("idempotency-key", "k")];
    for token in [&world.buyer, &world.stranger] {
        world.call(Method::POST, "/v1/orders", token, &headers, body.clone()).await.is(201);
    }
    assert_eq!(world.gateway.charges(), 2);
}

#[tokio::test]
async fn a_repeat_while_the_charge_is_on_its_way_is_told_to_come_back() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = order_of(&product, 1);
    world.gateway.will([Say::WhenReleased(Box::new(Say::Approve))]);
    world.order_with("k", &body, &[("prefer", "respond-async")]).await.is(202);
    world.until(|world| world.gateway.charges() == 1).await;
    let repeat = world.order("k", &body).await;
    repeat.refused(409, "IDEMPOTENT_REQUEST_IN_PROGRESS");
    assert_eq!(repeat.header("retry-after"), "1");

    world.gateway.release.notify_one();
    world.until(|world| world.engine.busy() == 0).await;
    assert_eq!(world.order("k", &body).await.is(201)["status"], "completed");
    assert_eq!(world.gateway.charges(), 1);
}

#[tokio::test]
async fn a_call_in_doubt_answers_as_it_stands_and_is_never_frozen() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = order_of(&product, 1);
    world.gateway.will([Say::Unknown]);
    let order = world.order("k", &body).await.is(202);
    world.order("k", &body).await.is(202);

    *world.gateway.sees.lock() = Some(payonce_domain::payment::evidence::Verdict::Approved);
    let payment = order["payment"]["id"].as_str().expect("an id");
    let path = format!("/v1/payments/{payment}/check");
    let checked = world.call(Method::POST, &path, &world.buyer, &[], "").await.is(200);
    assert_eq!(checked["status"], "paid");
    assert_eq!(world.order("k", &body).await.is(201)["status"], "completed");
    assert_eq!(world.order("k", &body).await.header("idempotent-replayed"), "true");
    assert_eq!(world.gateway.charges(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_frozen_while_an_earlier_attempt_may_surface() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    world.gateway.will([Say::Unknown, Say::Decline(ProblemCode::LimitExceeded)]);
    let order = world.order("first", &order_of(&product, 1)).await.is(202);
    let surfacing = order["payment"]["last_attempt"]["gateway_order_id"].as_str().expect("an id");
    let order = order["id"].as_str().expect("an id");
    for _absence in 0..2 {
        world.move_on(Duration::from_mins(3));
        world.work().await;
    }
    let again = json!({"payment": payment()});
    world.pay("second", order, &again).await.refused(402, "LIMIT_EXCEEDED");
    world.order("first", &order_of(&product, 1)).await.refused(402, "LIMIT_EXCEEDED");

    *world.gateway.sees.lock() = Some(payonce_domain::payment::evidence::Verdict::Approved);
    let callback = format!(r#"{{"orderId":"{surfacing}"}}"#);
    world.call(Method::POST, "/api/v1/payments/callback", "", &[], callback).await;
    world.until(|world| world.engine.busy() == 0).await;
    assert_eq!(world.order("first", &order_of(&product, 1)).await.is(201)["status"], "completed");
    assert_eq!(world.pay("second", order, &again).await.is(201)["status"], "completed");
}

#[tokio::test]
async fn many_repeats_at_once_make_one_order() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = order_of(&product, 1);
    let calls = (0..16).map(|_| world.order("k", &body));
    let answers = futures_util::future::join_all(calls).await;
    for answer in &answers {
        assert!(matches!(answer.status.as_u16(), 201 | 409), "{}", answer.text);
    }
    assert!(answers.iter().any(|answer| answer.status == 201));
    assert_eq!(world.gateway.charges(), 1);
}

#[tokio::test]
async fn a_key_is_required() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = order_of(&product, 1);
    let answer = world.post("/v1/orders", &world.buyer, &body).await;
    answer.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    world.order("two words", &body).await.refused(400, "IDEMPOTENCY_KEY_INVALID");
    assert_eq!(world.gateway.charges(), 0);
}

#[tokio::test]
async fn a_caller_that_hangs_up_at_once_has_ordered_all_the_same_and_a_repeat_tells() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = order_of(&product, 1);
    let hung_up = tokio::time::timeout(Duration::ZERO, world.order("k", &body)).await;
    assert!(hung_up.is_err(), "it answered before it could be left");
    world.until(|world| world.gateway.charges() == 1 && world.engine.busy() == 0).await;
    assert_eq!(world.order("k", &body).await.is(201)["status"], "completed");
    assert_eq!(world.gateway.charges(), 1);
}
