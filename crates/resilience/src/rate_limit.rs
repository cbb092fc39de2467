//! Rate limit: spaces calls evenly, for look-ups that would otherwise come in a burst.
//!
//! The generic cell rate algorithm: one remembered moment instead of a count of tokens. It
//! says how long to wait; waiting, or giving up, is the caller's.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::Moment;

/// How fast calls may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// One call per this long, in the long run; counted in whole microseconds.
    pub every: Duration,
    /// How many calls may come together after a rest.
    pub burst: NonZeroU32,
}

/// Lets calls through at a [`Pace`].
#[derive(Debug, Clone)]
pub struct RateLimit {
    pace: Pace,
    /// When a caller who had kept the pace exactly would call next.
    expected: Moment,
}

impl RateLimit {
    /// A rested limit: the first burst passes.
    pub const fn new(pace: Pace) -> Self {
        Self { pace, expected: Moment::from_micros(i64::MIN) }
    }

    /// Lets one call through, or says how long until one would be.
    ///
    /// A refusal takes nothing. Coming back after exactly this long succeeds unless others
    /// came first.
    pub fn acquire(&mut self, now: Moment) -> Result<(), Duration> {
        let wait = self.wait(now);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.expected = self.expected.max(now) + self.pace.every;
        Ok(())
    }

    /// How long until one call would pass; zero if one would now. Takes nothing.
    pub fn wait(&self, now: Moment) -> Duration {
        let tolerance = self.pace.every.saturating_mul(self.pace.burst.get() - 1);
        self.expected.since(now).saturating_sub(tolerance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limit(every_micros: u64, burst: u32) -> RateLimit {
        let burst = NonZeroU32::new(burst).unwrap();
        RateLimit::new(Pace { every: Duration::from_micros(every_micros), burst })
    }

    #[test]
    fn after_a_rest_a_burst_passes_and_then_the_pace_holds() {
        let mut limit = limit(100_000, 3);
        let answers: Vec<_> = (0..4).map(|_| limit.acquire(Moment::ZERO)).collect();
        assert_eq!(answers, [Ok(()), Ok(()), Ok(()), Err(Duration::from_millis(100))]);
        let later = Moment::from_micros(100_000);
        assert_eq!(limit.acquire(later), Ok(()));
        assert_eq!(limit.acquire(later), Err(Duration::from_millis(100)));
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_sees_more_than_a_burst_and_its_share(
            every in 1_u64..1_000,
            burst in 1_u32..5,
            gaps in prop::collection::vec(0_i64..500, 1..120),
        ) {
            let mut limit = limit(every, burst);
            let (mut now, mut passed) = (0, Vec::new());
            for gap in gaps {
                now += gap;
                if limit.acquire(Moment::from_micros(now)).is_ok() {
                    passed.push(now.unsigned_abs());
                }
            }
            for (index, from) in passed.iter().enumerate() {
                for (earlier, to) in passed[index..].iter().enumerate() {
                    prop_assert!((earlier as u64) < u64::from(burst) + (to - from) / every);
                }
            }
        }

        #[test]
        fn who_waits_as_told_gets_through_and_not_a_microsecond_earlier(
            every in 1_u64..1_000,
            burst in 1_u32..5,
        ) {
            let mut limit = limit(every, burst);
            let wait = std::iter::repeat_with(|| limit.acquire(Moment::ZERO)).find_map(Result::err).unwrap();
            let early = Moment::ZERO + wait.saturating_sub(Duration::from_micros(1));
            prop_assert_eq!(limit.acquire(early), Err(Duration::from_micros(1)));
            prop_assert_eq!(limit.acquire(Moment::ZERO + wait), Ok(()));
        }
    }
}
