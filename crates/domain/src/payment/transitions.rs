//! Every legal move of a payment, of an attempt and of a refund, as data.
//!
//! The decision checks itself against these tables, the tests walk them and `docs/architecture.md`
//! draws them. A move that is not here does not happen.

use thiserror::Error;

use super::{AttemptState, PaymentState};
use crate::refund::RefundState::{self, Done, Owed, Refused};
use AttemptState::{Accepted, Approved, Declined, NotCharged, Recorded, Sent, Unknown};
use PaymentState::{
    Cancelled, Cancelling, CompensationFailed, Created, Failed, Paid, PartiallyRefunded,
    Processing, RequiresAction, Unresolved,
};

/// One legal move and what may cause it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move<S> {
    /// From here,
    pub from: S,
    /// to there,
    pub to: S,
    /// because of this.
    pub because: &'static str,
}

const fn step<S>(from: S, to: S, because: &'static str) -> Move<S> {
    Move { from, to, because }
}

/// The moves of a payment.
pub const PAYMENT_MOVES: &[Move<PaymentState>] = &[
    step(Created, Processing, "an attempt is recorded and sent"),
    step(Created, RequiresAction, "an attempt is recorded: the buyer goes to the gateway's page"),
    step(Created, Paid, "an attempt believed absent turns out charged, and can still be served"),
    step(Created, Cancelling, "an attempt believed absent turns out charged, but is not wanted"),
    step(Created, Failed, "nobody paid in time, or it was cancelled"),
    step(RequiresAction, Processing, "the buyer came back: the payment is being confirmed"),
    step(RequiresAction, Created, "turned down on the page, or the page is over: may pay again"),
    step(RequiresAction, Failed, "nobody came back in time, or it was cancelled"),
    step(RequiresAction, Paid, "found charged"),
    step(RequiresAction, Cancelling, "found charged, but is not wanted"),
    step(Processing, RequiresAction, "certainly not confirmed: may be confirmed again"),
    step(Processing, Paid, "the gateway approved"),
    step(Processing, Cancelling, "approved, but it had been cancelled meanwhile"),
    step(Processing, Created, "declined or proved absent: the buyer may pay again"),
    step(Processing, Failed, "certainly not charged: gateway unavailable, refused, or cancelled"),
    step(Processing, Unresolved, "in doubt beyond the horizon"),
    step(Unresolved, Processing, "the same request is sent again"),
    step(Unresolved, RequiresAction, "certainly not confirmed after all"),
    step(Unresolved, Paid, "the gateway approved after all"),
    step(Unresolved, Cancelling, "approved after all, but it had been cancelled meanwhile"),
    step(Unresolved, Created, "declined or proved absent after all"),
    step(Unresolved, Failed, "certainly not charged after all"),
    step(Paid, Cancelling, "a refund is owed"),
    step(PartiallyRefunded, Cancelling, "another refund is owed"),
    step(Cancelling, Paid, "the refund is withdrawn: nothing was given back"),
    step(Cancelling, PartiallyRefunded, "some of it is given back"),
    step(Cancelling, Cancelled, "all of it is given back"),
    step(Cancelling, CompensationFailed, "the refund is refused, or in doubt for too long"),
    step(CompensationFailed, Cancelling, "the refund is tried again on command"),
    step(CompensationFailed, PartiallyRefunded, "some of it is given back after all"),
    step(CompensationFailed, Cancelled, "all of it is given back after all"),
    step(Cancelled, Cancelling, "another charge surfaced and must go back too"),
    step(Failed, Paid, "charged after it was given up, and can still be served"),
    step(Failed, Cancelling, "charged after it was given up: a refund is owed"),
];

/// The moves of an attempt.
pub const ATTEMPT_MOVES: &[Move<AttemptState>] = &[
    step(Recorded, Sent, "the buyer came back: it is being confirmed"),
    step(Recorded, Approved, "found charged"),
    step(Recorded, Declined, "refused on the gateway's page"),
    step(Recorded, NotCharged, "turned down, abandoned or superseded: it was never confirmed"),
    step(Sent, Recorded, "certainly not confirmed: may be confirmed again"),
    step(Sent, Accepted, "the gateway has it"),
    step(Sent, Unknown, "no readable answer"),
    step(Sent, Approved, "charged"),
    step(Sent, Declined, "refused by the card"),
    step(Sent, NotCharged, "not sent, not made, refused as wrong, or proved absent"),
    step(Unknown, Sent, "the same request is sent again, where that cannot charge twice"),
    step(Unknown, Accepted, "a look-up found it"),
    step(Unknown, Approved, "a look-up found it charged"),
    step(Unknown, Declined, "a look-up found it refused"),
    step(Unknown, NotCharged, "proved absent"),
    step(Accepted, Approved, "charged"),
    step(Accepted, Declined, "refused by the card"),
    step(Accepted, NotCharged, "operators decided so"),
    step(NotCharged, Accepted, "it surfaced after its absence was believed"),
    step(NotCharged, Approved, "it was charged after its absence was believed"),
    step(NotCharged, Declined, "it was refused after its absence was believed"),
];

/// The moves of a refund.
pub const REFUND_MOVES: &[Move<RefundState>] = &[
    step(Owed, RefundState::Sent, "its request is about to leave"),
    step(Owed, Done, "found given back"),
    step(Owed, Refused, "the gateway cannot give money back"),
    step(RefundState::Sent, Owed, "certainly not given back yet"),
    step(RefundState::Sent, RefundState::Unknown, "no readable answer"),
    step(RefundState::Sent, Done, "given back"),
    step(RefundState::Sent, Refused, "the gateway will not, and says so"),
    step(RefundState::Unknown, Owed, "not given back, or safe to ask for again"),
    step(RefundState::Unknown, Done, "a look-up found it given back"),
    step(Refused, Owed, "tried again on command"),
    step(Refused, Done, "given back after all"),
];

/// A move that the tables do not have: a defect of ours, caught before anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no legal move from {from} to {to}")]
pub struct IllegalMove {
    /// Where it stood.
    pub from: &'static str,
    /// Where it was to go.
    pub to: &'static str,
}

/// Whether `moves` has a move from `from` to `to`.
pub fn is_legal<S: Copy + PartialEq>(moves: &[Move<S>], from: S, to: S) -> bool {
    moves.iter().any(|legal| legal.from == from && legal.to == to)
}
