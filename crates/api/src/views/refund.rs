//! A refund as callers see it.

use payonce_domain::{refund, sale::Sale, words::Word as _};
use serde::Serialize;

use super::{
    giving_back, moment,
    order::{LastError, last_error},
};
use crate::language::Language;

/// A refund.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refund {
    id: String,
    object: &'static str,
    order_id: String,
    payment_id: String,
    attempt_id: String,
    amount: i64,
    currency: &'static str,
    status: &'static str,
    /// What its status means and what happens next.
    text: String,
    /// `requested`, or `compensation` of a charge that may not be kept.
    purpose: &'static str,
    /// Why, in the words of whoever asked.
    reason: String,
    items: Vec<Item>,
    /// The gateway's name for it.
    reference: Option<String>,
    error: Option<LastError>,
    requested_at: String,
    /// When it is looked at next, while it is not certain.
    next_at: Option<String>,
    done_at: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Item {
    product_id: String,
    quantity: u32,
}

/// What is shown of one refund of a sale.
pub(crate) fn refund(sale: &Sale, refund: &refund::Refund, language: Language) -> Refund {
    let items = refund.pieces.iter().map(|pieces| Item {
        product_id: pieces.product_id.to_string(),
        quantity: pieces.quantity,
    });
    let (_, next_at, text) = giving_back::about(sale, refund);
    let done = refund.state == refund::RefundState::Done;
    Refund {
        id: refund.id.to_string(),
        object: "refund",
        order_id: sale.order.id.to_string(),
        payment_id: sale.payment.id.to_string(),
        attempt_id: refund.attempt_id.to_string(),
        amount: refund.amount.minor,
        currency: refund.amount.currency.code(),
        status: refund.state.word(),
        text: text.in_language(language),
        purpose: refund.purpose.word(),
        reason: refund.reason.clone(),
        items: items.collect(),
        reference: refund.reference.clone(),
        error: refund.problem.as_ref().map(|problem| last_error(problem, language)),
        requested_at: moment(refund.requested_at),
        next_at: next_at.map(moment),
        done_at: refund.certain_at.filter(|_| done).map(moment),
    }
}
