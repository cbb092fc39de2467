//! Payments: how one order is paid, and how sure we are of it.
//!
//! Read in this order: [`certainty`] (what is known of an attempt), [`evidence`] (what may move
//! it), [`transitions`] (every legal move, as data), [`settle`] (the one decision through which
//! news enters), [`page`] (the buyer at the gateway's page and back), [`renew`] (paying again),
//! [`repeat`] (sending the same request once more), [`ruling`] (a person decides), [`give_up`]
//! (expiry and cancelling). Giving money back is [`crate::refund`].

pub mod certainty;
pub mod evidence;
pub mod give_up;
pub mod page;
pub mod renew;
pub mod repeat;
pub mod ruling;
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
use ruling::Ruling;

/// Where a payment stands; says who moves next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Stock is held, nothing is at a gateway: the buyer moves next.
    Created,
    /// The buyer is at the gateway's page; nothing is charged before we confirm: the buyer moves next.
    RequiresAction,
    /// An attempt is at the gateway: the gateway moves next.
    Processing,
    /// In doubt beyond the gateway's horizon: we keep asking, people are alarmed.
    Unresolved,
    /// Charged, once.
    Paid,
    /// Money is to be given back: a refund is owed and not certain yet.
    Cancelling,
    /// Charged, and all of it given back.
    Cancelled,
    /// Charged, and some of it given back.
    PartiallyRefunded,
    /// Certainly not charged; holds are back.
    Failed,
    /// Money is to be given back and automatics could not: an operator moves next.
    CompensationFailed,
}

impl Word for PaymentState {
    const ALL: &'static [Self] = &[
        Self::Created,
        Self::RequiresAction,
        Self::Processing,
        Self::Unresolved,
        Self::Paid,
        Self::Cancelling,
        Self::Cancelled,
        Self::PartiallyRefunded,
        Self::Failed,
        Self::CompensationFailed,
    ];
    const SET: &'static str = "payment state";

    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::Unresolved => "unresolved",
            Self::Paid => "paid",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
            Self::PartiallyRefunded => "partially_refunded",
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
    /// With what it is charged.
    pub means: Means,
    /// What is known of it.
    pub state: AttemptState,
    /// The gateway's own name for the transaction, once known.
    pub reference: Option<String>,
    /// Why it was not approved, or why nothing is known. While it is `sent`, that an earlier sending of
    /// the same request was never heard of.
    pub problem: Option<Problem>,
    /// How often the gateway said, in a row, that it has no such transaction.
    pub absences: u32,
    /// Counts its requests that the gateway must tell apart, from 1. A repeat of one whose outcome is
    /// unknown is the same request; only after a certain non-charge comes the next.
    pub request: u32,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// No byte of it leaves us from this moment on.
    pub send_before: Timestamp,
    /// When it became certain.
    pub certain_at: Option<Timestamp>,
    /// What the gateway kept for it, by its settlement.
    pub fee: Option<Money>,
    /// An operator's decision that waits for a second person.
    pub ruling: Option<Ruling>,
}

/// With what an attempt is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// A card whose number came with the order. The number is nowhere.
    Card {
        /// Who issued it, in the gateway's words.
        company: String,
    },
    /// What the buyer agrees to on the gateway's own page. Nothing is charged before we confirm.
    Page {
        /// What the page handed the buyer, once they have come back. It came through the buyer's hands:
        /// it names what to confirm and proves nothing.
        authentication: Option<String>,
    },
}

impl Means {
    /// Who issued the card, if it is one.
    pub fn card_company(&self) -> Option<&str> {
        match self {
            Self::Card { company } => Some(company),
            Self::Page { .. } => None,
        }
    }

    /// Whether the buyer agrees on the gateway's page.
    pub fn is_page(&self) -> bool {
        matches!(self, Self::Page { .. })
    }

    /// What the gateway's page handed the buyer.
    pub fn authentication(&self) -> Option<&str> {
        match self {
            Self::Page { authentication } => authentication.as_deref(),
            Self::Card { .. } => None,
        }
    }
}

impl Attempt {
    /// Whether it is called not charged for no other reason than that the gateway, long after,
    /// had no such transaction, or that operators say so.
    pub fn is_believed_absent(&self) -> bool {
        self.state == AttemptState::NotCharged
            && self.problem.as_ref().is_some_and(|problem| {
                matches!(problem.code, ProblemCode::Absent | ProblemCode::RuledNotCharged)
            })
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
    /// The buyer turned the payment down on the gateway's page.
    TurnedDown,
    /// The buyer did not come back from the gateway's page, or too late.
    Abandoned,
    /// Another attempt took its place before it was confirmed.
    Superseded,
    /// Operators decided that nothing was charged.
    RuledNotCharged,
    /// The gateway will not give the money back, and says why.
    RefundRefused,
    /// The gateway answered, and nothing follows from it for the money.
    Unclear,
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
        Self::TurnedDown,
        Self::Abandoned,
        Self::Superseded,
        Self::RuledNotCharged,
        Self::RefundRefused,
        Self::Unclear,
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
            Self::TurnedDown => "TURNED_DOWN",
            Self::Abandoned => "ABANDONED",
            Self::Superseded => "SUPERSEDED",
            Self::RuledNotCharged => "RULED_NOT_CHARGED",
            Self::RefundRefused => "REFUND_REFUSED",
            Self::Unclear => "UNCLEAR",
            Self::NoAnswer => "NO_ANSWER",
        }
    }
}
