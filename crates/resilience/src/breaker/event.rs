//! What a breaker tells: each change with its reason and its numbers, and how it looks now.
//!
//! Values only. Logging them, keeping them for the console and exporting them is the caller's,
//! after any lock is released.

use std::fmt;
use std::time::Duration;

use super::state::State;
use super::window::Counts;
use crate::Moment;

/// Something worth a log line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// The breaker moved, or started a state afresh.
    Moved {
        /// Where it stood.
        from: State,
        /// Where it stands.
        to: State,
        /// Why.
        reason: Reason,
        /// What its window held when it moved.
        counts: Counts,
        /// When.
        at: Moment,
    },
    /// It only watches, and would have opened here. Told once per limit.
    WouldHaveOpened {
        /// The limit that was reached.
        limit: Limit,
        /// The rate, in percent.
        rate: f64,
        /// What its window held.
        counts: Counts,
        /// When.
        at: Moment,
    },
}

/// Why a breaker moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// A rate reached its limit.
    LimitReached {
        /// Which.
        limit: Limit,
        /// The rate, in percent.
        rate: f64,
    },
    /// The gateway said how long to stay away.
    RetryAfter(Duration),
    /// It was open for as long as it had to be.
    WaitOver,
    /// The probes stayed below every limit.
    ProbesPassed,
    /// The probes did not come back in time.
    ProbesLost,
    /// An operator said so.
    Operator,
}

/// What a rate is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The share of failures.
    FailureRate,
    /// The share of slow calls.
    SlowRate,
}

/// How a breaker looks at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Where it stands: one state, so that an exporter cannot show two.
    pub state: State,
    /// What its window holds. While it is open: what made it open.
    pub counts: Counts,
    /// Failures in percent; nothing below the minimum number of calls.
    pub failure_rate: Option<f64>,
    /// Slow calls in percent; nothing below the minimum number of calls.
    pub slow_rate: Option<f64>,
    /// What left no trace in the window.
    pub totals: Totals,
}

/// Calls outside the window, counted since the breaker was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Calls that were refused.
    pub not_permitted: u64,
    /// Calls that said nothing about the gateway.
    pub ignored: u64,
    /// Calls whose end nobody awaited. Many mean that a timeout sits outside the breaker.
    pub cancelled: u64,
    /// Results that came after the breaker had moved on.
    pub stale: u64,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LimitReached { limit, rate } => write!(f, "{limit} reached {rate:.1} %"),
            Self::RetryAfter(wait) => write!(f, "the gateway asked for {wait:.1?}"),
            Self::WaitOver => f.write_str("the wait is over"),
            Self::ProbesPassed => f.write_str("the probes passed"),
            Self::ProbesLost => f.write_str("the probes did not come back"),
            Self::Operator => f.write_str("an operator said so"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FailureRate => "the failure rate",
            Self::SlowRate => "the rate of slow calls",
        })
    }
}
