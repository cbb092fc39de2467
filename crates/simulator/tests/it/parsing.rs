//! Rules of §2, §4.1 and §7 beyond the vectors.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::world::{GENERIC, ORDER, World, calm, no_order, payment, payment_with};

const BROKEN: &str =
    "요청 본문을 처리하는 중 오류가 발생했습니다. JSON 메세지 규격을 확인해주세요.";

fn missing(field: &str) -> String {
    format!("필수 필드 '{field}'이(가) 누락되었습니다.")
}

fn not_a_number(value: &str) -> String {
    format!("필드 'amount'의 값 '{value}'이(가) 예상 타입(long)과 일치하지 않습니다. ")
}

#[tokio::test(start_paused = true)]
async fn bodies_that_cannot_be_read_say_why() {
    let world = World::calm();
    let card_type_before_syntax = r#"{"cardType":"visa","orderId":"#;
    let syntax_before_card_type = r#"{"orderId": , "cardType":"visa"}"#;
    let unknown_type = "필드 'cardType'의 값 'visa'이(가) 예상 타입(CardTypeDto)과 일치하지 않습니다. 사용 가능한 값 : [SAMSUNG, KB, HYUNDAI]";
    let rows: [(&str, String, String); 14] = [
        ("empty body", String::new(), BROKEN.to_owned()),
        ("half an object", "{".to_owned(), BROKEN.to_owned()),
        ("an array", "[]".to_owned(), BROKEN.to_owned()),
        ("nothing at all", "{}".to_owned(), missing("orderId")),
        ("null", payment_with("cardType", json!(null)), missing("cardType")),
        ("object for a text", payment_with("callbackUrl", json!({})), missing("callbackUrl")),
        ("array for a number", payment_with("amount", json!([1])), missing("amount")),
        ("text for a number", payment_with("amount", "much"), not_a_number("much")),
        ("fraction in a text", payment_with("amount", "5000.9"), not_a_number("5000.9")),
        ("too large", r#"{"amount":99999999999999999999}"#.to_owned(), BROKEN.to_owned()),
        ("too large a fraction", r#"{"amount":1e40}"#.to_owned(), BROKEN.to_owned()),
        ("type error first", card_type_before_syntax.to_owned(), unknown_type.to_owned()),
        ("syntax error first", syntax_before_card_type.to_owned(), BROKEN.to_owned()),
        (
            "type error before a missing field",
            r#"{"cardType":"visa"}"#.to_owned(),
            unknown_type.to_owned(),
        ),
    ];
    for (name, body, message) in rows {
        println!("{name}");
        world.post(&body).await.refused(400, &message);
    }
    assert_eq!(world.simulator.summary().counts.rejected400, 14);
    assert_eq!(world.simulator.summary().transactions, 0);
}

#[tokio::test(start_paused = true)]
async fn missing_fields_are_named_in_the_order_of_the_document() {
    let world = World::calm();
    let mut payment = payment(ORDER);
    for field in ["callbackUrl", "amount", "cardNo", "cardType", "orderId"] {
        payment.as_object_mut().unwrap().remove(field);
        world.post(&payment.to_string()).await.refused(400, &missing(field));
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_gateway_tolerates_is_accepted() {
    let world = World::calm();
    let rows = [
        ("unknown fields", payment_with("unknown", json!({"deep": [1]})), 5000),
        ("the idempotency field of a variant", payment_with("idempotencyKey", json!({})), 5000),
        ("a fraction is cut off", payment_with("amount", 5000.9), 5000),
        ("an exponent", payment_with("amount", json!(null)).replace("null", "5e3"), 5000),
        ("a number for a text", payment_with("orderId", 1_351_039_135), 5000),
        ("a bare prefix", payment_with("callbackUrl", "http://localhost:80801/x"), 5000),
        (
            "an address behind the prefix",
            payment_with("callbackUrl", "http://localhost:8080@other/x"),
            5000,
        ),
        ("text behind the object", format!("{} trailing", payment(ORDER)), 5000),
    ];
    for (name, body, amount) in rows {
        let answer = world.post(&body).await;
        assert_eq!(answer.data()["status"], "PENDING", "{name}");
        assert_eq!(
            world.simulator.books(None, 100).transactions.last().unwrap().amount,
            amount,
            "{name}"
        );
    }
    world.post(&payment_with("amount", 0.9)).await.refused(400, "결제금액은 양의 정수여야 합니다.");
}

#[tokio::test(start_paused = true)]
async fn an_empty_user_is_a_user() {
    let world = World::calm();
    assert_eq!(
        world.post_as(Some(""), &payment(ORDER).to_string()).await.data()["status"],
        "PENDING"
    );
    world.by_order(ORDER).await.refused(404, &no_order(ORDER));
    assert_eq!(
        world.get_as("", &format!("/api/v1/payments?orderId={ORDER}")).await.data()["orderId"],
        ORDER
    );
}

#[tokio::test(start_paused = true)]
async fn texts_longer_than_their_column_end_in_a_generic_error_and_no_transaction() {
    let world = World::calm();
    world.pay(&"7".repeat(256)).await.refused(500, GENERIC);
    let url = format!("http://localhost:8080/{}", "x".repeat(250));
    world.post(&payment_with("callbackUrl", url)).await.refused(500, GENERIC);
    assert_eq!(world.simulator.summary().transactions, 0);
    assert_eq!(world.pay(&"7".repeat(255)).await.data()["status"], "PENDING");
}

#[tokio::test(start_paused = true)]
async fn wrong_methods_types_and_paths_have_their_own_answers() {
    let world = World::start(calm());
    let request = |method: &str, path: &str| {
        Request::builder().method(method).uri(path).header("x-user-id", "u")
    };
    let call =
        |request: axum::http::request::Builder| world.call(request.body(Body::empty()).unwrap());
    call(request("DELETE", "/api/v1/payments")).await.refused(500, GENERIC);
    call(request("POST", "/api/v1/payments/20250816:TR:9577c5")).await.refused(500, GENERIC);
    call(request("GET", "/api/v1/payments")).await.refused(500, GENERIC);
    call(request("POST", "/api/v1/payments")).await.refused(500, GENERIC);
    call(request("POST", "/api/v1/payments").header("content-type", "text/plain"))
        .await
        .refused(500, GENERIC);
    call(request("GET", "/api/v1/refunds")).await.refused(404, "존재하지 않는 요청입니다.");
    call(Request::get("/api/v1/payments?orderId=1"))
        .await
        .refused(400, "유저 ID 헤더는 필수입니다.");
}
