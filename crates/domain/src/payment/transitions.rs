//! Every legal move of a payment and of an attempt, as data.
//!
//! The decision checks itself against these tables, the tests walk them and `docs/architecture.md`
//! draws them. A move that is not here does not happen.

use thiserror::Error;

use super::{AttemptState, PaymentState};
use AttemptState::{Accepted, Approved, Declined, NotCharged, Sent, Unknown};
use PaymentState::{CompensationFailed, Created, Failed, Paid, Processing, Unresolved};

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
    step(Created, Processing, "an attempt is recorded, or one believed absent surfaces"),
    step(Created, Paid, "an attempt believed absent turns out charged, and can still be served"),
    step(Created, Failed, "nobody paid in time, or it was cancelled"),
    step(Processing, Paid, "the gateway approved"),
    step(Processing, Created, "declined or proved absent: the buyer may pay again"),
    step(Processing, Failed, "certainly not made: gateway unavailable or request refused"),
    step(Processing, Unresolved, "in doubt beyond the horizon"),
    step(Unresolved, Paid, "the gateway approved after all"),
    step(Unresolved, Created, "declined or proved absent after all"),
    step(Unresolved, Failed, "certainly not made after all"),
    step(
        Failed,
        CompensationFailed,
        "charged after it was given up, and the gateway cannot refund",
    ),
];

/// The moves of an attempt.
pub const ATTEMPT_MOVES: &[Move<AttemptState>] = &[
    step(Sent, Accepted, "the gateway has it"),
    step(Sent, Unknown, "no readable answer"),
    step(Sent, Approved, "charged"),
    step(Sent, Declined, "refused by the card"),
    step(Sent, NotCharged, "not sent, not made, refused as wrong, or proved absent"),
    step(Unknown, Accepted, "a look-up found it"),
    step(Unknown, Approved, "a look-up found it charged"),
    step(Unknown, Declined, "a look-up found it refused"),
    step(Unknown, NotCharged, "proved absent"),
    step(Accepted, Approved, "charged"),
    step(Accepted, Declined, "refused by the card"),
    step(NotCharged, Accepted, "it surfaced after its absence was believed"),
    step(NotCharged, Approved, "it was charged after its absence was believed"),
    step(NotCharged, Declined, "it was refused after its absence was believed"),
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
