//! What a breaker can be told. Defaults and meanings are Resilience4j's.

use std::num::NonZeroU16;
use std::time::Duration;

use super::event::Limit;
use super::window::Counts;
use crate::backoff::Schedule;

/// A share above zero and up to a hundred.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

impl Percent {
    /// This many percent, unless that is zero, less, or more than a hundred.
    pub const fn new(percent: f64) -> Option<Self> {
        if percent > 0.0 && percent <= 100.0 { Some(Self(percent)) } else { None }
    }

    /// The number of percent.
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// Which calls a rate is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// The last so many calls, however long ago.
    LastCalls(NonZeroU16),
    /// The calls of the last so many seconds, the current one included.
    LastSeconds(NonZeroU16),
}

/// When a breaker opens, for how long, and what convinces it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Opens at this share of failures.
    pub failure_rate: Percent,
    /// Opens at this share of slow calls.
    pub slow_rate: Percent,
    /// A call that took longer was slow, whether it succeeded or not.
    pub slow_after: Duration,
    /// The calls that are judged while closed.
    pub span: Span,
    /// No judgement on fewer calls. A window or a set of probes that holds fewer is judged
    /// when full.
    pub minimum_calls: NonZeroU16,
    /// Half-open lets this many calls through and judges their rate.
    pub probes: NonZeroU16,
    /// How long half-open waits for its probes once all of them are out.
    ///
    /// Then it opens again, so that calls that never end cannot block it. Counted from the
    /// last probe and not, as elsewhere, from the move to half-open: a gateway that is seldom
    /// called must not be punished for being seldom called.
    pub probe_limit: Duration,
    /// How long it stays open, by the number of times it opened since it was last closed.
    pub open_wait: Schedule,
    /// The most that is believed of a gateway which says when to come back.
    pub retry_after_limit: Duration,
}

impl Default for Settings {
    /// Resilience4j's defaults. Two that it leaves without limit have one here: waiting for
    /// probes (60 s) and a gateway's own word (10 min).
    fn default() -> Self {
        const HALF: Percent = Percent::new(50.0).unwrap();
        const ALL: Percent = Percent::new(100.0).unwrap();
        const TEN: NonZeroU16 = NonZeroU16::new(10).unwrap();
        const HUNDRED: NonZeroU16 = NonZeroU16::new(100).unwrap();
        const MINUTE: Duration = Duration::from_mins(1);
        Self {
            failure_rate: HALF,
            slow_rate: ALL,
            slow_after: MINUTE,
            span: Span::LastCalls(HUNDRED),
            minimum_calls: HUNDRED,
            probes: TEN,
            probe_limit: MINUTE,
            open_wait: Schedule::fixed(MINUTE),
            retry_after_limit: 10 * MINUTE,
        }
    }
}

impl Settings {
    /// The limits that these counts have reached, each with its rate.
    pub(super) fn reached(&self, counts: Counts) -> impl Iterator<Item = (Limit, f64)> + use<> {
        let limits = [
            (Limit::FailureRate, counts.failure_rate(), self.failure_rate),
            (Limit::SlowRate, counts.slow_rate(), self.slow_rate),
        ];
        let reached = |(limit, rate, most): (Limit, Option<f64>, Percent)| {
            rate.filter(|rate| *rate >= most.get()).map(|rate| (limit, rate))
        };
        limits.into_iter().filter_map(reached)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_that_could_never_or_always_be_reached_cannot_be_made() {
        let refused = [0.0, -1.0, 100.1, f64::NAN, f64::INFINITY];
        assert!(refused.iter().all(|percent| Percent::new(*percent).is_none()));
        assert!(Percent::new(0.1).is_some() && Percent::new(100.0).is_some());
    }
}
