//! Bad input: refused by name, with nothing done and no card repeated.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::{CARD, World, order_of};

#[tokio::test]
async fn each_wrong_field_is_named() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let many: Vec<_> = (0..101).map(|_| json!({"product_id": product, "quantity": 1})).collect();
    for (pointer, value, param, code) in [
        ("/items/0/quantity", json!(0), "items[0].quantity", "OUT_OF_RANGE"),
        ("/items/0/quantity", json!(-3), "items[0].quantity", "OUT_OF_RANGE"),
        ("/items/0/quantity", json!(10_001), "items[0].quantity", "OUT_OF_RANGE"),
        ("/items/0/quantity", json!(1.5), "items[0].quantity", "WRONG_TYPE"),
        ("/items/0/quantity", json!("1"), "items[0].quantity", "WRONG_TYPE"),
        ("/items/0/product_id", json!("prd_1"), "items[0].product_id", "NOT_AN_ID"),
        ("/items/0/product_id", json!(7), "items[0].product_id", "WRONG_TYPE"),
        ("/items", json!([]), "items", "WRONG_COUNT"),
        ("/items", json!(many), "items", "WRONG_COUNT"),
        ("/items", Value::Null, "items", "MISSING"),
        ("/payment", Value::Null, "payment", "MISSING"),
        ("/payment/method", json!("toss"), "payment.method", "NOT_POSSIBLE"),
        ("/payment/method", json!("cash"), "payment.method", "NOT_POSSIBLE"),
        ("/payment/card", Value::Null, "payment.card", "MISSING"),
        ("/payment/card/company", json!("VISA"), "payment.card.company", "NOT_POSSIBLE"),
        ("/payment/card/number", json!("1234-1451"), "payment.card.number", "NOT_A_CARD_NUMBER"),
        (
            "/payment/card/number",
            json!(1_234_567_898_141_451_i64),
            "payment.card.number",
            "WRONG_TYPE",
        ),
        ("/payment/card/company", json!(CARD), "payment.card.company", "NOT_POSSIBLE"),
        ("/payment/card/instalments", json!(99), "payment.card.instalments", "OUT_OF_RANGE"),
        ("/payment/points", json!(5), "payment.points", "NOT_POSSIBLE_YET"),
        ("/payment/coupon", json!("WELCOME"), "payment.coupon", "NOT_POSSIBLE_YET"),
        ("/payment/gateway", json!("nowhere"), "payment.gateway", "NOT_ALLOWED"),
        ("/metadata", json!([1]), "metadata", "WRONG_TYPE"),
        ("/metadata", json!({"note": "x".repeat(5_000)}), "metadata", "WRONG_LENGTH"),
    ] {
        let mut body = full(&product);
        *body.pointer_mut(pointer).expect(pointer) = value;
        let problem = world.order("k", &body).await.refused(400, "INVALID_REQUEST");
        assert_eq!(problem["param"], param, "{pointer}: {problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{pointer}: {problem}");
    }
    assert_eq!(world.gateway.charges(), 0);
    world.order("k", &full(&product)).await.is(201);
}

fn full(product: &str) -> Value {
    let mut body = order_of(product, 1);
    body["payment"]["card"]["instalments"] = json!(0);
    body["payment"]["points"] = json!(0);
    body["payment"]["coupon"] = Value::Null;
    body["payment"]["gateway"] = Value::Null;
    body["metadata"] = json!({"note": "한글", "nested": {"n": 1.5}});
    body
}

#[tokio::test]
async fn unknown_fields_are_refused_by_name_wherever_they_are() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    for (object, param) in [
        ("", "extra"),
        ("/items/0", "items[0].extra"),
        ("/payment", "payment.extra"),
        ("/payment/card", "payment.card.extra"),
    ] {
        let mut body = full(&product);
        body.pointer_mut(object).expect(object)["extra"] = json!(CARD);
        let problem = world.order("k", &body).await.refused(400, "UNKNOWN_FIELD");
        assert_eq!(problem["param"], param);
    }
    let mut body = full(&product);
    body["payment"]["card"][CARD] = json!(1);
    world.order("k", &body).await.refused(400, "UNKNOWN_FIELD");
}

#[tokio::test]
async fn what_is_not_one_json_object_is_refused() {
    let world = World::new().await;
    for (body, code) in [
        ("", "MALFORMED_JSON"),
        ("{\"items\":", "MALFORMED_JSON"),
        ("{\"metadata\":{},\"metadata\":{}}", "MALFORMED_JSON"),
        ("\u{0}", "MALFORMED_JSON"),
        ("1234-5678-9814-1451", "MALFORMED_JSON"),
        ("[]", "INVALID_REQUEST"),
        ("null", "INVALID_REQUEST"),
    ] {
        let headers = [("idempotency-key", "k")];
        let answer = world.call(Method::POST, "/v1/orders", &world.buyer, &headers, body).await;
        answer.refused(400, code);
    }
}

#[tokio::test]
async fn lists_are_walked_by_cursor_and_refuse_nonsense() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(world.product(1_000, 1).await);
    }
    expected.sort();
    let (mut seen, mut path) = (Vec::new(), "/v1/products?limit=2".to_owned());
    loop {
        let page = world.get(&path, "").await.is(200);
        let ids = page["data"].as_array().expect("data").iter();
        seen.extend(ids.map(|product| product["id"].as_str().expect("an id").to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(page["has_more"], false);
            break;
        };
        path = format!("/v1/products?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);
    for (query, code) in [
        ("limit=0", "INVALID_REQUEST"),
        ("limit=101", "INVALID_REQUEST"),
        ("limit=x", "INVALID_REQUEST"),
        ("cursor=ord_1", "INVALID_REQUEST"),
        ("page=2", "UNKNOWN_FIELD"),
    ] {
        world.get(&format!("/v1/products?{query}"), "").await.refused(400, code);
    }
}
