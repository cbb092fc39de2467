//! The shapes exactly as they travel (§4–§6). Unknown fields are ignored, absent and null are one, and
//! nothing of a card is read.
#![expect(clippy::struct_field_names, reason = "fields are named as they travel")]

use serde::{Deserialize, Serialize};
use serde_json::Number;

/// Body of `POST /v1/payments/confirm` (§4.1).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Confirm<'a> {
    pub payment_key: &'a str,
    pub order_id: &'a str,
    pub amount: i64,
}

/// Body of `POST /v1/billing/{billingKey}` (§4.5).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BillingCharge<'a> {
    pub amount: i64,
    pub customer_key: &'a str,
    pub order_id: &'a str,
    pub order_name: &'a str,
}

/// Body of `POST /v1/payments/{paymentKey}/cancel` (§4.3).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CancelRequest {
    pub cancel_reason: String,
    pub cancel_amount: i64,
    pub refundable_amount: i64,
}

/// A payment (§5), as much of it as we read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    pub payment_key: String,
    pub order_id: String,
    pub status: Status,
    /// `KRW` by default.
    pub currency: Option<String>,
    pub total_amount: Number,
    pub approved_at: Option<String>,
    pub cancels: Option<Vec<Cancel>>,
    pub failure: Option<Failure>,
}

/// Where a payment stands (§3). New ones may appear without a new version (§1).
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    Ready,
    InProgress,
    WaitingForDeposit,
    Done,
    PartialCanceled,
    Canceled,
    Aborted,
    Expired,
    #[serde(other)]
    Unheard,
}

/// One cancel of a payment (§4.3).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cancel {
    pub transaction_key: String,
    pub cancel_amount: Number,
    pub cancel_reason: Option<String>,
    /// `DONE` at once, except for overseas wallets; older versions have none.
    pub cancel_status: Option<CancelStatus>,
}

/// Where a cancel stands (§4.3).
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum CancelStatus {
    Done,
    InProgress,
    Aborted,
    #[serde(other)]
    Unheard,
}

/// The body of every answer that is not 200 (§1), and why a payment failed (§5).
#[derive(Deserialize)]
pub(super) struct Failure {
    pub code: String,
    #[serde(default)]
    pub message: String,
}
