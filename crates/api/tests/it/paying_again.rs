//! Paying an open order again.

use std::time::Duration;

use axum::http::Method;
use payonce_domain::payment::{ProblemCode, evidence::Verdict};
use serde_json::json;

use crate::{
    gateway::Say,
    world::{World, order_of, payment},
};

async fn declined(world: &World) -> String {
    let product = world.product(1_000, 9).await;
    world.gateway.will([Say::Decline(ProblemCode::LimitExceeded)]);
    let problem = world.order("first", &order_of(&product, 1)).await.refused(402, "LIMIT_EXCEEDED");
    problem["order"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_declined_order_is_paid_with_another_card_once() {
    let world = World::new().await;
    let order = declined(&world).await;
    let body = json!({"payment": payment()});
    let paid = world.pay("second", &order, &body).await;
    assert_eq!(paid.is(201)["payment"]["tries"], 2);
    let repeat = world.pay("second", &order, &body).await;
    assert_eq!((repeat.status, repeat.text), (paid.status, paid.text));
    assert_eq!(world.gateway.charges(), 2);
}

#[tokio::test]
async fn the_payment_may_also_be_the_whole_body() {
    let world = World::new().await;
    let order = declined(&world).await;
    let mut body = payment();
    body["card"]["company"] = json!("VISA");
    let problem = world.pay("a", &order, &body).await.refused(400, "INVALID_REQUEST");
    assert_eq!(problem["param"], "card.company");
    world.pay("a", &order, &payment()).await.is(201);
}

#[tokio::test]
async fn a_key_of_one_address_is_not_a_key_of_another() {
    let world = World::new().await;
    let order = declined(&world).await;
    let answer = world.pay("first", &order, &json!({"payment": payment()})).await;
    answer.refused(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn an_order_under_payment_or_ended_or_expired_is_not_paid_again() {
    let world = World::new().await;
    let order = declined(&world).await;
    let body = json!({"payment": payment()});
    world.gateway.will([Say::Accept]);
    world.pay("a", &order, &body).await.is(202);
    let answer = world.pay("b", &order, &body).await;
    assert_eq!(answer.refused(409, "PAYMENT_IN_PROGRESS")["retryable"], true);
    let path = format!("/v1/orders/{order}/cancel");
    let wished = world.post(&path, &world.buyer, &json!({})).await.is(202);
    assert!(wished["cancel_wished_at"].is_string(), "{wished}");

    let world = World::new().await;
    let order = declined(&world).await;
    world.pay("a", &order, &body).await.is(201);
    world.pay("b", &order, &body).await.refused(409, "ORDER_ENDED");

    let world = World::new().await;
    let order = declined(&world).await;
    world.move_on(Duration::from_mins(16));
    world.pay("a", &order, &body).await.refused(409, "ORDER_EXPIRED");
}

#[tokio::test]
async fn a_second_charge_that_surfaces_is_told_and_owed_back() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    world.gateway.will([Say::Unknown, Say::Approve]);
    let order = world.order("first", &order_of(&product, 1)).await.is(202);
    let surfacing = order["payment"]["last_attempt"]["gateway_order_id"].as_str().expect("an id");
    let order = order["id"].as_str().expect("an id");
    for _absence in 0..2 {
        world.move_on(Duration::from_mins(3));
        world.work().await;
    }
    world.pay("second", order, &json!({"payment": payment()})).await.is(201);
    *world.gateway.sees.lock() = Some(Verdict::Approved);
    let callback = format!(r#"{{"orderId":"{surfacing}"}}"#);
    world.call(Method::POST, "/api/v1/payments/callback", "", &[], callback).await;
    world.until(|world| world.engine.busy() == 0).await;

    let now = world.get(&format!("/v1/orders/{order}"), &world.buyer).await.is(200);
    assert_eq!((&now["status"], &now["payment"]["status"]), (&"completed".into(), &"paid".into()));
    assert_eq!(now["payment"]["refunds"][0]["purpose"], "compensation");
    assert_eq!(now["next_step"]["who"], "operator", "this gateway cannot give money back");
    let text = now["next_step"]["text"].as_str().expect("a sentence");
    assert!(text.contains("Another charge") && !text.contains("exactly once"), "{text}");
}
