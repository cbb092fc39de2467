//! Keys, headers, rate limits and the test code: what stands before every call, §1 and §9.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::world::{MINUTE_MS, ORDER, World, basic, confirmation, pass_ms};

#[tokio::test(start_paused = true)]
async fn the_secret_key_needs_its_colon() {
    let world = World::start();
    let cases = [
        (Some("test_sk_payonce_simulator:"), 404, "NOT_FOUND_PAYMENT"),
        (Some("test_sk_payonce_simulator"), 403, "INCORRECT_BASIC_AUTH_FORMAT"),
        (Some("test_sk_someone_else:"), 401, "UNAUTHORIZED_KEY"),
        (Some("test_ck_payonce_simulator:"), 400, "INVALID_API_KEY"),
        (None, 401, "UNAUTHORIZED_KEY"),
    ];
    for (credentials, status, code) in cases {
        let mut request = Request::get("/v1/payments/tgen_unknown");
        if let Some(credentials) = credentials {
            request = request.header("authorization", basic(credentials));
        }
        let answer = world.call(request.body(Body::empty()).unwrap()).await;
        answer.refused(status, code);
        assert_eq!(answer.header("x-tosspayments-trace-id").unwrap().len(), 32);
    }
}

#[tokio::test(start_paused = true)]
async fn a_test_code_answers_before_the_payment_is_looked_up() {
    let world = World::start();
    for (code, status) in [
        ("REJECT_CARD_PAYMENT", 403),
        ("ALREADY_PROCESSED_PAYMENT", 400),
        ("COMMON_ERROR", 500),
        ("IDEMPOTENT_REQUEST_PROCESSING", 409),
    ] {
        let body = confirmation("dummy", ORDER, 1);
        let headers = [("TossPayments-Test-Code", code)];
        world.post("/v1/payments/confirm", body, &headers).await.refused(status, code);
    }
    let unknown = [("TossPayments-Test-Code", "NO_SUCH_CODE")];
    let answer = world.post("/v1/billing/any", json!({}), &unknown).await;
    answer.refused(400, "INVALID_TEST_CODE");
}

#[tokio::test(start_paused = true)]
async fn a_live_key_ignores_the_test_code() {
    let world = World::with(json!({"secretKey": "live_sk_payonce_simulator"}));
    let request = Request::post("/v1/payments/confirm")
        .header("authorization", basic("live_sk_payonce_simulator:"))
        .header("tosspayments-test-code", "COMMON_ERROR")
        .body(Body::from(confirmation("tgen_unknown", ORDER, 100).to_string()))
        .unwrap();
    world.call(request).await.refused(404, "NOT_FOUND_PAYMENT");
}

#[tokio::test(start_paused = true)]
async fn a_call_above_the_limit_is_not_carried_out_and_the_next_minute_is_another() {
    let world = World::with(json!({"rateLimit": {"perMinute": 2, "withoutBody": 50}}));
    let key = world.authenticated(ORDER);
    for _ in 0..2 {
        world.confirm("tgen_unknown", ORDER, 15_000).await.refused(404, "NOT_FOUND_PAYMENT");
    }
    let mut bare = 0;
    for _ in 0..20 {
        let answer = world.confirm(&key, ORDER, 15_000).await;
        assert_eq!(answer.status, Some(StatusCode::TOO_MANY_REQUESTS));
        if answer.text.is_empty() {
            bare += 1;
        } else {
            answer.refused(429, "TOO_MANY_REQUESTS");
        }
    }
    assert!((1..20).contains(&bare), "{bare} without a body");
    assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS", "queries count apart");
    pass_ms(MINUTE_MS).await;
    assert_eq!(world.confirm(&key, ORDER, 15_000).await.ok()["status"], "DONE");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_path_is_refused_in_the_same_form() {
    World::start().get("/v1/nothing").await.refused(404, "NOT_FOUND");
}
