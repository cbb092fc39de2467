//! A state together with what only that state needs, so that nothing of it can be left over.

use std::num::NonZeroU16;
use std::time::Duration;

use super::event::Limit;
use super::state::State;
use crate::Moment;

/// Where a breaker stands, with what it needs there.
#[derive(Debug)]
pub(super) enum Phase {
    Closed,
    Open { until: Moment },
    HalfOpen(Probing),
    Disabled,
    ForcedOpen,
    MetricsOnly { announced: Vec<Limit> },
}

/// The probes of one stay in half-open.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Probing {
    /// Those that have not reported.
    out: u32,
    /// Since when no further one may leave.
    full_since: Option<Moment>,
}

impl Phase {
    /// This state at its beginning; only an open one asks until when.
    pub(super) const fn of(state: State, until: Moment) -> Self {
        match state {
            State::Closed => Self::Closed,
            State::Open => Self::Open { until },
            State::HalfOpen => Self::HalfOpen(Probing { out: 0, full_since: None }),
            State::Disabled => Self::Disabled,
            State::ForcedOpen => Self::ForcedOpen,
            State::MetricsOnly => Self::MetricsOnly { announced: Vec::new() },
        }
    }

    pub(super) const fn state(&self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::Open { .. } => State::Open,
            Self::HalfOpen(_) => State::HalfOpen,
            Self::Disabled => State::Disabled,
            Self::ForcedOpen => State::ForcedOpen,
            Self::MetricsOnly { .. } => State::MetricsOnly,
        }
    }
}

impl Probing {
    pub(super) fn leave(&mut self) {
        self.out += 1;
    }

    pub(super) fn come_back(&mut self) {
        self.out = self.out.saturating_sub(1);
    }

    /// Notes since when every probe has been handed out: those that reported and those out.
    pub(super) fn note_full(&mut self, reported: u32, probes: NonZeroU16, now: Moment) {
        let full = self.out + reported >= probes.get().into();
        self.full_since = full.then(|| self.full_since.unwrap_or(now));
    }

    /// How long, at most, until those that are out are judged or given up; nothing while
    /// another may leave.
    pub(super) fn wait(&self, limit: Duration, now: Moment) -> Option<Duration> {
        self.full_since.map(|since| (since + limit).since(now))
    }

    /// Whether those that are out have been waited for long enough.
    pub(super) fn are_lost(&self, limit: Duration, now: Moment) -> bool {
        self.wait(limit, now).is_some_and(|wait| wait.is_zero())
    }
}
