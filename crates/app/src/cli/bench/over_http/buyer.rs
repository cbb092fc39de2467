//! One buyer: orders once under one key, however often that takes, and waits until the order has
//! ended. After a decline they give up.

use std::time::Duration;

use payonce_ports::clock::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    super::in_process::elapsed,
    shop::{Answer, Shop},
};
use crate::real::SystemClock;

/// A test number that the simulator's own document uses.
const CARD: &str = "1234-5678-9814-1451";
/// How long a buyer waits before asking again.
const AGAIN: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_millis(700);

/// What a buyer wants.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) product: String,
    pub(super) key: String,
    /// The monotonic moment at which the order was due: latencies count from here.
    pub(super) due_at: i64,
    pub(super) final_within: Duration,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Paid and fulfilled.
    Completed,
    /// Declined, given up, stock is back.
    Declined,
    /// The gateway could not take it; certainly not charged.
    Unavailable,
    /// There was nothing left.
    SoldOut,
    /// Not ended in time.
    NotFinal,
    /// Acknowledged and gone: must never be.
    Lost,
}

/// What a buyer saw.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) end: End,
    /// Until the first answer that acknowledged the order.
    pub(super) answered: Option<Duration>,
    /// Until the order had ended.
    pub(super) ended: Option<Duration>,
    /// Whether the gateway ever had it.
    pub(super) was_accepted: bool,
    pub(super) repeats: u64,
}

/// Orders and waits for the end.
pub(super) async fn buy(shop: &Shop, order: &Order) -> Story {
    let mut story =
        Story { end: End::NotFinal, answered: None, ended: None, was_accepted: false, repeats: 0 };
    let Some(id) = place(shop, order, &mut story).await else {
        story.ended = Some(elapsed(order.due_at));
        return story;
    };
    story.answered = Some(elapsed(order.due_at));
    let path = format!("/v1/orders/{id}");
    while elapsed(order.due_at) < order.final_within {
        match shop.call(Method::GET, &path, None, &[]).await {
            Ok(answer) if answer.status == StatusCode::NOT_FOUND => {
                story.end = End::Lost;
                return story;
            }
            Ok(answer) if answer.status.is_success() => {
                if let Some(end) = end_of(&answer.body) {
                    story.was_accepted = was_accepted(&answer.body);
                    story.end = end;
                    story.ended = Some(elapsed(order.due_at));
                    return story;
                }
                if answer.body["payment"]["status"] == "created" {
                    // A repeat is harmless, and an error is tried again at the next turn.
                    let cancel = format!("{path}/cancel");
                    let _tried = shop.call(Method::POST, &cancel, None, &[]).await;
                    continue;
                }
            }
            Ok(_) | Err(_) => {}
        }
        SystemClock.sleep(POLL).await;
    }
    story
}

/// The order's id once the shop has acknowledged it; `None` if there will be none.
async fn place(shop: &Shop, order: &Order, story: &mut Story) -> Option<String> {
    let body = json!({
        "items": [{ "product_id": order.product, "quantity": 1 }],
        "payment": { "method": "card", "card": { "company": "SAMSUNG", "number": CARD, "instalments": 0 } },
    });
    let headers = [("Idempotency-Key", order.key.as_str())];
    while elapsed(order.due_at) < order.final_within {
        if let Ok(answer) = shop.call(Method::POST, "/v1/orders", Some(&body), &headers).await {
            if let Some(id) = order_id(&answer) {
                return Some(id);
            }
            match answer.body["code"].as_str() {
                Some("SOLD_OUT") => {
                    story.end = End::SoldOut;
                    return None;
                }
                Some("GATEWAY_UNAVAILABLE") => {
                    story.end = End::Unavailable;
                    return None;
                }
                _ => {}
            }
        }
        story.repeats += 1;
        SystemClock.sleep(AGAIN).await;
    }
    None
}

fn order_id(answer: &Answer) -> Option<String> {
    let body = &answer.body;
    let id = if body["object"] == "order" { &body["id"] } else { &body["order"]["id"] };
    id.as_str().map(str::to_owned)
}

fn end_of(order: &Value) -> Option<End> {
    match (order["status"].as_str(), order["payment"]["reason"].as_str()) {
        (Some("completed"), _) => Some(End::Completed),
        (Some("cancelled"), _) | (Some("failed"), Some("expired")) => Some(End::Declined),
        (Some("failed"), _) => Some(End::Unavailable),
        _ => None,
    }
}

fn was_accepted(order: &Value) -> bool {
    let attempts = order["payment"]["attempts"].as_array();
    attempts.is_some_and(|all| all.iter().any(|one| one["reference"].is_string()))
}
