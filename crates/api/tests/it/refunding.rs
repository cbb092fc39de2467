//! Giving money back.

use payonce_domain::{
    money::Money,
    refund::evidence::{Given, RefundOutcome},
};
use serde_json::{Value, json};

use crate::world::{World, order_of, payment_path};

fn refunds_path(order: &Value) -> String {
    format!("{}/refunds", payment_path(order))
}

fn some(amount: i64) -> Value {
    json!({"amount": amount, "reason": "a damaged copy"})
}

#[tokio::test]
async fn a_refund_is_owed_then_done_and_tells_at_each_moment_what_is_known() {
    let world = World::new().await;
    let order = world.paid("k", 10_000, 1).await;
    let answer = world.keyed(&refunds_path(&order), &world.shop, "r", &some(4_000)).await;
    let refund = answer.is(202);
    assert_eq!((&refund["status"], &refund["amount"]), (&"owed".into(), &4_000.into()));
    assert_eq!(refund["reason"], "a damaged copy");
    let path = format!("/v1/refunds/{}", refund["id"].as_str().expect("an id"));
    assert_eq!(answer.header("location"), path);
    let payment = world.get(&payment_path(&order), &world.buyer).await.is(200);
    assert_eq!((&payment["status"], &payment["refundable"]), (&"cancelling".into(), &6_000.into()));
    assert_eq!(payment["next_step"]["who"], "payonce");
    world.work().await;
    for token in [&world.buyer, &world.shop, &world.operator] {
        let done = world.get(&path, token).await.is(200);
        assert_eq!(done["status"], "done");
        assert!(done["done_at"].is_string() && done["reference"].is_string());
    }
    let payment = world.get(&payment_path(&order), &world.buyer).await.is(200);
    assert_eq!(payment["status"], "partially_refunded");
    let text = payment["next_step"]["text"].as_str().expect("a sentence");
    assert!(text.contains("4,000 KRW") && text.contains("6,000 KRW"), "{text}");
    let listed = world.get(&refunds_path(&order), &world.buyer).await.is(200);
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["data"][0], world.get(&path, &world.buyer).await.is(200));
}

#[tokio::test]
async fn a_repeat_is_the_same_refund_and_the_same_bytes_once_it_is_done() {
    let world = World::new().await;
    let order = world.paid("k", 10_000, 1).await;
    let path = refunds_path(&order);
    let first = world.keyed(&path, &world.shop, "r", &some(4_000)).await.is(202);
    let again = world.keyed(&path, &world.shop, "r", &some(4_000)).await.is(202);
    assert_eq!(again["id"], first["id"]);
    world.work().await;
    let done = world.keyed(&path, &world.shop, "r", &some(4_000)).await;
    assert_eq!(done.is(201)["id"], first["id"]);
    let replayed = world.keyed(&path, &world.shop, "r", &some(4_000)).await;
    assert_eq!((replayed.status, &replayed.text), (done.status, &done.text));
    assert_eq!(replayed.header("idempotent-replayed"), "true");
    let other = world.keyed(&path, &world.shop, "r", &some(4_001)).await;
    other.refused(422, "IDEMPOTENCY_KEY_REUSED");
    world.post(&path, &world.shop, &some(1)).await.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
}

#[tokio::test]
async fn a_caller_may_wait_for_the_end() {
    let world = World::new().await;
    let order = world.paid("k", 10_000, 1).await;
    let headers = [("idempotency-key", "r"), ("prefer", "wait=20")];
    let path = refunds_path(&order);
    let body = some(10_000).to_string();
    let asking = world.call(axum::http::Method::POST, &path, &world.shop, &headers, body);
    let working = async {
        loop {
            world.work().await;
            crate::world::pause(5).await;
        }
    };
    let answer = tokio::select! {
        answer = asking => answer,
        () = working => unreachable!("work has no end"),
    };
    assert_eq!(answer.is(201)["status"], "done");
    assert_eq!(answer.header("preference-applied"), "wait=20");
}

