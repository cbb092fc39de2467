//! Refunds: money that goes back, and how sure we are of it.
//!
//! A refund is owed from the commit that decides it until the gateway confirms it. One at a time is
//! under way for one charge. Like a charge it can end unknown; unlike a charge it must be finished,
//! so it is looked up and asked for again until it is certain. Read [`request`] (who may have how much
//! back), [`perform`] (what a worker may do now), [`settle`] (what news changes), [`follow`] (what
//! follows for the order).

pub mod evidence;
pub(crate) mod follow;
pub mod perform;
pub mod request;
pub mod retry;
pub mod settle;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AttemptId, ProductId, RefundId},
    money::Money,
    payment::Problem,
    time::Timestamp,
    words::Word,
};

/// What is known of one refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// To be asked for; nothing of it is under way.
    Owed,
    /// Its request may be on the way.
    Sent,
    /// Asked for, and no answer that we can read.
    Unknown,
    /// Given back.
    Done,
    /// The gateway will not give it back: a person moves next.
    Refused,
}

impl RefundState {
    /// Whether it may still be given back.
    pub const fn is_undecided(self) -> bool {
        match self {
            Self::Owed | Self::Sent | Self::Unknown => true,
            Self::Done | Self::Refused => false,
        }
    }

    /// Whether its request may be inside the gateway.
    pub const fn is_at_gateway(self) -> bool {
        match self {
            Self::Sent | Self::Unknown => true,
            Self::Owed | Self::Done | Self::Refused => false,
        }
    }
}

impl Word for RefundState {
    const ALL: &'static [Self] =
        &[Self::Owed, Self::Sent, Self::Unknown, Self::Done, Self::Refused];
    const SET: &'static str = "refund state";

    fn word(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundPurpose {
    /// The buyer or the shop asked, after the order was served.
    Requested,
    /// The charge does not belong to a served order: it may not be kept.
    Compensation,
}

impl Word for RefundPurpose {
    const ALL: &'static [Self] = &[Self::Requested, Self::Compensation];
    const SET: &'static str = "refund purpose";

    fn word(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Compensation => "compensation",
        }
    }
}

/// Pieces that come back to stock once the money is back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces {
    /// Of which product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: u32,
}

/// Money that goes back. Its row is committed before any byte of it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its name; travels to the gateway, so that a look-up finds it again.
    pub id: RefundId,
    /// The attempt whose charge it gives back.
    pub attempt_id: AttemptId,
    /// The gateway's name of that charge.
    pub charge: String,
    /// How much.
    pub amount: Money,
    /// Why.
    pub purpose: RefundPurpose,
    /// What people said about why.
    pub reason: String,
    /// What comes back to stock with it.
    pub pieces: Vec<Pieces>,
    /// What is known of it.
    pub state: RefundState,
    /// Counts its requests that the gateway must tell apart, from 1. A repeat of one whose outcome
    /// is unknown is the same request; only after a certain refusal comes the next.
    pub request: u32,
    /// How often the gateway said, in a row, that it has not given it back.
    pub absences: u32,
    /// The gateway's name for it, once known.
    pub reference: Option<String>,
    /// What stood against it last. While it is `sent`, that an earlier sending of the same request was
    /// never heard of.
    pub problem: Option<Problem>,
    /// Since when it is owed.
    pub requested_at: Timestamp,
    /// No byte of it leaves us from this moment on; while it is owed, the moment it was owed.
    pub send_before: Timestamp,
    /// When it became certain.
    pub certain_at: Option<Timestamp>,
    /// When people were told that automatics had their time.
    pub alarmed_at: Option<Timestamp>,
    /// What the gateway kept for it, or gave back of its fee (negative), by its settlement.
    pub fee: Option<Money>,
}

impl Refund {
    /// One that is owed from now on and brings no piece back.
    pub(crate) fn owed(
        id: RefundId,
        attempt_id: AttemptId,
        charge: String,
        amount: Money,
        purpose: RefundPurpose,
        reason: String,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            attempt_id,
            charge,
            amount,
            purpose,
            reason,
            pieces: Vec::new(),
            state: RefundState::Owed,
            request: 1,
            absences: 0,
            reference: None,
            problem: None,
            requested_at: now,
            send_before: now,
            certain_at: None,
            alarmed_at: None,
            fee: None,
        }
    }
}
