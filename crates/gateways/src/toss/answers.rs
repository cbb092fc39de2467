//! What its answers mean. Whatever is not exactly something that the document tells of is unknown.

use payonce_domain::payment::{
    Attempt, AttemptState, Problem, ProblemCode,
    evidence::{Outcome, Transaction, Verdict},
};

use super::{
    NAME, amount,
    codes::{self, Class, Row},
    wire::{Failure, Payment, Status},
};
use crate::{quoted::quotable, transport::Response};

/// What a look-up of one payment saw.
pub(super) enum Seen {
    Found(Box<Payment>),
    Absent,
    Unknown(String),
}

/// The outcome of a charge's answer (§4.1, §4.5, §10.1). `key` is the payment's, where it has one
/// before it is charged: what was refused without a name is certain, and nothing to look up.
pub(super) fn charge(attempt: &Attempt, key: Option<&str>, response: &Response) -> Outcome {
    if response.status.as_u16() == 200 {
        return match payment(response).and_then(|payment| transaction_of(attempt, &payment)) {
            Ok(transaction) => Outcome::Decided(transaction),
            Err(text) => Outcome::Unknown { text },
        };
    }
    let Refused { class, ours, text } = Refused::by(response, codes::of_charge);
    match (class, key) {
        (Some(Class::Declined), Some(key)) => Outcome::Decided(Transaction {
            reference: key.to_owned(),
            gateway_order_id: attempt.gateway_order_id.clone(),
            amount: attempt.amount,
            verdict: Verdict::Declined(Problem::new(ours, text)),
        }),
        (Some(Class::Declined | Class::Wrong | Class::Operator), _) => Outcome::Rejected { text },
        (Some(Class::Later), _) => Outcome::NotCreated { text },
        (Some(Class::Doubtful | Class::Stale) | None, _) => Outcome::Unknown { text },
    }
}

/// Whether the gateway says that what was to be confirmed had been processed before.
pub(super) fn was_processed_before(response: &Response) -> bool {
    failure(response).is_some_and(|failure| failure.code == "ALREADY_PROCESSED_PAYMENT")
}

/// What a look-up's answer shows (§4.2).
pub(super) fn seen(response: &Response) -> Seen {
    match response.status.as_u16() {
        200 => match payment(response) {
            Ok(payment) => Seen::Found(Box::new(payment)),
            Err(text) => Seen::Unknown(text),
        },
        404 if failure(response).is_some_and(|failure| failure.code == "NOT_FOUND_PAYMENT") => {
            Seen::Absent
        }
        _ => Seen::Unknown(Refused::by(response, codes::of_charge).text),
    }
}

/// The payment that an answer carries.
pub(super) fn payment(response: &Response) -> Result<Payment, String> {
    let payment: Payment =
        serde_json::from_slice(&response.body).map_err(|_| unreadable(response))?;
    if super::is_key(&payment.payment_key) { Ok(payment) } else { Err(unreadable(response)) }
}

/// A payment as evidence about this attempt. Charged and given back whole before we knew of the charge,
/// from the gateway's console say, it is not charged: to serve its order would be to give it away.
pub(super) fn transaction_of(attempt: &Attempt, payment: &Payment) -> Result<Transaction, String> {
    let mut transaction = transaction(payment)?;
    let is_undone = payment.status == Status::Canceled && transaction.verdict == Verdict::Approved;
    if is_undone && attempt.state != AttemptState::Approved {
        let text = "charged and given back whole at the gateway";
        transaction.verdict = Verdict::Declined(Problem::new(ProblemCode::DeclinedOther, text));
    }
    Ok(transaction)
}

/// A payment as evidence; an error if it stands where we know nothing of.
pub(super) fn transaction(payment: &Payment) -> Result<Transaction, String> {
    let currency = payment.currency.as_deref().unwrap_or("KRW");
    let amount = amount::read(&payment.total_amount, currency).ok_or_else(|| {
        format!("{} is no amount of {}", payment.total_amount, quotable(currency))
    })?;
    Ok(Transaction {
        reference: payment.payment_key.clone(),
        gateway_order_id: payment.order_id.clone(),
        amount,
        verdict: verdict(payment).ok_or("the payment has a status that we do not know")?,
    })
}

/// What the gateway decided, by where the payment stands (§3). Money that was given back again was
/// charged; refunds are another matter.
fn verdict(payment: &Payment) -> Option<Verdict> {
    Some(match payment.status {
        Status::Ready | Status::InProgress => Verdict::Unconfirmed,
        Status::WaitingForDeposit => Verdict::Pending,
        // A virtual account that was cancelled before its deposit was never charged.
        Status::Canceled if payment.approved_at.is_none() => {
            Verdict::Declined(Problem::new(ProblemCode::DeclinedOther, "cancelled unpaid"))
        }
        Status::Done | Status::PartialCanceled | Status::Canceled => Verdict::Approved,
        Status::Aborted => Verdict::Declined(failed(payment.failure.as_ref())),
        Status::Expired => Verdict::Declined(Problem::new(
            ProblemCode::Abandoned,
            "not confirmed before it expired at the gateway",
        )),
        Status::Unheard => return None,
    })
}

fn failed(failure: Option<&Failure>) -> Problem {
    let Some(failure) = failure else {
        return Problem::new(ProblemCode::DeclinedOther, "the approval failed");
    };
    let declined = codes::of_charge(&failure.code).filter(|row| row.class == Class::Declined);
    let code = declined.map_or(ProblemCode::DeclinedOther, |row| row.ours);
    Problem::new(code, said(failure))
}

/// An answer that is not 200, by its code.
pub(super) struct Refused {
    pub class: Option<Class>,
    pub ours: ProblemCode,
    pub text: String,
}

impl Refused {
    /// Reads it with the codes of one operation. Operators are told of what only they can mend.
    pub(super) fn by(response: &Response, of: fn(&str) -> Option<&'static Row>) -> Self {
        let status = response.status.as_u16();
        let failure = failure(response);
        let row = failure.as_ref().and_then(|failure| of(&failure.code));
        // The answer at the rate limit may have no code that is known, or no JSON at all (§9).
        let class = row.map(|row| row.class).or((status == 429).then_some(Class::Later));
        let text = match &failure {
            Some(failure) => said(failure),
            None if status == 429 => "too many requests (HTTP 429)".to_owned(),
            None => unreadable(response),
        };
        if class == Some(Class::Operator) {
            tracing::error!(
                gateway.name = NAME, http.status = status, %text,
                "the gateway refuses our key, our contract or our configuration"
            );
        }
        Self { class, ours: row.map_or(ProblemCode::NoAnswer, |row| row.ours), text }
    }
}

/// The body of an error (§1); `None` if this is not one of this gateway's.
fn failure(response: &Response) -> Option<Failure> {
    let is_error = response.status.is_client_error() || response.status.is_server_error();
    is_error.then(|| serde_json::from_slice(&response.body).ok()).flatten()
}

/// `REJECT_CARD_PAYMENT: …`, as it may be kept and shown.
fn said(failure: &Failure) -> String {
    quotable(&format!("{}: {}", failure.code, failure.message))
}

/// Says what was wrong without a word of the body.
fn unreadable(response: &Response) -> String {
    format!("HTTP {} is not an answer of this gateway", response.status.as_u16())
}
