//! A payment as callers see it, with every try to charge it.

use payonce_domain::{payment::Attempt, sale::Sale, words::Word as _};
use serde::Serialize;

use super::{
    moment,
    next_step::{NextStep, next_step},
    order::{LastError, last_error},
};
use crate::language::Language;

/// A payment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Payment {
    pub(crate) id: String,
    object: &'static str,
    order_id: String,
    status: &'static str,
    /// Why it failed, if it did.
    reason: Option<&'static str>,
    amount: i64,
    currency: &'static str,
    method: &'static str,
    gateway: Option<String>,
    /// How often it was tried.
    tries: usize,
    last_attempt: Option<Try>,
    attempts: Vec<Try>,
    refunds: Vec<serde_json::Value>,
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
    card_company: String,
    error: Option<LastError>,
    recorded_at: String,
    certain_at: Option<String>,
}

/// What is shown of the payment of a sale.
pub(crate) fn payment(sale: &Sale, language: Language) -> Payment {
    let payment = &sale.payment;
    let attempts: Vec<_> = sale.attempts.iter().map(|attempt| shown(attempt, language)).collect();
    Payment {
        id: payment.id.to_string(),
        object: "payment",
        order_id: payment.order_id.to_string(),
        status: payment.state.word(),
        reason: payment.reason.map(payonce_domain::words::Word::word),
        amount: payment.amount.minor,
        currency: payment.amount.currency.code(),
        method: "card",
        gateway: sale.last_attempt().map(|attempt| attempt.gateway.to_string()),
        tries: attempts.len(),
        last_attempt: attempts.last().cloned(),
        attempts,
        refunds: Vec::new(),
        next_step: next_step(sale, language),
        changed_at: moment(payment.changed_at),
    }
}

fn shown(attempt: &Attempt, language: Language) -> Try {
    Try {
        id: attempt.id.to_string(),
        number: attempt.number,
        state: attempt.state.word(),
        gateway: attempt.gateway.to_string(),
        gateway_order_id: attempt.gateway_order_id.clone(),
        reference: attempt.reference.clone(),
        card_company: attempt.card_company.clone(),
        error: attempt.problem.as_ref().map(|problem| last_error(problem, language)),
        recorded_at: moment(attempt.recorded_at),
        certain_at: attempt.certain_at.map(moment),
    }
}
