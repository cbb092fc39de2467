//! What surrounds every call: ids, languages, sizes, load, health.

use std::sync::atomic::Ordering;

use axum::http::Method;
use serde_json::json;

use crate::world::{World, order_of};

#[tokio::test]
async fn every_answer_carries_a_request_id_and_protective_headers() {
    let world = World::new().await;
    for path in ["/livez", "/v1/products", "/nowhere", "/v1/orders"] {
        let headers = [("x-request-id", "from-the-caller.1")];
        let answer = world.call(Method::GET, path, "", &headers, "").await;
        assert_eq!(answer.header("x-request-id"), "from-the-caller.1", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let long = "x".repeat(200);
    for wrong in ["two words", "<script>", long.as_str()] {
        let answer = world.call(Method::GET, "/nowhere", "", &[("x-request-id", wrong)], "").await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{wrong}");
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    let world = World::new().await;
    for path in ["/", "/nowhere", "/v1", "/v1/orders/a/b/c", "/v1/products/%ff", "/v1/orders/%00"] {
        let answer = world.get(path, "").await;
        assert!(matches!(answer.status.as_u16(), 401 | 404), "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
    let answer = world.call(Method::DELETE, "/v1/orders", "", &[], "").await;
    answer.refused(405, "METHOD_NOT_ALLOWED");
    assert!(answer.header("allow").contains("POST"));
    world.call(Method::PUT, "/livez", "", &[], "").await.refused(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn problems_speak_korean_to_those_who_read_it() {
    let world = World::new().await;
    let korean = [("accept-language", "ko-KR,ko;q=0.9,en;q=0.8")];
    let answer = world.call(Method::GET, "/v1/orders", "", &korean, "").await;
    let problem = answer.refused(401, "UNAUTHENTICATED");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("로그인")), "{problem}");
    assert_eq!(answer.header("content-language"), "ko");
    let english = world.get("/v1/orders", "").await.refused(401, "UNAUTHENTICATED");
    assert!(english["detail"].as_str().is_some_and(|text| text.starts_with("Sign in")));
}

#[tokio::test]
async fn a_megabyte_is_refused_whether_or_not_it_says_so() {
    let world = World::new().await;
    let large = "x".repeat(1024 * 1024);
    let said = [("content-length", "1048576"), ("idempotency-key", "k")];
    let answer = world.call(Method::POST, "/v1/orders", &world.buyer, &said, large.clone()).await;
    answer.refused(413, "BODY_TOO_LARGE");
    let unsaid = [("idempotency-key", "k")];
    let answer = world.call(Method::POST, "/v1/orders", &world.buyer, &unsaid, large).await;
    answer.refused(413, "BODY_TOO_LARGE");
}

#[tokio::test]
async fn without_a_seat_a_call_is_refused_but_health_and_callbacks_are_answered() {
    let mut world = World::new().await;
    world.router = shut(&world);
    let answer = world.get("/v1/products", "").await;
    answer.refused(503, "OVERLOADED");
    assert_eq!(answer.header("retry-after"), "1");
    let page = world.get("/pay/pay_1", "").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (503, "text/html; charset=utf-8")
    );
    world.get("/livez", "").await.is(200);
    world.get("/readyz", "").await.is(200);
    let callback = "/api/v1/payments/callback";
    assert_eq!(world.post(callback, "", &json!({})).await.status, 200);
}

/// The same shop with no seats at all.
fn shut(world: &World) -> axum::Router {
    let callback = payonce_api::Callback {
        path: "/api/v1/payments/callback",
        gateway: payonce_domain::gateway::GatewayName::new(crate::gateway::NAME),
        order_id: payonce_gateways::pg_simulator::callback::order_id,
    };
    let secret = "a secret".to_owned().into();
    let mut settings = payonce_api::ApiSettings::new(secret, "", Vec::new(), vec![callback]);
    settings.calls_at_once = 0;
    payonce_api::router(world.engine.clone(), settings)
}

#[tokio::test]
async fn health_tells_what_the_shop_rests_on() {
    let world = World::new().await;
    assert_eq!(world.get("/livez", "").await.is(200)["status"], "UP");
    let health = world.get("/actuator/health", "").await.is(200);
    assert_eq!(health["status"], "UP");
    assert_eq!(health["components"]["db"]["status"], "UP");
    *world.gateway.refuses.lock() = true;
    let health = world.get("/actuator/health", "").await.is(200);
    assert_eq!(health["components"]["gateways"]["details"]["scripted"], "DOWN");
    let gateways = world.get("/v1/ops/gateways", &world.operator).await.is(200);
    assert_eq!(gateways["data"][1]["name"], "scripted");
    assert_eq!(gateways["data"][1]["takes_charges"], false);
    let _finished = world.engine.stop(std::time::Duration::ZERO).await;
    assert_eq!(world.get("/readyz", "").await.status, 503);
}

#[tokio::test]
async fn a_panic_is_a_problem_of_its_own_call_and_of_no_other() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    world.gateway.panics.store(true, Ordering::Relaxed);
    let answer = world.order("k", &order_of(&product, 1)).await;
    let problem = answer.refused(500, "INTERNAL_ERROR");
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    assert!(!answer.text.contains("script"), "no inner words: {}", answer.text);
    world.gateway.panics.store(false, Ordering::Relaxed);
    world.order("k", &order_of(&product, 1)).await.is(201);
}
