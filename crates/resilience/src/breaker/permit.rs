//! What a caller holds while its call is under way, and what it reports when it ends.

use std::fmt;
use std::time::Duration;

use super::event::Event;
use super::state::State;
use crate::Moment;

/// Leave to make one call, and the proof of when it was given.
///
/// It belongs to one stay of the breaker in one state. What it reports after the breaker has
/// moved on is discarded: a call admitted before a change says nothing about the time after.
#[derive(Debug)]
#[must_use = "report its outcome or release it, or a probe stays taken"]
pub struct Permit {
    pub(super) generation: u64,
    pub(super) kind: PermitKind,
    pub(super) admitted_at: Moment,
}

/// What a permit's outcome will be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermitKind {
    /// It is counted in the window.
    Measured,
    /// It decides, with the other probes, whether the breaker closes.
    Probe,
    /// Nothing: the breaker is disabled.
    Unmeasured,
}

impl Permit {
    /// What its outcome will be used for.
    pub const fn kind(&self) -> PermitKind {
        self.kind
    }

    /// When it was given.
    pub const fn admitted_at(&self) -> Moment {
        self.admitted_at
    }
}

/// How a call ended, as far as the gateway's health is concerned.
///
/// Slow is not said here: it follows from how long the call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway worked. A declined card is a success of the gateway.
    Success,
    /// The gateway failed, hung, or said something that cannot be understood.
    Failure,
    /// The gateway failed and said how long to stay away: opens at once, for that long.
    Busy {
        /// What the gateway asked for.
        retry_after: Duration,
    },
    /// It says nothing about the gateway: our request was wrong, our bulkhead was full.
    Ignored,
    /// Nobody waited for the end. A timeout belongs inside the breaker and is a failure.
    Cancelled,
}

/// A call that may not be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Where the breaker stands.
    pub state: State,
    /// When it is worth asking again; nothing while an operator keeps it open.
    ///
    /// While open, the first call after exactly this long becomes a probe. While half-open it
    /// is the latest time by which the probes are judged or given up.
    pub retry_after: Option<Duration>,
}

/// The answer to one request for a permit, and what the passing of time did on the way.
#[derive(Debug)]
pub struct Admission<P = Permit> {
    /// The permit, or why there is none.
    pub answer: Result<P, Refusal>,
    /// What happened, oldest first; mostly nothing.
    pub events: Vec<Event>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused by a breaker that is {}", self.state)?;
        match self.retry_after {
            Some(wait) => write!(f, ", worth asking again in {wait:.1?}"),
            None => f.write_str(" until an operator changes it"),
        }
    }
}

impl std::error::Error for Refusal {}
