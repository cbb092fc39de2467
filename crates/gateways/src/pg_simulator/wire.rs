//! The shapes exactly as they travel (§3–§6). Unknown fields are ignored, absent and null are one,
//! and the card number that look-ups carry is never read.

use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/payments` (§4.1).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentRequest<'a> {
    pub order_id: &'a str,
    pub card_type: &'a str,
    pub card_no: String,
    pub amount: i64,
    pub callback_url: &'a str,
}

/// Every answer (§3).
#[derive(Deserialize)]
pub(super) struct Envelope<T> {
    pub meta: Meta,
    pub data: Option<T>,
}

#[derive(Deserialize)]
pub(super) struct Meta {
    pub result: String,
    pub message: Option<String>,
}

/// Data of an accepted payment (§4.2).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Accepted {
    pub transaction_key: String,
}

/// Data of one transaction (§5).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OneTransaction {
    pub transaction_key: String,
    pub order_id: String,
    pub amount: i64,
    pub status: Status,
    pub reason: Option<String>,
}

/// Data of an order's transactions (§6).
#[derive(Deserialize)]
pub(super) struct Transactions {
    pub transactions: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub transaction_key: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Pending,
    Success,
    Failed,
}
