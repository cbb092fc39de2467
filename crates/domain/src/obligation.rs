//! Obligations: something owed and not done yet. The only background mechanism there is.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{AttemptId, ObligationId, OrderId, RefundId},
    time::Timestamp,
    words::Word,
};

/// What is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObligationType {
    /// Ask the gateway what became of an attempt.
    LookUp,
    /// End an order that nobody paid in time.
    Expire,
    /// Give money back.
    Refund,
}

impl Word for ObligationType {
    const ALL: &'static [Self] = &[Self::LookUp, Self::Expire, Self::Refund];
    const SET: &'static str = "obligation kind";

    fn word(self) -> &'static str {
        match self {
            Self::LookUp => "look_up",
            Self::Expire => "expire",
            Self::Refund => "refund",
        }
    }
}

/// Where an obligation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObligationState {
    /// Still owed; a worker takes it when it is due.
    Owed,
    /// Done, or no longer needed.
    Done,
    /// Automatics cannot do it: a person must. Stays visible.
    Parked,
}

impl Word for ObligationState {
    const ALL: &'static [Self] = &[Self::Owed, Self::Done, Self::Parked];
    const SET: &'static str = "obligation state";

    fn word(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Done => "done",
            Self::Parked => "parked",
        }
    }
}

/// A durable row with a due time, a lease and a history.
///
/// Only the holder of the newest `fence` may move it: a process that slept through its lease wakes
/// with an old number and changes nothing here. What it learnt from the gateway is still evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obligation {
    /// Its name.
    pub id: ObligationId,
    /// What is owed.
    pub kind: ObligationType,
    /// For which order.
    pub order_id: OrderId,
    /// About which attempt, where it is about one.
    pub attempt_id: Option<AttemptId>,
    /// About which refund, where it is about one.
    pub refund_id: Option<RefundId>,
    /// Owed, done or parked.
    pub state: ObligationState,
    /// When it should be done next.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Counts the leases given out so far; the newest one is the only valid one.
    pub fence: i64,
    /// Until when the newest lease holds; `None` if nobody has it.
    pub leased_until: Option<Timestamp>,
    /// What the last try ran into.
    pub last_error: Option<String>,
    /// Since when it is owed.
    pub created_at: Timestamp,
}

/// A worker's claim on one obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Which obligation.
    pub obligation_id: ObligationId,
    /// The number it was given out under.
    pub fence: i64,
}
