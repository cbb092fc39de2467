//! A payment as callers see it, with every try to charge it and everything that goes back.

use payonce_domain::{
    payment::{Attempt, PaymentState},
    sale::Sale,
    words::Word as _,
};
use serde::Serialize;

use super::{
    Refund, moment,
    next_step::{NextStep, next_step},
    order::{LastError, last_error},
    refund,
};
use crate::{asked::Asked, language::Language};

/// The method of whoever sends a card's number with the order.
pub(crate) const CARD: &str = "card";

/// A payment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Payment {
    pub(crate) id: String,
    object: &'static str,
    order_id: String,
    status: &'static str,
    /// Why it failed, if it did.
    reason: Option<&'static str>,
    /// What could not be made good, if it is `compensation_failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    amount: i64,
    currency: &'static str,
    /// How it was tried last: `card`, or the gateway's name if it was on its page.
    method: String,
    gateway: Option<String>,
    /// How often it was tried.
    tries: usize,
    last_attempt: Option<Try>,
    attempts: Vec<Try>,
    refunds: Vec<Refund>,
    /// What can still be given back, in minor units.
    refundable: i64,
    next_step: NextStep,
    changed_at: String,
}

/// One try to charge.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Try {
    id: String,
    number: u32,
    state: &'static str,
    gateway: String,
    gateway_order_id: String,
    reference: Option<String>,
    method: String,
    card_company: Option<String>,
    error: Option<LastError>,
    recorded_at: String,
    certain_at: Option<String>,
}

/// What is shown of the payment of a sale.
pub(crate) fn payment(sale: &Sale, asked: &Asked) -> Payment {
    let (payment, language) = (&sale.payment, asked.language);
    let attempts: Vec<_> = sale.attempts.iter().map(|attempt| shown(attempt, language)).collect();
    Payment {
        id: payment.id.to_string(),
        object: "payment",
        order_id: payment.order_id.to_string(),
        status: payment.state.word(),
        reason: payment.reason.map(payonce_domain::words::Word::word),
        stage: (payment.state == PaymentState::CompensationFailed).then_some("charge"),
        amount: payment.amount.minor,
        currency: payment.amount.currency.code(),
        method: sale.last_attempt().map_or_else(|| CARD.to_owned(), method),
        gateway: sale.last_attempt().map(|attempt| attempt.gateway.to_string()),
        tries: attempts.len(),
        last_attempt: attempts.last().cloned(),
        attempts,
        refunds: sale.refunds.iter().map(|it| refund(sale, it, language)).collect(),
        refundable: sale.refundable().minor,
        next_step: next_step(sale, asked),
        changed_at: moment(payment.changed_at),
    }
}

fn method(attempt: &Attempt) -> String {
    if attempt.means.is_page() { attempt.gateway.to_string() } else { CARD.to_owned() }
}

fn shown(attempt: &Attempt, language: Language) -> Try {
    Try {
        id: attempt.id.to_string(),
        number: attempt.number,
        state: attempt.state.word(),
        gateway: attempt.gateway.to_string(),
        gateway_order_id: attempt.gateway_order_id.clone(),
        reference: attempt.reference.clone(),
        method: method(attempt),
        card_company: attempt.means.card_company().map(str::to_owned),
        error: attempt.problem.as_ref().map(|problem| last_error(problem, language)),
        recorded_at: moment(attempt.recorded_at),
        certain_at: attempt.certain_at.map(moment),
    }
}
