//! Paying on a gateway's page, confirmed by the shop's own page.

use payonce_domain::payment::{ProblemCode, evidence::Verdict};
use serde_json::{Value, json};

use crate::{
    gateway::Say,
    world::{PUBLIC, World, id_of, order_of, page_order_of, payment_id, payment_path, returned},
};

fn confirm_path(order: &Value) -> String {
    format!("{}/confirm", payment_path(order))
}

#[tokio::test]
async fn an_order_to_be_paid_on_a_page_says_where_and_charges_nothing_before_it_is_confirmed() {
    let world = World::new().await;
    let order = world.at_page("k", 1_000).await;
    assert_eq!(order["status"], "pending");
    assert_eq!(order["payment"]["status"], "requires_action");
    assert_eq!(order["payment"]["method"], "hosted");
    assert_eq!(order["payment"]["last_attempt"]["state"], "recorded");
    assert_eq!(order["payment"]["refundable"], 0);
    assert_eq!(order["next_step"]["who"], "buyer");
    assert_eq!(order["next_step"]["url"], format!("{PUBLIC}/pay/{}", payment_id(&order)));
    assert_eq!(order["next_step"]["at"], order["expires_at"]);
    assert_eq!(world.hosted.charges(), 0);

    for token in [&world.buyer, &world.shop] {
        let paid = world.post(&confirm_path(&order), token, &returned(&order)).await.is(201);
        assert_eq!(
            (&paid["status"], &paid["payment"]["status"]),
            (&"completed".into(), &"paid".into())
        );
        assert_eq!(paid["payment"]["refundable"], 1_000);
        assert!(paid["next_step"].get("url").is_none());
    }
    assert_eq!(world.hosted.charges(), 1, "the second is the first");
}

#[tokio::test]
async fn a_repeat_of_the_order_tells_how_it_stands_and_is_final_once_paid() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let body = page_order_of(&product, 1);
    let order = world.order("k", &body).await.is(202);
    assert_eq!(world.order("k", &body).await.is(202)["id"], order["id"]);
    world.post(&confirm_path(&order), &world.buyer, &returned(&order)).await.is(201);
    assert_eq!(world.order("k", &body).await.is(201)["status"], "completed");
    assert_eq!(world.order("k", &body).await.header("idempotent-replayed"), "true");
}

#[tokio::test]
async fn what_is_forged_or_about_another_payment_is_not_confirmed() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    let other = world.at_page("b", 1_000).await;
    let path = confirm_path(&order);
    let mut cheaper = returned(&order);
    cheaper["amount"] = json!(1);
    for (body, code) in [(returned(&other), "RETURN_MISMATCH"), (cheaper, "RETURN_MISMATCH")] {
        let problem = world.post(&path, &world.buyer, &body).await.refused(409, code);
        assert_eq!(problem["payment"]["status"], "requires_action");
    }
    for body in [json!({"token": "t-1"}), json!({"amount": 1_000, "order": "1"})] {
        world.post(&path, &world.buyer, &body).await.refused(400, "RETURN_UNREADABLE");
    }
    for (body, param) in [
        (json!({}), ""),
        (json!([]), ""),
        (json!({"order": {"id": 1}}), "order"),
        (json!({"amount": 1.5}), "amount"),
        (json!({"token": true}), "token"),
    ] {
        let problem = world.post(&path, &world.buyer, &body).await.refused(400, "INVALID_REQUEST");
        assert_eq!(problem["param"], param);
    }
    assert_eq!(world.hosted.charges(), 0);
    let read = world.get(&payment_path(&other), &world.buyer).await.is(200);
    assert_eq!(read["status"], "requires_action", "the other one waits as before");
}

#[tokio::test]
async fn another_agreement_for_a_confirmed_payment_and_one_that_came_too_late_are_refused() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    world.post(&confirm_path(&order), &world.buyer, &returned(&order)).await.is(201);
    let mut another = returned(&order);
    another["token"] = json!("t-2");
    let answer = world.post(&confirm_path(&order), &world.buyer, &another).await;
    answer.refused(409, "ALREADY_CONFIRMED");

    let order = world.at_page("b", 1_000).await;
    let cancel = format!("/v1/orders/{}/cancel", id_of(&order));
    world.post(&cancel, &world.buyer, &json!({})).await.is(200);
    let answer = world.post(&confirm_path(&order), &world.buyer, &returned(&order)).await;
    answer.refused(410, "RETURN_TOO_LATE");

    let order = world.at_page("c", 1_000).await;
    world.move_on(std::time::Duration::from_mins(16));
    let answer = world.post(&confirm_path(&order), &world.buyer, &returned(&order)).await;
    answer.refused(409, "ORDER_EXPIRED");
    assert_eq!(world.hosted.charges(), 1);
}

