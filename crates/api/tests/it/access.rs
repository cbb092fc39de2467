//! Who may see and do what.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::world::{World, order_of};

#[tokio::test]
async fn a_foreign_id_answers_like_a_missing_one() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let order = world.order("k", &order_of(&product, 1)).await.is(201);
    let (id, payment) =
        (order["id"].as_str().expect("id"), order["payment"]["id"].as_str().expect("id"));
    let missing = "0".repeat(26);
    for (method, path, code) in [
        (Method::GET, "/v1/orders/{o}", "ORDER_NOT_FOUND"),
        (Method::POST, "/v1/orders/{o}/cancel", "ORDER_NOT_FOUND"),
        (Method::GET, "/v1/payments/{p}", "PAYMENT_NOT_FOUND"),
        (Method::GET, "/v1/payments/{p}/timeline", "PAYMENT_NOT_FOUND"),
        (Method::POST, "/v1/payments/{p}/check", "PAYMENT_NOT_FOUND"),
    ] {
        let foreign = path.replace("{o}", id).replace("{p}", payment);
        let absent = path
            .replace("{o}", &format!("ord_{missing}"))
            .replace("{p}", &format!("pay_{missing}"));
        let request = [("x-request-id", "same")];
        let foreign = world.call(method.clone(), &foreign, &world.stranger, &request, "").await;
        let absent = world.call(method.clone(), &absent, &world.stranger, &request, "").await;
        foreign.refused(404, code);
        assert_eq!(foreign.text, absent.text);
        let nonsense = path.replace("{o}", "nonsense").replace("{p}", "nonsense");
        world.call(method, &nonsense, &world.stranger, &[], "").await.refused(404, code);
    }
    let listed = world.get("/v1/orders", &world.stranger).await.is(200);
    assert_eq!(listed["data"], json!([]));
    for token in [&world.buyer, &world.operator, &world.shop] {
        world.get(&format!("/v1/orders/{id}"), token).await.is(200);
        let listed = world.get("/v1/orders", token).await.is(200);
        assert_eq!(listed["data"][0]["id"], id);
    }
}

#[tokio::test]
async fn only_the_shop_changes_the_catalogue_and_sees_operations() {
    let world = World::new().await;
    let body = json!({"kind": "course", "name": "Rust", "price": 0, "stock": 3});
    world.post("/v1/products", "", &body).await.refused(401, "UNAUTHENTICATED");
    world.post("/v1/products", &world.buyer, &body).await.refused(403, "FORBIDDEN");
    let product = world.post("/v1/products", &world.shop, &body).await.is(201);
    let path = format!("/v1/products/{}", product["id"].as_str().expect("an id"));
    let change = json!({"price": 500, "stock": 8, "on_sale": false}).to_string();
    let patch = |token: String| world.call(Method::PATCH, &path, leak(token), &[], change.clone());
    patch(world.buyer.clone()).await.refused(403, "FORBIDDEN");
    let changed = patch(world.operator.clone()).await.is(200);
    assert_eq!((&changed["price"], &changed["stock"]), (&500.into(), &8.into()));
    assert_eq!(changed["on_sale"], false);
    for path in ["gateways", "incidents", "obligations", "invariants"] {
        let path = format!("/v1/ops/{path}");
        world.get(&path, "").await.refused(401, "UNAUTHENTICATED");
        world.get(&path, &world.buyer).await.refused(403, "FORBIDDEN");
        world.get(&path, &world.operator).await.is(200);
        world.get(&path, &world.shop).await.is(200);
    }
    let checked = world.get("/v1/ops/invariants", &world.operator).await.is(200);
    assert_eq!(checked["holds"], true);
}

fn leak(token: String) -> &'static str {
    Box::leak(token.into_boxed_str())
}

#[tokio::test]
async fn a_shop_names_the_buyer_and_a_buyer_cannot_name_another() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let headers = [("idempotency-key", "k")];
    let mut body = order_of(&product, 1);
    let shop = |body: String| world.call(Method::POST, "/v1/orders", &world.shop, &headers, body);
    assert_eq!(shop(body.to_string()).await.refused(400, "INVALID_REQUEST")["param"], "buyer");
    body["buyer"] = json!(format!("usr_{}", "0".repeat(26)));
    assert_eq!(shop(body.to_string()).await.refused(400, "INVALID_REQUEST")["param"], "buyer");
    let answer = world.order("k", &body).await;
    assert_eq!(answer.refused(400, "INVALID_REQUEST")["errors"][0]["code"], "NOT_ALLOWED");
    body["buyer"] = json!(world.buyer_id);
    let order = shop(body.to_string()).await.is(201);
    assert_eq!(order["buyer"], world.buyer_id);
}

#[tokio::test]
async fn credentials_that_are_wrong_or_out_of_date_are_nobodys() {
    let world = World::new().await;
    for token in ["nonsense", "test_sk_0000", "live_sk_0000"] {
        let answer = world.get("/v1/orders", token).await;
        answer.refused(401, "UNAUTHENTICATED");
        assert!(!answer.header("www-authenticate").is_empty());
    }
    world.move_on(Duration::from_mins(61));
    world.get("/v1/orders", &world.buyer).await.refused(401, "UNAUTHENTICATED");
    world.get("/v1/orders", &world.shop).await.is(200);
}

#[tokio::test]
async fn signing_up_and_in_tells_nothing_about_others() {
    let world = World::new().await;
    let sign_up = json!({"email": "Buyer@Example.com", "password": "another password"});
    world.post("/v1/auth/signup", "", &sign_up).await.refused(409, "EMAIL_TAKEN");
    for (email, password) in
        [("buyer@example.com", "wrong password"), ("nobody@example.com", "a long password")]
    {
        let body = json!({"email": email, "password": password});
        world.post("/v1/auth/login", "", &body).await.refused(401, "INVALID_CREDENTIALS");
    }
    let body = json!({"email": "BUYER@example.com", "password": "a long password"});
    let signed_in = world.post("/v1/auth/login", "", &body).await.is(200);
    assert_eq!(signed_in["token_type"], "Bearer");
    assert_eq!(signed_in["expires_in"], 3_600);
    assert_eq!(signed_in["user"]["role"], "buyer");
    for (field, body) in [
        ("email", json!({"email": "nonsense", "password": "a long password"})),
        ("password", json!({"email": "new@example.com", "password": "short"})),
    ] {
        let answer = world.post("/v1/auth/signup", "", &body).await;
        assert_eq!(answer.refused(400, "INVALID_REQUEST")["param"], field);
    }
    let body =
        json!({"email": "new@example.com", "password": "a long password", "role": "operator"});
    world.post("/v1/auth/signup", "", &body).await.refused(400, "UNKNOWN_FIELD");
}
