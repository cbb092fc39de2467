//! Payments: how one order is paid, and how sure we are of it.
//!
//! Read in this order: [`certainty`] (what is known of an attempt), [`evidence`] (what may move
//! it), [`transitions`] (every legal move, as data), [`settle`] (the one decision through which
//! news enters), [`renew`] (paying again), [`give_up`] (expiry and cancelling).

pub mod certainty;
pub mod evidence;
pub mod give_up;
pub mod renew;
pub mod settle;
#[cfg(test)]
mod tests;
pub mod transitions;

use serde::{Deserialize, Serialize};

use crate::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId, PaymentId},
    money::Money,
    time::Timestamp,
    words::Word,
};
pub use certainty::AttemptState;

/// Where a payment stands; says who moves next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Stock is held, nothing is at a gateway: the buyer moves next.
    Created,
    /// An attempt is at the gateway: the gateway moves next.
    Processing,
    /// In doubt beyond the gateway's horizon: we keep asking, people are alarmed.
    Unresolved,
    /// Charged, once.
    Paid,
    /// Certainly not charged; holds are back.
    Failed,
    /// Charged although given up, and it cannot be given back automatically: an operator moves next.
    CompensationFailed,
}

impl Word for PaymentState {
    const ALL: &'static [Self] = &[
        Self::Created,
        Self::Processing,
        Self::Unresolved,
        Self::Paid,
        Self::Failed,
        Self::CompensationFailed,
    ];
    const SET: &'static str = "payment state";

    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Processing => "processing",
            Self::Unresolved => "unresolved",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::CompensationFailed => "compensation_failed",
        }
    }
}

/// Why a payment failed. Each one means: certainly not charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The gateway could not take it now; nothing was sent, or nothing was made.
    GatewayUnavailable,
    /// The gateway refused our request as wrong.
    Rejected,
    /// Nobody paid in time.
    Expired,
    /// The buyer or the shop gave it up.
    Cancelled,
}

impl Word for FailureReason {
    const ALL: &'static [Self] =
        &[Self::GatewayUnavailable, Self::Rejected, Self::Expired, Self::Cancelled];
    const SET: &'static str = "failure reason";

    fn word(self) -> &'static str {
        match self {
            Self::GatewayUnavailable => "gateway_unavailable",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How one order is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its name.
    pub id: PaymentId,
    /// The order it pays.
    pub order_id: OrderId,
    /// What is to be charged.
    pub amount: Money,
    /// Where it stands.
    pub state: PaymentState,
    /// Why it failed, once it has.
    pub reason: Option<FailureReason>,
    /// When it reached this state.
    pub changed_at: Timestamp,
}

/// One try to charge at one gateway. Its row is committed before any byte is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its name.
    pub id: AttemptId,
    /// Counts the attempts of one payment from 1.
    pub number: u32,
    /// Where it is charged.
    pub gateway: GatewayName,
    /// The order id that the gateway knows this attempt by; never used for another.
    pub gateway_order_id: String,
    /// The account at the gateway that it was sent under; look-ups need the same one.
    pub gateway_user_id: String,
    /// What it charges.
    pub amount: Money,
    /// Who issued the card, in the gateway's words. The number is nowhere.
    pub card_company: String,
    /// What is known of it.
    pub state: AttemptState,
    /// The gateway's own name for the transaction, once known.
    pub reference: Option<String>,
    /// Why it was not approved, or why nothing is known.
    pub problem: Option<Problem>,
    /// How often the gateway said, in a row, that it has no such transaction.
    pub absences: u32,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// No byte of it leaves us from this moment on.
    pub send_before: Timestamp,
    /// When it became certain.
    pub certain_at: Option<Timestamp>,
}

impl Attempt {
    /// Whether it is called not charged for no other reason than that the gateway, long after,
    /// had no such transaction.
    pub fn is_believed_absent(&self) -> bool {
        self.state == AttemptState::NotCharged
            && self.problem.as_ref().is_some_and(|problem| problem.code == ProblemCode::Absent)
    }
}

/// A reason with a stable code and the gateway's own text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What machines read.
    pub code: ProblemCode,
    /// What the gateway or the transport said, for people. Never a card number.
    pub text: String,
}

impl Problem {
    /// A problem of this code with this text.
    pub fn new(code: ProblemCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// What machines read of a problem. Upper case, as in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProblemCode {
    /// Declined: the card's limit is reached.
    LimitExceeded,
    /// Declined: not a valid card.
    InvalidCard,
    /// Declined for a reason we have no code for; the text has it.
    DeclinedOther,
    /// The gateway refused our request as wrong.
    Rejected,
    /// The gateway says that nothing was made.
    NotCreated,
    /// Nothing left us.
    NotSent,
    /// The gateway has no such transaction, long after it would have.
    Absent,
    /// Nothing is known: the answer never came or cannot be read.
    NoAnswer,
}

impl Word for ProblemCode {
    const ALL: &'static [Self] = &[
        Self::LimitExceeded,
        Self::InvalidCard,
        Self::DeclinedOther,
        Self::Rejected,
        Self::NotCreated,
        Self::NotSent,
        Self::Absent,
        Self::NoAnswer,
    ];
    const SET: &'static str = "problem code";

    fn word(self) -> &'static str {
        match self {
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::InvalidCard => "INVALID_CARD",
            Self::DeclinedOther => "DECLINED_OTHER",
            Self::Rejected => "REJECTED",
            Self::NotCreated => "NOT_CREATED",
            Self::NotSent => "NOT_SENT",
            Self::Absent => "ABSENT",
            Self::NoAnswer => "NO_ANSWER",
        }
    }
}