#[tokio::test]
async fn strangers_confirm_nothing_and_a_card_payment_has_nothing_to_confirm() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    let path = confirm_path(&order);
    world.post(&path, &world.stranger, &returned(&order)).await.refused(404, "PAYMENT_NOT_FOUND");
    world.post(&path, "", &returned(&order)).await.refused(401, "UNAUTHENTICATED");
    let product = world.product(1_000, 9).await;
    let card = world.order("b", &order_of(&product, 1)).await.is(201);
    let answer = world.post(&confirm_path(&card), &world.buyer, &returned(&order)).await;
    answer.refused(409, "NOTHING_TO_CONFIRM");
}

#[tokio::test]
async fn a_confirmation_ends_as_the_gateway_says() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    world.hosted.will([Say::Decline(ProblemCode::LimitExceeded)]);
    let answer = world.post(&confirm_path(&order), &world.buyer, &returned(&order)).await;
    let problem = answer.refused(402, "LIMIT_EXCEEDED");
    assert_eq!(problem["order"]["status"], "pending", "open for another try");

    let order = world.at_page("b", 1_000).await;
    world.hosted.will([Say::Unknown]);
    let doubt = world.post(&confirm_path(&order), &world.buyer, &returned(&order)).await.is(202);
    assert_eq!(doubt["payment"]["status"], "processing");
    *world.hosted.sees.lock() = Some(Verdict::Approved);
    let check = format!("{}/check", payment_path(&order));
    assert_eq!(world.post(&check, &world.buyer, &json!({})).await.is(200)["status"], "paid");
}

#[tokio::test]
async fn a_gateway_that_cannot_confirm_now_leaves_the_agreement_standing() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    let path = confirm_path(&order);
    *world.hosted.refuses.lock() = true;
    let answer = world.post(&path, &world.buyer, &returned(&order)).await;
    let problem = answer.refused(503, "GATEWAY_UNAVAILABLE");
    assert_eq!((&problem["retryable"], answer.header("retry-after")), (&true.into(), "7"));
    *world.hosted.refuses.lock() = false;
    world.hosted.will([Say::NotSent, Say::NotCreated]);
    for _refusal in 0..2 {
        let answer = world.post(&path, &world.buyer, &returned(&order)).await;
        let problem = answer.refused(503, "GATEWAY_UNAVAILABLE");
        assert_eq!(problem["payment"]["status"], "requires_action");
    }
    assert_eq!(
        world.post(&path, &world.buyer, &returned(&order)).await.is(201)["status"],
        "completed"
    );
}

#[tokio::test]
async fn a_page_takes_no_card_and_a_card_no_page() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let card = order_of(&product, 1)["payment"]["card"].clone();
    for (payment, param, code) in [
        (json!({"method": "hosted", "card": card}), "payment.card", "NOT_ALLOWED"),
        (json!({"method": "hosted", "gateway": "scripted"}), "payment.gateway", "NOT_ALLOWED"),
        (
            json!({"method": "card", "card": card, "gateway": "hosted"}),
            "payment.gateway",
            "NOT_ALLOWED",
        ),
        (json!({"method": "scripted"}), "payment.method", "NOT_POSSIBLE"),
    ] {
        let body = json!({"items": [{"product_id": product, "quantity": 1}], "payment": payment});
        let problem = world.order("k", &body).await.refused(400, "INVALID_REQUEST");
        assert_eq!(problem["param"], param);
        assert_eq!(problem["errors"][0]["code"], code);
    }
    let mut body = page_order_of(&product, 1);
    body["payment"]["gateway"] = json!("hosted");
    world.order("k", &body).await.is(202);
}

#[tokio::test]
async fn a_payment_turned_down_on_the_page_is_paid_with_a_card() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    let mut refused = returned(&order);
    refused["refused"] = json!("USER_CANCEL");
    let answer = world.post(&confirm_path(&order), &world.buyer, &refused).await;
    let problem = answer.refused(402, "TURNED_DOWN");
    assert_eq!(problem["order"]["last_error"]["code"], "TURNED_DOWN");
    let body = json!({"payment": crate::world::payment()});
    let paid = world.pay("again", id_of(&order), &body).await.is(201);
    assert_eq!(paid["payment"]["method"], "card");
    let methods: Vec<_> = paid["payment"]["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|attempt| attempt["method"].as_str().expect("a method"))
        .collect();
    assert_eq!(methods, ["hosted", "card"]);
}
