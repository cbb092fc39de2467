//! Operators decide what became of a payment in doubt.

use std::time::Duration;

use axum::http::Method;
use payonce_domain::payment::evidence::Verdict;
use serde_json::{Value, json};

use crate::{
    gateway::Say,
    world::{World, id_of, order_of, payment_id, payment_path},
};

/// An order that its gateway has and never decides, beyond the horizon.
async fn unresolved(world: &World, price: i64) -> Value {
    let product = world.product(price, 9).await;
    world.gateway.will([Say::Accept]);
    let order = world.order("k", &order_of(&product, 1)).await.is(202);
    *world.gateway.sees.lock() = Some(Verdict::Pending);
    world.move_on(Duration::from_mins(16));
    world.work().await;
    world.get(&format!("/v1/orders/{}", id_of(&order)), &world.buyer).await.is(200)
}

fn charged() -> Value {
    json!({
        "verdict": "charged",
        "reference": "tx-9",
        "reason": "the gateway's support confirmed it by phone",
        "evidence": "ticket 4711 of the gateway's support",
    })
}

fn not_charged() -> Value {
    json!({
        "verdict": "not_charged",
        "reason": "it is not in the gateway's own statement",
        "evidence": "statement of 18 November, line by line",
    })
}

fn resolve_path(order: &Value) -> String {
    format!("/v1/ops/unresolved/{}/resolve", payment_id(order))
}

fn ruling_path(order: &Value) -> String {
    format!("/v1/ops/unresolved/{}/ruling", payment_id(order))
}

#[tokio::test]
async fn what_is_unresolved_is_listed_with_what_was_asked_and_when() {
    let world = World::new().await;
    let order = unresolved(&world, 1_000).await;
    assert_eq!(order["payment"]["status"], "unresolved");
    for token in [&world.operator, &world.shop] {
        let listed = world.get("/v1/ops/unresolved", token).await.is(200);
        let listed = &listed["data"][0];
        assert_eq!((&listed["order_id"], &listed["amount"]), (&order["id"], &1_000.into()));
        assert!(listed["age_ms"].as_u64().is_some_and(|age| age >= 16 * 60 * 1_000), "{listed}");
        assert_eq!(listed["in_doubt"]["state"], "accepted");
        assert_eq!(listed["in_doubt"]["ruling"], Value::Null);
        assert_eq!(listed["owed"][0]["kind"], "look_up");
        assert!(listed["owed"][0]["due_at"].is_string());
        assert_eq!(listed["payment"]["id"], order["payment"]["id"]);
    }
    world.get("/v1/ops/unresolved", &world.buyer).await.refused(403, "FORBIDDEN");
}

#[tokio::test]
async fn one_operator_resolves_a_small_amount_and_the_buyer_is_not_told_who_or_why() {
    let world = World::new().await;
    let order = unresolved(&world, 1_000).await;
    let applied = world.post(&resolve_path(&order), &world.operator, &charged()).await.is(200);
    assert_eq!(
        (&applied["status"], &applied["payment"]["status"]),
        (&"applied".into(), &"paid".into())
    );
    let answer = world.post(&resolve_path(&order), &world.operator, &charged()).await;
    answer.refused(409, "NOT_IN_DOUBT");

    let path = format!("{}/timeline", payment_path(&order));
    let whole = world.get(&path, &world.operator).await;
    assert!(
        whole.text.contains("ticket 4711") && whole.text.contains("by phone"),
        "{}",
        whole.text
    );
    let shown = world.get(&path, &world.buyer).await;
    let operator = world.get("/v1/ops/audit", &world.operator).await.is(200);
    let operator = operator["data"][0]["actor"].as_str().expect("an id").to_owned();
    for hidden in ["ticket 4711", "by phone", operator.as_str()] {
        assert!(!shown.text.contains(hidden), "{hidden}: {}", shown.text);
    }
    assert!(shown.text.contains("Operators decided: charged"), "{}", shown.text);
}

