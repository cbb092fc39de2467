//! Placing and paying in one call, and how each end is told.

use std::time::Duration;

use payonce_domain::payment::ProblemCode;
use payonce_ports::clock::Clock as _;

use crate::{
    gateway::Say,
    world::{World, order_of},
};

#[tokio::test]
async fn an_order_approved_at_once_is_created_complete_and_tells_its_history() {
    let world = World::new().await;
    let product = world.product(12_000, 5).await;
    let answer = world.order("k", &order_of(&product, 2)).await;
    let order = answer.is(201);
    assert_eq!(order["object"], "order");
    assert_eq!(order["status"], "completed");
    assert_eq!((&order["total"], &order["currency"]), (&24_000.into(), &"KRW".into()));
    assert_eq!(order["lines"][0]["amount"], 24_000);
    assert_eq!(order["payment"]["status"], "paid");
    assert_eq!(order["payment"]["tries"], 1);
    assert_eq!(order["next_step"]["who"], "nobody");
    assert_eq!(order["created_at"], "2026-11-18T11:06:40Z");
    let id = order["id"].as_str().expect("an id");
    assert_eq!(answer.header("location"), format!("/v1/orders/{id}"));

    let read = world.get(&format!("/v1/orders/{id}"), &world.buyer).await.is(200);
    assert_eq!(read, order);
    let payment = order["payment"]["id"].as_str().expect("an id");
    let path = format!("/v1/payments/{payment}/timeline");
    let timeline = world.get(&path, &world.buyer).await.is(200);
    let entries = timeline["data"].as_array().expect("entries");
    assert_eq!(entries[0]["cause"], "placed");
    assert_eq!(entries[1]["cause"], "evidence");
    assert_eq!(entries[1]["source"], "response");
    assert!(entries[1]["facts"][0]["text"].as_str().is_some_and(|text| text.contains("approved")));
    let product = world.get(&format!("/v1/products/{product}"), "").await.is(200);
    assert_eq!(product["stock"], 3);
}

#[tokio::test]
async fn an_accepted_order_is_202_with_where_and_when_to_ask_again() {
    let world = World::new().await;
    let product = world.product(1_000, 1).await;
    world.gateway.will([Say::Accept]);
    let answer = world.order("k", &order_of(&product, 1)).await;
    let order = answer.is(202);
    assert_eq!(order["status"], "pending");
    assert_eq!(order["payment"]["status"], "processing");
    assert_eq!(order["payment"]["last_attempt"]["state"], "accepted");
    assert_eq!(order["next_step"]["who"], "gateway");
    assert!(answer.header("location").starts_with("/v1/orders/ord_"));
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
}

#[tokio::test]
async fn an_unreadable_answer_is_in_doubt_and_says_not_to_pay_again() {
    let world = World::new().await;
    let product = world.product(1_000, 1).await;
    world.gateway.will([Say::Unknown]);
    let order = world.order("k", &order_of(&product, 1)).await.is(202);
    assert_eq!(order["payment"]["last_attempt"]["state"], "unknown");
    assert_eq!(order["last_error"]["code"], "NO_ANSWER");
    assert_eq!(order["next_step"]["who"], "payonce");
    let text = order["next_step"]["text"].as_str().expect("a sentence");
    assert!(text.contains("Do not pay again"), "{text}");
    assert!(order["next_step"]["at"].is_string());
}

#[tokio::test]
async fn a_silent_gateway_is_waited_for_two_seconds() {
    let world = World::new().await;
    let product = world.product(1_000, 1).await;
    world.gateway.will([Say::WhenReleased(Box::new(Say::Approve))]);
    let body = order_of(&product, 1);
    let started = world.clock.now();
    let answer = tokio::select! {
        answer = world.order("k", &body) => answer,
        () = world.time_goes_on() => unreachable!("time has no end"),
    };
    let waited = world.clock.now().since(started);
    assert!(waited >= Duration::from_secs(2), "{waited:?}");
    assert_eq!(answer.is(202)["payment"]["last_attempt"]["state"], "sent");
}

#[tokio::test]
async fn respond_async_answers_as_soon_as_the_order_is_durable() {
    let world = World::new().await;
    let product = world.product(1_000, 1).await;
    world.gateway.will([Say::WhenReleased(Box::new(Say::Approve))]);
    let prefer = [("prefer", "respond-async")];
    let answer = world.order_with("k", &order_of(&product, 1), &prefer).await;
    answer.is(202);
    assert_eq!(answer.header("preference-applied"), "respond-async");
}

