//! What its answers mean (§7, §8, §13.3). There are no machine-readable codes, only texts; whatever
//! is not exactly one of them is unknown.

use payonce_domain::{
    money::Money,
    payment::{
        Problem, ProblemCode,
        evidence::{Outcome, Transaction, Verdict},
    },
};
use serde::de::DeserializeOwned;

use super::wire::{Accepted, Envelope, OneTransaction, Status, Transactions};
use crate::{quoted::quotable, transport::Response};

/// The one failure that is a certain non-charge (§4.2 step 5).
const UNSTABLE: &str = "현재 서버가 불안정합니다. 잠시 후 다시 시도해주세요.";

/// What a look-up call saw.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen<T> {
    Found(T),
    Absent,
    Unknown(String),
}

/// The outcome of a charge's answer.
pub(super) fn charge(response: &Response) -> Outcome {
    match response.status.as_u16() {
        200 => match read::<Accepted>(response) {
            Some(Envelope { meta, data: Some(data) })
                if meta.result == "SUCCESS" && !data.transaction_key.is_empty() =>
            {
                Outcome::Accepted { reference: data.transaction_key }
            }
            _ => Outcome::Unknown { text: unreadable(response) },
        },
        400 => match failure(response) {
            Some(text) => Outcome::Rejected { text: quotable(&text) },
            None => Outcome::Unknown { text: unreadable(response) },
        },
        500 => match failure(response) {
            Some(text) if text == UNSTABLE => Outcome::NotCreated { text },
            Some(text) => Outcome::Unknown { text: quotable(&text) },
            None => Outcome::Unknown { text: unreadable(response) },
        },
        _ => Outcome::Unknown { text: unreadable(response) },
    }
}

/// What the look-up of one transaction says.
pub(super) fn one(key: &str, response: &Response) -> Seen<Transaction> {
    match response.status.as_u16() {
        200 => match read::<OneTransaction>(response).and_then(|envelope| envelope.data) {
            Some(data) if data.transaction_key == key => Seen::Found(transaction(data)),
            Some(data) => Seen::Unknown(format!("asked for {key}, got {}", data.transaction_key)),
            None => Seen::Unknown(unreadable(response)),
        },
        404 if failure(response).is_some_and(|text| text == no_such_key(key)) => Seen::Absent,
        _ => Seen::Unknown(unreadable(response)),
    }
}

/// The keys of an order's transactions, newest first.
pub(super) fn list(order_id: &str, response: &Response) -> Seen<Vec<String>> {
    match response.status.as_u16() {
        200 => match read::<Transactions>(response).and_then(|envelope| envelope.data) {
            Some(data) if !data.transactions.is_empty() => Seen::Found(
                data.transactions.into_iter().map(|listed| listed.transaction_key).collect(),
            ),
            _ => Seen::Unknown(unreadable(response)),
        },
        404 if failure(response).is_some_and(|text| text == no_such_order(order_id)) => {
            Seen::Absent
        }
        _ => Seen::Unknown(unreadable(response)),
    }
}

fn transaction(data: OneTransaction) -> Transaction {
    Transaction {
        reference: data.transaction_key,
        gateway_order_id: data.order_id,
        amount: Money::krw(data.amount),
        verdict: match data.status {
            Status::Pending => Verdict::Pending,
            Status::Success => Verdict::Approved,
            Status::Failed => Verdict::Declined(decline(data.reason.as_deref().unwrap_or(""))),
        },
    }
}

/// The reason text is the only discriminator (§8).
fn decline(reason: &str) -> Problem {
    let code = if reason.starts_with("한도초과") {
        ProblemCode::LimitExceeded
    } else if reason.starts_with("잘못된 카드") {
        ProblemCode::InvalidCard
    } else {
        ProblemCode::DeclinedOther
    };
    Problem::new(code, quotable(reason))
}

fn no_such_key(key: &str) -> String {
    format!("(transactionKey: {key}) 결제건이 존재하지 않습니다.")
}

fn no_such_order(order_id: &str) -> String {
    format!("(orderId: {order_id}) 에 해당하는 결제건이 존재하지 않습니다.")
}

fn read<T: DeserializeOwned>(response: &Response) -> Option<Envelope<T>> {
    serde_json::from_slice(&response.body).ok()
}

/// The message of a failure envelope; `None` if this is not one of this gateway's.
fn failure(response: &Response) -> Option<String> {
    let envelope = read::<serde::de::IgnoredAny>(response)?;
    (envelope.meta.result == "FAIL").then_some(envelope.meta.message).flatten()
}

/// Says what was wrong without a word of the body, which may hold a card number.
fn unreadable(response: &Response) -> String {
    format!("HTTP {} is not an answer of this gateway", response.status.as_u16())
}
