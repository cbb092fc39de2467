//! What a breaker remembers: the last calls, or the last seconds.
//!
//! Both keep a running total, so recording and reading cost the same however much is held.

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::ops::{AddAssign, SubAssign};

use super::settings::Span;
use crate::Moment;
use crate::seconds::Seconds;

/// What became of the calls in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All of them.
    pub calls: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that were slow, failed or not.
    pub slow: u32,
    /// Those that were slow and failed.
    pub slow_failed: u32,
}

impl Counts {
    /// Failures among a hundred calls; nothing while there are no calls.
    pub fn failure_rate(self) -> Option<f64> {
        self.rate(self.failed)
    }

    /// Slow calls among a hundred; nothing while there are no calls.
    pub fn slow_rate(self) -> Option<f64> {
        self.rate(self.slow)
    }

    /// One call.
    pub(super) fn of(failed: bool, slow: bool) -> Self {
        Self {
            calls: 1,
            failed: failed.into(),
            slow: slow.into(),
            slow_failed: (failed && slow).into(),
        }
    }

    fn rate(self, part: u32) -> Option<f64> {
        (self.calls > 0).then(|| f64::from(part) * 100.0 / f64::from(self.calls))
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.failed += other.failed;
        self.slow += other.slow;
        self.slow_failed += other.slow_failed;
    }
}

impl SubAssign for Counts {
    fn sub_assign(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failed -= other.failed;
        self.slow -= other.slow;
        self.slow_failed -= other.slow_failed;
    }
}

/// A sliding window over a [`Span`].
#[derive(Debug, Clone)]
pub(super) enum Window {
    Calls(LastCalls),
    Seconds(Seconds<Counts>),
}

/// A ring of the last calls with its running total.
#[derive(Debug, Clone)]
pub(super) struct LastCalls {
    calls: VecDeque<Call>,
    keep: NonZeroU16,
    total: Counts,
}

/// One call in two bytes.
#[derive(Debug, Clone, Copy)]
struct Call {
    failed: bool,
    slow: bool,
}

impl From<Call> for Counts {
    fn from(call: Call) -> Self {
        Self::of(call.failed, call.slow)
    }
}

impl Window {
    pub(super) fn new(span: Span) -> Self {
        match span {
            Span::LastCalls(keep) => {
                Self::Calls(LastCalls { calls: VecDeque::new(), keep, total: Counts::default() })
            }
            Span::LastSeconds(seconds) => Self::Seconds(Seconds::new(seconds)),
        }
    }

    pub(super) fn record(&mut self, failed: bool, slow: bool, now: Moment) {
        match self {
            Self::Calls(last) => last.record(Call { failed, slow }),
            Self::Seconds(seconds) => seconds.add(Counts::of(failed, slow), now),
        }
    }

    pub(super) fn counts(&mut self, now: Moment) -> Counts {
        match self {
            Self::Calls(last) => last.total,
            Self::Seconds(seconds) => seconds.total(now),
        }
    }

    /// The fewest calls to judge by: a ring that can never hold the minimum is judged when full.
    pub(super) fn enough(&self, minimum: NonZeroU16) -> u32 {
        match self {
            Self::Calls(last) => minimum.min(last.keep).get().into(),
            Self::Seconds(_) => minimum.get().into(),
        }
    }

    /// Another length, keeping the newest that fits. Calls and seconds cannot be turned into
    /// each other: changing the kind starts empty.
    pub(super) fn resize(&mut self, span: Span) {
        match (&mut *self, span) {
            (Self::Calls(last), Span::LastCalls(keep)) => last.resize(keep),
            (Self::Seconds(seconds), Span::LastSeconds(length)) => seconds.resize(length),
            (Self::Calls(_), Span::LastSeconds(_)) | (Self::Seconds(_), Span::LastCalls(_)) => {
                *self = Self::new(span);
            }
        }
    }
}

impl LastCalls {
    fn record(&mut self, call: Call) {
        self.calls.push_back(call);
        self.total += call.into();
        self.forget_beyond_keep();
    }

    fn resize(&mut self, keep: NonZeroU16) {
        self.keep = keep;
        self.forget_beyond_keep();
    }

    fn forget_beyond_keep(&mut self) {
        while self.calls.len() > usize::from(self.keep.get()) {
            if let Some(oldest) = self.calls.pop_front() {
                self.total -= oldest.into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn length(length: u16) -> NonZeroU16 {
        NonZeroU16::new(length).unwrap()
    }

    fn sum<'a>(calls: impl Iterator<Item = &'a (i64, bool, bool)>) -> Counts {
        calls.fold(Counts::default(), |mut total, (_, failed, slow)| {
            total += Counts::of(*failed, *slow);
            total
        })
    }

    proptest! {
        #[test]
        fn the_count_window_equals_the_last_calls_counted_anew(
            keep in 1_u16..12,
            resized in 1_u16..12,
            calls in prop::collection::vec((Just(0_i64), any::<bool>(), any::<bool>()), 1..80),
        ) {
            let mut window = Window::new(Span::LastCalls(length(keep)));
            for (index, (_, failed, slow)) in calls.iter().enumerate() {
                window.record(*failed, *slow, Moment::ZERO);
                let last = calls[..=index].iter().rev().take(keep.into());
                prop_assert_eq!(window.counts(Moment::ZERO), sum(last));
            }
            window.resize(Span::LastCalls(length(resized)));
            let kept = calls.iter().rev().take(keep.min(resized).into());
            prop_assert_eq!(window.counts(Moment::ZERO), sum(kept));
        }

        #[test]
        fn the_time_window_equals_the_last_seconds_counted_anew(
            seconds in 1_u16..12,
            calls in prop::collection::vec((0_i64..4_000_000, any::<bool>(), any::<bool>()), 1..80),
        ) {
            let mut window = Window::new(Span::LastSeconds(length(seconds)));
            let (mut now, mut history) = (0, Vec::new());
            for (step, failed, slow) in calls {
                now += step;
                history.push((now / 1_000_000, failed, slow));
                window.record(failed, slow, Moment::from_micros(now));
                let recent = |call: &&(i64, bool, bool)| call.0 > now / 1_000_000 - i64::from(seconds);
                prop_assert_eq!(
                    window.counts(Moment::from_micros(now)),
                    sum(history.iter().filter(recent))
                );
            }
        }
    }

    #[test]
    fn changing_the_kind_of_window_starts_empty() {
        let mut window = Window::new(Span::LastCalls(length(5)));
        window.record(true, false, Moment::ZERO);
        window.resize(Span::LastSeconds(length(5)));
        assert_eq!(window.counts(Moment::ZERO), Counts::default());
    }
}