#[tokio::test]
async fn wait_answers_when_the_payment_is_decided() {
    let world = World::new().await;
    let product = world.product(1_000, 1).await;
    world.gateway.will([Say::WhenReleased(Box::new(Say::Approve))]);
    let body = order_of(&product, 1);
    let ordering = world.order_with("k", &body, &[("prefer", "wait=90")]);
    let releasing = async {
        world.until(|world| world.gateway.charges() == 1).await;
        world.gateway.release.notify_one();
    };
    let (answer, ()) = tokio::join!(ordering, releasing);
    answer.is(201);
    assert_eq!(answer.header("preference-applied"), "wait=30", "capped");
}

#[tokio::test]
async fn a_decline_is_402_with_its_code_and_keeps_the_order_open() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    for (key, code) in [
        ("a", ProblemCode::LimitExceeded),
        ("b", ProblemCode::InvalidCard),
        ("c", ProblemCode::DeclinedOther),
    ] {
        world.gateway.will([Say::Decline(code)]);
        let answer = world.order(key, &order_of(&product, 1)).await;
        let problem = answer.refused(402, payonce_domain::words::Word::word(code));
        assert_eq!(problem["order"]["status"], "pending");
        assert_eq!(problem["payment"]["status"], "created");
        assert_eq!(problem["order"]["next_step"]["who"], "buyer");
        assert!(problem["detail"].as_str().is_some_and(|text| !text.contains('{')), "{problem}");
    }
}

#[tokio::test]
async fn sold_out_and_unknown_products_hold_nothing() {
    let world = World::new().await;
    let product = world.product(1_000, 2).await;
    let problem = world.order("a", &order_of(&product, 3)).await.refused(409, "SOLD_OUT");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("Only 2")));
    let missing = format!("prd_{}", "0".repeat(26));
    world.order("b", &order_of(&missing, 1)).await.refused(404, "PRODUCT_NOT_FOUND");
    let product = world.get(&format!("/v1/products/{product}"), "").await.is(200);
    assert_eq!(product["stock"], 2);
    assert_eq!(world.gateway.charges(), 0);
}

#[tokio::test]
async fn a_gateway_that_made_nothing_ends_the_order_and_says_so() {
    let world = World::new().await;
    let product = world.product(1_000, 2).await;
    world.gateway.will([Say::NotCreated, Say::Rejected]);
    let answer = world.order("a", &order_of(&product, 1)).await;
    let problem = answer.refused(503, "GATEWAY_UNAVAILABLE");
    assert_eq!(problem["order"]["status"], "failed");
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
    world.order("b", &order_of(&product, 1)).await.refused(402, "PAYMENT_REJECTED");
    let product = world.get(&format!("/v1/products/{product}"), "").await.is(200);
    assert_eq!(product["stock"], 2, "holds are back");
}

#[tokio::test]
async fn a_gateway_that_refuses_beforehand_leaves_no_trace_and_the_key_free() {
    let world = World::new().await;
    let product = world.product(1_000, 2).await;
    *world.gateway.refuses.lock() = true;
    let answer = world.order("k", &order_of(&product, 1)).await;
    let problem = answer.refused(503, "GATEWAY_UNAVAILABLE");
    assert!(problem.get("order").is_none());
    assert_eq!(answer.header("retry-after"), "7");
    *world.gateway.refuses.lock() = false;
    world.order("k", &order_of(&product, 1)).await.is(201);
}

#[tokio::test]
async fn an_open_order_can_be_cancelled_and_a_paid_one_cannot() {
    let world = World::new().await;
    let product = world.product(1_000, 2).await;
    world.gateway.will([Say::Decline(ProblemCode::InvalidCard)]);
    let open = world.order("a", &order_of(&product, 1)).await.json();
    let path = format!("/v1/orders/{}/cancel", open["order"]["id"].as_str().expect("an id"));
    for _twice in 0..2 {
        let cancelled = world.post(&path, &world.buyer, &serde_json::json!({})).await.is(200);
        assert_eq!(cancelled["status"], "cancelled");
    }
    let paid = world.order("b", &order_of(&product, 1)).await.is(201);
    let path = format!("/v1/orders/{}/cancel", paid["id"].as_str().expect("an id"));
    let answer = world.post(&path, &world.buyer, &serde_json::json!({})).await;
    assert_eq!(answer.refused(409, "REFUND_NOT_POSSIBLE")["order"]["status"], "completed");
}