#[tokio::test]
async fn refunds_never_exceed_the_charge_and_honour_what_was_expected() {
    let world = World::new().await;
    let order = world.paid("k", 1_000, 3).await;
    let path = refunds_path(&order);
    let product = &order["lines"][0]["product_id"];
    let pieces = |quantity: u32| json!({"items": [{"product_id": product, "quantity": quantity}], "reason": "returned"});
    world.keyed(&path, &world.shop, "a", &some(3_001)).await.refused(409, "REFUND_EXCEEDS_CHARGE");
    world.keyed(&path, &world.shop, "b", &pieces(4)).await.refused(409, "REFUND_EXCEEDS_CHARGE");
    let refund = world.keyed(&path, &world.shop, "c", &pieces(1)).await.is(202);
    assert_eq!((&refund["amount"], &refund["items"][0]["quantity"]), (&1_000.into(), &1.into()));
    let mut expecting = some(1_000);
    expecting["expected_refundable"] = json!(3_000);
    let problem = world.keyed(&path, &world.shop, "d", &expecting).await;
    let problem = problem.refused(409, "REFUNDABLE_CHANGED");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("2000")), "{problem}");
    expecting["expected_refundable"] = json!(2_000);
    world.keyed(&path, &world.shop, "d", &expecting).await.is(202);
    let rest = json!({"reason": "the rest"});
    let rest = world.keyed(&path, &world.operator, "e", &rest).await.is(202);
    assert_eq!(rest["amount"], 1_000);
    world.keyed(&path, &world.shop, "f", &some(1)).await.refused(409, "REFUND_EXCEEDS_CHARGE");
    for _turn in 0..6 {
        world.work().await;
        world.move_on(std::time::Duration::from_secs(2));
    }
    let payment = world.get(&payment_path(&order), &world.buyer).await.is(200);
    assert_eq!(payment["status"], "cancelled");
}

#[tokio::test]
async fn buyers_refund_nothing_and_strangers_see_nothing() {
    let world = World::new().await;
    let order = world.paid("k", 1_000, 1).await;
    let path = refunds_path(&order);
    world.keyed(&path, &world.buyer, "a", &some(1)).await.refused(403, "FORBIDDEN");
    world.keyed(&path, "", "a", &some(1)).await.refused(401, "UNAUTHENTICATED");
    let refund = world.keyed(&path, &world.shop, "a", &some(1)).await.is(202);
    let own = format!("/v1/refunds/{}", refund["id"].as_str().expect("an id"));
    world.get(&path, &world.stranger).await.refused(404, "PAYMENT_NOT_FOUND");
    world.get(&own, &world.stranger).await.refused(404, "REFUND_NOT_FOUND");
    world.get("/v1/refunds/nonsense", &world.buyer).await.refused(404, "REFUND_NOT_FOUND");
    let missing = format!("/v1/payments/pay_{}/refunds", "0".repeat(26));
    world.keyed(&missing, &world.shop, "b", &some(1)).await.refused(404, "PAYMENT_NOT_FOUND");
}

#[tokio::test]
async fn what_is_not_paid_or_cannot_be_given_back_is_refused() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    let answer = world.keyed(&refunds_path(&order), &world.shop, "r", &some(1)).await;
    assert_eq!(answer.refused(409, "NOT_PAID")["payment"]["status"], "requires_action");
    let product = world.product(1_000, 9).await;
    let card = world.order("b", &order_of(&product, 1)).await.is(201);
    let answer = world.keyed(&refunds_path(&card), &world.shop, "s", &some(1)).await;
    answer.refused(422, "CANNOT_REFUND");
}

