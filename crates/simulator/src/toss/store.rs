//! What the gateway remembers, and the look-ups its calls need. Rows are never removed.
//!
//! [`super::books`] shows it to whoever judges.

use std::collections::{HashMap, HashSet};

use super::books::{RequestRow, WebhookRow};
use super::mismatch::Mismatch;
use super::operation::Operation;
use super::payment::{Card, Payment};

/// All of it, behind one lock.
#[derive(Debug, Default)]
pub(crate) struct Store {
    payments: Vec<Payment>,
    by_key: HashMap<String, usize>,
    by_order: HashMap<String, Vec<usize>>,
    /// Approvals and cancels in the order in which they happened.
    pub(crate) movements: Vec<Movement>,
    pub(crate) billing_keys: HashMap<String, BillingKey>,
    /// Billing authorizations of the browser: who gave them, until they are used.
    pub(crate) auth_keys: HashMap<String, AuthKey>,
    pub(crate) requests: Vec<RequestRow>,
    pub(crate) webhooks: Vec<WebhookRow>,
    pub(crate) mismatches: Vec<Mismatch>,
    seen: HashSet<(Operation, String)>,
}

/// One approval or cancel: a row of transactions, a line of settlements.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    pub(crate) payment: usize,
    /// Which of the payment's cancels; absent for its approval.
    pub(crate) cancel: Option<usize>,
    pub(crate) transaction_key: String,
    pub(crate) customer_key: Option<String>,
    pub(crate) at_ms: u64,
    pub(crate) amount: u64,
}

/// A card on file.
#[derive(Clone, Debug)]
pub(crate) struct BillingKey {
    pub(crate) customer_key: String,
    pub(crate) card: Card,
    pub(crate) deleted: bool,
}

/// A billing authorization given in the browser.
#[derive(Clone, Debug)]
pub(crate) struct AuthKey {
    pub(crate) customer_key: String,
    pub(crate) used: bool,
}

impl Store {
    /// Every payment, in the order of their making.
    pub(crate) fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// Adds a payment and returns its place.
    pub(crate) fn insert(&mut self, payment: Payment) -> usize {
        let at = self.payments.len();
        self.by_key.insert(payment.key.clone(), at);
        self.by_order.entry(payment.purchase.order_id.clone()).or_default().push(at);
        self.payments.push(payment);
        at
    }

    pub(crate) fn payment(&self, key: &str) -> Option<&Payment> {
        self.by_key.get(key).map(|at| &self.payments[*at])
    }

    pub(crate) fn payment_mut(&mut self, key: &str) -> Option<&mut Payment> {
        self.by_key.get(key).map(|at| &mut self.payments[*at])
    }

    /// The payment a merchant means by an order: the approved one, or the latest.
    pub(crate) fn of_order(&self, order_id: &str) -> Option<&Payment> {
        let all = self.by_order.get(order_id)?;
        let approved = all.iter().find(|at| self.payments[**at].was_approved());
        approved.or(all.last()).map(|at| &self.payments[*at])
    }

    /// Whether an order has an approved payment, cancelled or not.
    pub(crate) fn is_paid(&self, order_id: &str) -> bool {
        self.of_order(order_id).is_some_and(Payment::was_approved)
    }

    /// Writes down the approval of a payment that was just approved.
    pub(crate) fn record_approval(&mut self, key: &str, customer_key: Option<String>) {
        let Some(at) = self.by_key.get(key).copied() else {
            return;
        };
        let payment = &self.payments[at];
        if let Some(approval) = &payment.approval {
            self.movements.push(Movement {
                payment: at,
                cancel: None,
                transaction_key: approval.transaction_key.clone(),
                customer_key,
                at_ms: approval.at_ms,
                amount: payment.purchase.amount,
            });
        }
    }

    /// Writes down the latest cancel of a payment.
    pub(crate) fn record_cancel(&mut self, key: &str) {
        let Some(at) = self.by_key.get(key).copied() else {
            return;
        };
        let payment = &self.payments[at];
        if let Some(cancel) = payment.cancels.last() {
            self.movements.push(Movement {
                payment: at,
                cancel: Some(payment.cancels.len() - 1),
                transaction_key: cancel.transaction_key.clone(),
                customer_key: None,
                at_ms: cancel.at_ms,
                amount: cancel.amount,
            });
        }
    }

    /// Whether this is the first call of this operation about this payment.
    pub(crate) fn is_first(&mut self, operation: Operation, payment_key: &str) -> bool {
        self.seen.insert((operation, payment_key.to_owned()))
    }
}
