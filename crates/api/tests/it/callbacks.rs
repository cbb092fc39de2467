//! Gateways calling back.

use axum::http::Method;
use payonce_domain::payment::evidence::Verdict;

use crate::{
    gateway::Say,
    world::{World, order_of},
};

const PATH: &str = "/api/v1/payments/callback";

#[tokio::test]
async fn a_callback_makes_us_ask_and_its_words_prove_nothing() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    world.gateway.will([Say::Accept]);
    let order = world.order("k", &order_of(&product, 1)).await.is(202);
    let gateway_order_id = order["payment"]["last_attempt"]["gateway_order_id"].as_str();
    let body = format!(
        r#"{{"transactionKey":"x","orderId":"{}","status":"SUCCESS","amount":1}}"#,
        gateway_order_id.expect("an id")
    );
    let path = format!("/v1/orders/{}", order["id"].as_str().expect("an id"));

    *world.gateway.sees.lock() = Some(Verdict::Pending);
    let answer = world.call(Method::POST, PATH, "", &[], body.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    world.until(|world| world.engine.busy() == 0).await;
    assert_eq!(world.get(&path, &world.buyer).await.is(200)["status"], "pending");

    *world.gateway.sees.lock() = Some(Verdict::Approved);
    for _twice in 0..2 {
        world.call(Method::POST, PATH, "", &[], body.clone()).await;
        world.until(|world| world.engine.busy() == 0).await;
        assert_eq!(world.get(&path, &world.buyer).await.is(200)["status"], "completed");
    }
}

#[tokio::test]
async fn a_callback_about_what_the_gateway_said_it_never_made_makes_us_ask() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    world.gateway.will([Say::NotCreated]);
    let problem =
        world.order("k", &order_of(&product, 1)).await.refused(503, "GATEWAY_UNAVAILABLE");
    let path = format!("/v1/payments/{}", problem["payment"]["id"].as_str().expect("an id"));
    let payment = world.get(&path, &world.buyer).await.is(200);
    let gateway_order_id = payment["last_attempt"]["gateway_order_id"].as_str().expect("an id");

    *world.gateway.sees.lock() = Some(Verdict::Approved);
    let body = format!(r#"{{"orderId":"{gateway_order_id}"}}"#);
    world.call(Method::POST, PATH, "", &[], body).await;
    world.until(|world| world.engine.busy() == 0).await;
    let payment = world.get(&path, &world.buyer).await.is(200);
    assert_eq!(payment["status"], "paid", "the charge is known, and what it pays was still there");
}

#[tokio::test]
async fn a_callback_that_is_none_of_ours_is_taken_and_forgotten() {
    let world = World::new().await;
    for body in ["", "nonsense", "{}", r#"{"orderId":"999999"}"#, r#"{"orderId":"' OR 1=1"}"#] {
        let answer = world.call(Method::POST, PATH, "", &[], body).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""), "{body}");
    }
    let large = "x".repeat(65 * 1024);
    world.call(Method::POST, PATH, "", &[], large).await.refused(413, "BODY_TOO_LARGE");
}