#[tokio::test]
async fn what_was_not_charged_opens_the_order_again() {
    let world = World::new().await;
    let order = unresolved(&world, 1_000).await;
    let applied = world.post(&resolve_path(&order), &world.operator, &not_charged()).await.is(200);
    let attempt = &applied["payment"]["last_attempt"];
    assert_eq!(
        (&attempt["state"], &attempt["error"]["code"]),
        (&"not_charged".into(), &"RULED_NOT_CHARGED".into())
    );
}

#[tokio::test]
async fn a_large_amount_takes_two_people_who_say_the_same() {
    let world = World::new().await;
    let order = unresolved(&world, 300_000).await;
    let path = resolve_path(&order);
    let first = world.post(&path, &world.operator, &charged()).await.is(202);
    assert_eq!(first["status"], "awaiting_second_person");
    assert_eq!(first["waiting"]["verdict"], "charged");
    assert_eq!(first["payment"]["status"], "unresolved");
    world.post(&path, &world.operator, &charged()).await.refused(409, "SECOND_PERSON_NEEDED");
    let second = &world.second_operator;
    world.post(&path, second, &not_charged()).await.refused(409, "RULINGS_DISAGREE");
    let listed = world.get("/v1/ops/unresolved", second).await.is(200);
    assert_eq!(listed["data"][0]["in_doubt"]["ruling"]["evidence"], charged()["evidence"]);
    let applied = world.post(&path, second, &charged()).await.is(200);
    assert_eq!(applied["payment"]["status"], "paid");
}

#[tokio::test]
async fn a_ruling_that_waits_is_withdrawn_and_another_made() {
    let world = World::new().await;
    let order = unresolved(&world, 300_000).await;
    let (path, ruling) = (resolve_path(&order), ruling_path(&order));
    let withdraw =
        |token: &'static str| world.call(Method::DELETE, &ruling, token, &[], String::new());
    let operator: &'static str = world.operator.clone().leak();
    let buyer: &'static str = world.buyer.clone().leak();
    let shop: &'static str = world.shop.clone().leak();
    withdraw(operator).await.refused(404, "NOT_FOUND");
    world.post(&path, operator, &charged()).await.is(202);
    withdraw(buyer).await.refused(403, "FORBIDDEN");
    withdraw(shop).await.refused(403, "FORBIDDEN");
    assert_eq!(withdraw(operator).await.is(200)["status"], "unresolved");
    world.post(&path, operator, &not_charged()).await.is(202);
    world.post(&path, &world.second_operator, &not_charged()).await.is(200);
    let audit = world.get("/v1/ops/audit?limit=2", operator).await.is(200);
    let actions: Vec<_> =
        audit["data"].as_array().expect("acts").iter().map(|act| &act["action"]).collect();
    assert_eq!(actions, ["payment.rule", "payment.rule"]);
}

#[tokio::test]
async fn only_an_operator_in_person_resolves_and_says_why_at_length() {
    let world = World::new().await;
    let order = unresolved(&world, 1_000).await;
    let path = resolve_path(&order);
    for token in [&world.buyer, &world.shop] {
        world.post(&path, token, &charged()).await.refused(403, "FORBIDDEN");
    }
    for (field, value, param) in [
        ("reason", json!("short"), "reason"),
        ("evidence", json!("none"), "evidence"),
        ("evidence", Value::Null, "evidence"),
        ("reference", Value::Null, "reference"),
        ("verdict", json!("perhaps"), "verdict"),
    ] {
        let mut body = charged();
        body[field] = value;
        let answer = world.post(&path, &world.operator, &body).await;
        assert_eq!(answer.refused(400, "INVALID_REQUEST")["param"], param);
    }
    let mut body = not_charged();
    body["reference"] = json!("tx-9");
    world.post(&path, &world.operator, &body).await.refused(400, "UNKNOWN_FIELD");
    let missing = format!("/v1/ops/unresolved/pay_{}/resolve", "0".repeat(26));
    world.post(&missing, &world.operator, &charged()).await.refused(404, "PAYMENT_NOT_FOUND");
    let listed = world.get("/v1/ops/unresolved", &world.operator).await.is(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "nothing was changed");
}