#[tokio::test]
async fn each_wrong_field_of_a_refund_is_named() {
    let world = World::new().await;
    let order = world.paid("k", 1_000, 1).await;
    let product = &order["lines"][0]["product_id"];
    let absent = format!("prd_{}", "0".repeat(26));
    for (body, param) in [
        (json!({"amount": 1}), "reason"),
        (json!({"amount": 0, "reason": "x"}), "amount"),
        (json!({"amount": "1", "reason": "x"}), "amount"),
        (json!({"amount": 1, "reason": "x".repeat(121)}), "reason"),
        (
            json!({"amount": 1, "items": [{"product_id": product, "quantity": 1}], "reason": "x"}),
            "amount",
        ),
        (json!({"items": [], "reason": "x"}), "items"),
        (json!({"items": [{"product_id": absent, "quantity": 1}], "reason": "x"}), "items"),
        (json!({"amount": 1, "reason": "x", "expected_refundable": -1}), "expected_refundable"),
    ] {
        let answer = world.keyed(&refunds_path(&order), &world.shop, "r", &body).await;
        assert_eq!(answer.refused(400, "INVALID_REQUEST")["param"], param, "{body}");
    }
    let body = json!({"amonut": 1, "reason": "x"});
    let answer = world.keyed(&refunds_path(&order), &world.shop, "r", &body).await;
    answer.refused(400, "UNKNOWN_FIELD");
}

#[tokio::test]
async fn a_refund_in_doubt_says_so_and_is_found_out() {
    let world = World::new().await;
    let order = world.paid("k", 1_000, 1).await;
    let unknown = RefundOutcome::Unknown { text: "no answer".to_owned() };
    world.hosted.refunds.lock().push_back(unknown);
    let refund = world.keyed(&refunds_path(&order), &world.shop, "r", &some(1_000)).await.is(202);
    world.work().await;
    let id = refund["id"].as_str().expect("an id");
    let path = format!("/v1/refunds/{id}");
    let doubt = world.get(&path, &world.buyer).await.is(200);
    assert_eq!(doubt["status"], "unknown");
    let text = doubt["text"].as_str().expect("a sentence");
    assert!(text.contains("no answer yet") && text.contains("not given back twice"), "{text}");
    world.hosted.given.lock().push(Given {
        reference: "rf-1".to_owned(),
        amount: Money::krw(1_000),
        refund_id: id.parse().ok(),
    });
    world.move_on(std::time::Duration::from_mins(3));
    world.work().await;
    assert_eq!(world.get(&path, &world.buyer).await.is(200)["status"], "done");
}

#[tokio::test]
async fn a_refused_refund_waits_for_an_operator_who_has_it_tried_again() {
    let world = World::new().await;
    let order = world.paid("k", 1_000, 1).await;
    let refused = RefundOutcome::Refused { text: "account closed".to_owned() };
    world.hosted.refunds.lock().push_back(refused);
    let refund = world.keyed(&refunds_path(&order), &world.shop, "r", &some(1_000)).await.is(202);
    world.work().await;
    let payment = world.get(&payment_path(&order), &world.buyer).await.is(200);
    assert_eq!(payment["status"], "compensation_failed");
    assert_eq!(payment["stage"], "charge");
    assert_eq!(payment["next_step"]["who"], "operator");
    let path = format!("/v1/ops/refunds/{}/retry", refund["id"].as_str().expect("an id"));
    let body = json!({"reason": "the buyer gave another account"});
    world.post(&path, &world.buyer, &body).await.refused(403, "FORBIDDEN");
    world.post(&path, &world.operator, &json!({})).await.refused(400, "INVALID_REQUEST");
    assert_eq!(world.post(&path, &world.operator, &body).await.is(202)["status"], "owed");
    world.work().await;
    world.post(&path, &world.operator, &body).await.refused(409, "ALREADY_REFUNDED");
    let audit = world.get("/v1/ops/audit", &world.operator).await.is(200);
    assert_eq!(audit["data"][0]["action"], "refund.retry");
    assert_eq!(audit["data"][0]["detail"], body);
    world.get("/v1/ops/audit", &world.buyer).await.refused(403, "FORBIDDEN");
}
