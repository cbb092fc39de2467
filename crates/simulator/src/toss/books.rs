//! What the gateway's books say, for whoever compares them with our own. No card numbers.

use std::collections::HashMap;

use serde::Serialize;

use super::Simulator;
use super::operation::Operation;
use super::payment::{Kind, Payment, Status};
use crate::clock::rfc3339;

/// The books at one moment.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Books {
    /// Every payment, in the order of their making.
    pub payments: Vec<PaymentRow>,
    /// Every request to the core API, in the order of arrival.
    pub requests: Vec<RequestRow>,
    /// Every webhook sent, one row an attempt.
    pub webhooks: Vec<WebhookRow>,
    /// The payments in numbers.
    pub summary: Summary,
}

/// One payment as the gateway remembers it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRow {
    /// The key it was issued under.
    pub payment_key: String,
    /// The merchant's order.
    pub order_id: String,
    /// Through the window or a billing key.
    pub r#type: Kind,
    /// §3.
    pub status: Status,
    /// What is charged if approved.
    pub amount: u64,
    /// What can still be cancelled of it.
    pub balance: u64,
    /// How often an approval moved money: 0 or 1.
    pub approvals: u32,
    /// Whether queries deny it.
    pub hidden: bool,
    /// UTC, RFC 3339.
    pub requested_at: String,
    /// UTC, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<String>,
    /// The key of the approval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_key: Option<String>,
    /// Every cancel that was carried out.
    pub cancels: Vec<CancelRow>,
    /// The code it failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<&'static str>,
}

/// One cancel that was carried out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelRow {
    /// Its key.
    pub transaction_key: String,
    /// What went back.
    pub amount: u64,
    /// As the merchant gave it.
    pub reason: String,
    /// UTC, RFC 3339.
    pub canceled_at: String,
}

/// One request to the core API.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    /// What was called.
    pub operation: Operation,
    /// The `Idempotency-Key` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The payment it named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_key: Option<String>,
    /// The order it named, or that of its payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// UTC, RFC 3339.
    pub at: String,
    /// What carrying it out came to, `200` or `403 REJECT_CARD_PAYMENT`; absent while or unless
    /// it is carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executed: Option<String>,
    /// What the caller got to see: a status and code, `replayed …` or `dropped`; absent while it
    /// waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
}

/// One attempt to deliver a webhook.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRow {
    /// `whtrans_…`, the same over all attempts.
    pub transmission_id: String,
    /// `PAYMENT_STATUS_CHANGED`, `payout.changed`, or `forged`.
    pub event: &'static str,
    /// The payment it tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_key: Option<String>,
    /// The status it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// 0 for the first attempt.
    pub retried_count: u32,
    /// UTC, RFC 3339.
    pub sent_at: String,
    /// The status of the answer, or why there was none.
    pub result: String,
}

/// The payments in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Payments in all.
    pub payments: usize,
    /// Payments that took money, returned or not.
    pub approved: usize,
    /// The sum they took.
    pub approved_amount: u64,
    /// The sum that went back.
    pub canceled_amount: u64,
    /// Payments that still hold money.
    pub holding_money: usize,
    /// Payments whose approval moved money more than once. Always 0.
    pub approved_twice: usize,
    /// Orders with more than one payment that took money.
    pub orders_charged_twice: usize,
}

impl Simulator {
    /// The books as they are now.
    pub fn books(&self) -> Books {
        let store = self.store();
        Books {
            payments: store.payments().iter().map(PaymentRow::of).collect(),
            requests: store.requests.clone(),
            webhooks: store.webhooks.clone(),
            summary: Summary::of(store.payments()),
        }
    }

    /// The payments in numbers.
    pub fn summary(&self) -> Summary {
        Summary::of(self.store().payments())
    }
}

impl PaymentRow {
    fn of(payment: &Payment) -> Self {
        let approval = payment.approval.as_ref();
        let cancels = payment.cancels.iter().map(|cancel| CancelRow {
            transaction_key: cancel.transaction_key.clone(),
            amount: cancel.amount,
            reason: cancel.reason.clone(),
            canceled_at: rfc3339(cancel.at_ms),
        });
        Self {
            payment_key: payment.key.clone(),
            order_id: payment.purchase.order_id.clone(),
            r#type: payment.kind,
            status: payment.status,
            amount: payment.purchase.amount,
            balance: payment.balance(),
            approvals: payment.approvals,
            hidden: payment.hidden,
            requested_at: rfc3339(payment.requested_at_ms),
            approved_at: approval.map(|approval| rfc3339(approval.at_ms)),
            transaction_key: approval.map(|approval| approval.transaction_key.clone()),
            cancels: cancels.collect(),
            failure: payment.failure.map(|code| code.name),
        }
    }
}

impl Summary {
    fn of(payments: &[Payment]) -> Self {
        let mut summary = Self { payments: payments.len(), ..Self::default() };
        let mut per_order: HashMap<&str, usize> = HashMap::new();
        for payment in payments.iter().filter(|payment| payment.was_approved()) {
            summary.approved += 1;
            summary.approved_amount += payment.purchase.amount;
            summary.canceled_amount += payment.purchase.amount - payment.balance();
            summary.holding_money += usize::from(payment.balance() > 0);
            summary.approved_twice += usize::from(payment.approvals > 1);
            *per_order.entry(&payment.purchase.order_id).or_default() += 1;
        }
        summary.orders_charged_twice = per_order.into_values().filter(|times| *times > 1).count();
        summary
    }
}
