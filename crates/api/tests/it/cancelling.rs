//! Cancelling: whole or in part, before, while and after it is charged.

use payonce_domain::payment::evidence::Verdict;
use serde_json::{Value, json};

use crate::{
    gateway::Say,
    world::{World, id_of, page_order_of, payment_path, returned},
};

fn cancel_path(order: &Value) -> String {
    format!("/v1/orders/{}/cancel", id_of(order))
}

async fn in_doubt(world: &World) -> Value {
    let order = world.at_page("k", 1_000).await;
    world.hosted.will([Say::Unknown]);
    let path = format!("{}/confirm", payment_path(&order));
    world.post(&path, &world.buyer, &returned(&order)).await.is(202)
}

#[tokio::test]
async fn a_wish_to_cancel_what_may_be_charged_is_kept_and_the_money_goes_back() {
    let world = World::new().await;
    let order = in_doubt(&world).await;
    for _twice in 0..2 {
        let wished = world.post(&cancel_path(&order), &world.buyer, &json!({})).await.is(202);
        assert_eq!(wished["status"], "pending");
        assert!(wished["cancel_wished_at"].is_string());
        let text = wished["next_step"]["text"].as_str().expect("a sentence");
        assert!(text.contains("You asked to cancel") && text.contains("not known yet"), "{text}");
    }
    *world.hosted.sees.lock() = Some(Verdict::Approved);
    let check = format!("{}/check", payment_path(&order));
    let payment = world.post(&check, &world.buyer, &json!({})).await.is(200);
    assert_eq!(payment["status"], "cancelling");
    assert_eq!(payment["refunds"][0]["purpose"], "compensation");
    world.work().await;
    let path = format!("/v1/orders/{}", id_of(&order));
    let now = world.get(&path, &world.buyer).await.is(200);
    assert_eq!(
        (&now["status"], &now["payment"]["status"]),
        (&"cancelled".into(), &"cancelled".into())
    );
    world.post(&cancel_path(&order), &world.buyer, &json!({})).await.is(200);
}

#[tokio::test]
async fn a_wish_to_cancel_what_was_not_charged_ends_the_order() {
    let world = World::new().await;
    let order = world.at_page("k", 1_000).await;
    let body = json!({"reason": "changed my mind"});
    let cancelled = world.post(&cancel_path(&order), &world.buyer, &body).await.is(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["payment"]["reason"]),
        (&"cancelled".into(), &"cancelled".into())
    );
    assert_eq!(world.hosted.charges(), 0);
}

#[tokio::test]
async fn a_paid_order_that_is_cancelled_is_given_back_whole_once() {
    let world = World::new().await;
    let order = world.paid("k", 1_000, 2).await;
    let body = json!({"reason": "do not need it"});
    for _twice in 0..2 {
        let cancelled = world.post(&cancel_path(&order), &world.buyer, &body).await.is(202);
        assert_eq!(cancelled["payment"]["status"], "cancelling");
        assert_eq!(cancelled["payment"]["refunds"].as_array().map(Vec::len), Some(1));
        assert_eq!(cancelled["payment"]["refunds"][0]["reason"], "do not need it");
        assert_eq!(cancelled["payment"]["refundable"], 0);
    }
    world.work().await;
    let now = world.post(&cancel_path(&order), &world.buyer, &body).await.is(200);
    assert_eq!(now["status"], "cancelled");
    assert_eq!(now["payment"]["refunds"][0]["status"], "done");
    let text = now["next_step"]["text"].as_str().expect("a sentence");
    assert!(text.contains("2,000 KRW"), "{text}");
}

#[tokio::test]
async fn a_buyer_gives_pieces_back_but_takes_no_money_without_them() {
    let world = World::new().await;
    let order = world.paid("k", 1_000, 3).await;
    let path = cancel_path(&order);
    let items = json!({"items": [{"product_id": order["lines"][0]["product_id"], "quantity": 1}]});
    world.post(&path, &world.buyer, &items).await.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    for _twice in 0..2 {
        let part = world.keyed(&path, &world.buyer, "c", &items).await.is(202);
        assert_eq!(part["payment"]["refundable"], 2_000);
    }
    let amount = json!({"amount": 500});
    world.keyed(&path, &world.buyer, "d", &amount).await.refused(403, "FORBIDDEN");
    world.work().await;
    let now = world.keyed(&path, &world.buyer, "c", &items).await.is(200);
    assert_eq!(now["payment"]["status"], "partially_refunded");
    assert_eq!(now["payment"]["refunds"][0]["items"][0]["quantity"], 1);
    world.keyed(&path, &world.shop, "e", &amount).await.is(202);
}

#[tokio::test]
async fn a_part_of_what_is_not_paid_is_not_cancelled() {
    let world = World::new().await;
    let product = world.product(1_000, 9).await;
    let order = world.order("k", &page_order_of(&product, 2)).await.is(202);
    let items = json!({"items": [{"product_id": product, "quantity": 1}]});
    let answer = world.keyed(&cancel_path(&order), &world.buyer, "c", &items).await;
    answer.refused(409, "NOT_PAID");
    let answer = world.keyed(&cancel_path(&order), &world.stranger, "c", &items).await;
    answer.refused(404, "ORDER_NOT_FOUND");
    let wrong = json!({"resaon": "x"});
    world.post(&cancel_path(&order), &world.buyer, &wrong).await.refused(400, "UNKNOWN_FIELD");
}
