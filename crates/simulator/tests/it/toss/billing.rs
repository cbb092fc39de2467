//! Billing keys, §4.5, and charges of a card number, §4.4.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use super::world::{Answer, ORDER, World, basic};

/// A published test number.
const CARD: &str = "9410001234567890";

fn card(number: &str) -> Value {
    json!({
        "customerKey": "cst_5d0e", "cardNumber": number, "cardExpirationYear": "30",
        "cardExpirationMonth": "12", "customerIdentityNumber": "900101", "cardPassword": "12",
    })
}

async fn issued(world: &World, number: &str) -> String {
    let answer = world.post("/v1/billing/authorizations/card", card(number), &[]).await.ok();
    answer["billingKey"].as_str().unwrap().to_owned()
}

async fn charge(world: &World, billing_key: &str, order_id: &str) -> Answer {
    let body = json!({
        "customerKey": "cst_5d0e", "amount": 9_900, "orderId": order_id, "orderName": "정기 구독",
    });
    world.post(&format!("/v1/billing/{billing_key}"), body, &[]).await
}

async fn delete(world: &World, billing_key: &str) -> Answer {
    let request = Request::delete(format!("/v1/billing/{}", billing_key.replace('=', "%3D")))
        .header("authorization", basic("test_sk_payonce_simulator:"));
    world.call(request.body(Body::empty()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn an_auth_key_gives_one_billing_key() {
    let world = World::start();
    let auth_key = world.simulator.authorize_billing("cst_5d0e");
    let issue = |customer_key: &str| {
        let body = json!({"authKey": auth_key, "customerKey": customer_key});
        let world = &world;
        async move { world.post("/v1/billing/authorizations/issue", body, &[]).await }
    };
    issue("cst_other").await.refused(400, "NOT_MATCHES_CUSTOMER_KEY");
    let billing = issue("cst_5d0e").await.ok();
    assert_eq!(billing["cardNumber"], "94100012****789*");
    assert_eq!(billing["card"]["number"], "94100012****789*");
    issue("cst_5d0e").await.refused(400, "INVALID_BILLING_AUTH");
    let unknown = json!({"authKey": "bln_unknown", "customerKey": "cst_5d0e"});
    let answer = world.post("/v1/billing/authorizations/issue", unknown, &[]).await;
    answer.refused(404, "NOT_FOUND_BILLING");
}

#[tokio::test(start_paused = true)]
async fn a_charge_is_done_at_once_and_no_webhook_tells_of_it() {
    let world = World::start();
    let billing_key = issued(&world, CARD).await;
    let payment = charge(&world, &billing_key, ORDER).await.ok();
    assert_eq!((&payment["status"], &payment["type"]), (&json!("DONE"), &json!("BILLING")));
    assert_eq!(payment["secret"].as_str().map(|secret| &secret[..3]), Some("ps_"));
    charge(&world, &billing_key, ORDER).await.refused(400, "DUPLICATED_ORDER_ID");
    assert!(world.received().await.is_empty());
    let key = payment["paymentKey"].as_str().unwrap();
    assert_eq!(world.query(key).await.ok(), payment);
    world.cancel(key, json!({})).await.ok();
    assert_eq!(world.statuses().await, ["CANCELED"]);
}

#[tokio::test(start_paused = true)]
async fn a_billing_key_belongs_to_its_customer_until_it_is_deleted() {
    let world = World::start();
    let billing_key = issued(&world, CARD).await;
    let foreign = json!({
        "customerKey": "cst_other", "amount": 9_900, "orderId": ORDER, "orderName": "정기 구독",
    });
    let answer = world.post(&format!("/v1/billing/{billing_key}"), foreign, &[]).await;
    answer.refused(400, "NOT_MATCHES_CUSTOMER_KEY");
    let deleted = delete(&world, &billing_key).await;
    assert_eq!((deleted.status.unwrap().as_u16(), deleted.text.as_str()), (200, ""));
    delete(&world, &billing_key).await.refused(400, "ALREADY_REMOVED_BILLING_KEY");
    let answer = charge(&world, &billing_key, ORDER).await;
    answer.refused(400, "ALREADY_REMOVED_BILLING_KEY");
    charge(&world, "unknown", ORDER).await.refused(400, "INVALID_BILL_KEY_REQUEST");
}

#[tokio::test(start_paused = true)]
async fn other_numbers_are_registered_and_never_charged() {
    let world = World::start();
    let billing_key = issued(&world, "4111111111111111").await;
    charge(&world, &billing_key, ORDER).await.refused(400, "NOT_SUPPORTED_CARD_TYPE");
    assert_eq!(world.simulator.summary().payments, 0);
}

#[tokio::test(start_paused = true)]
async fn a_card_number_is_charged_and_appears_nowhere() {
    let world = World::start();
    let mut body = card(CARD);
    for (name, value) in [
        ("amount", json!(60_000)),
        ("orderId", json!(ORDER)),
        ("orderName", json!("전화 주문")),
        ("cardInstallmentPlan", json!(3)),
    ] {
        body[name] = value;
    }
    let payment = world.post("/v1/payments/key-in", body.clone(), &[]).await.ok();
    assert_eq!(payment["status"], "DONE");
    assert_eq!(payment["card"]["installmentPlanMonths"], 3);
    body["amount"] = json!(49_999);
    let answer = world.post("/v1/payments/key-in", body, &[]).await;
    answer.refused(400, "INVALID_CARD_INSTALLMENT_PLAN");
    let books = world.control("GET", "books", Value::Null).await;
    assert!(!books.text.contains(CARD) && !payment.to_string().contains(CARD));
}

#[tokio::test(start_paused = true)]
async fn a_customer_key_beyond_three_hundred_characters_breaks_the_database() {
    let world = World::start();
    let mut body = card(CARD);
    body["customerKey"] = json!("c".repeat(301));
    let answer = world.post("/v1/billing/authorizations/card", body, &[]).await;
    answer.refused(500, "FAILED_DB_PROCESSING");
}
