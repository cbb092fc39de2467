//! Back-off: how long to wait before trying again.
//!
//! [`Backoff`] spaces retries inside one operation. [`Schedule`] spaces what may take hours:
//! obligations, look-ups, a breaker's open wait. Whether to try at all is decided elsewhere.

use std::time::Duration;

use crate::Chance;

/// Exponential back-off with full jitter: anything from nothing up to a doubling ceiling.
///
/// Full jitter, because callers that failed together must not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Ceiling of the wait before the first retry.
    pub base: Duration,
    /// Ceiling that no wait exceeds.
    pub cap: Duration,
}

impl Default for Backoff {
    /// 100 ms, doubling, at most 2 s.
    fn default() -> Self {
        Self { base: Duration::from_millis(100), cap: Duration::from_secs(2) }
    }
}

impl Backoff {
    /// The wait before this retry; the first retry is 1.
    pub fn wait(&self, retry: u32, chance: Chance) -> Duration {
        grown(self.base, 2.0, retry, self.cap).mul_f64(chance.get())
    }
}

/// Intervals that grow by a factor up to a maximum, each shortened by up to a jitter fraction.
///
/// Jitter only shortens, so the maximum is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// The first interval.
    pub initial: Duration,
    /// What each interval is of the one before; 1.0 keeps them equal.
    pub factor: f64,
    /// No interval is longer.
    pub max: Duration,
    /// How much of an interval chance may take away: 0.0 nothing, 1.0 all of it.
    pub jitter: f64,
}

impl Schedule {
    /// The same interval every time.
    pub const fn fixed(interval: Duration) -> Self {
        Self { initial: interval, factor: 1.0, max: interval, jitter: 0.0 }
    }

    /// The interval after this attempt; the first attempt is 1.
    pub fn wait(&self, attempt: u32, chance: Chance) -> Duration {
        let kept = 1.0 - self.jitter.clamp(0.0, 1.0) * chance.get();
        grown(self.initial, self.factor, attempt, self.max).mul_f64(kept)
    }
}

/// `first × factor^(nth − 1)`, at most `max`; what cannot be represented is `max` too.
fn grown(first: Duration, factor: f64, nth: u32, max: Duration) -> Duration {
    let steps = i32::try_from(nth.saturating_sub(1)).unwrap_or(i32::MAX);
    Duration::try_from_secs_f64(first.as_secs_f64() * factor.powi(steps))
        .map_or(max, |d| d.min(max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: Chance = Chance::from_bits(u64::MAX);
    const HALF: Chance = Chance::from_bits(1 << 63);

    #[test]
    fn the_ceiling_doubles_up_to_the_cap_and_chance_picks_below_it() {
        let backoff = Backoff::default();
        let halves = [1, 2, 3, 4, 5, 6, 60, u32::MAX].map(|n| backoff.wait(n, HALF).as_millis());
        assert_eq!(halves, [50, 100, 200, 400, 800, 1000, 1000, 1000]);
        assert_eq!(backoff.wait(9, Chance::LEAST), Duration::ZERO);
    }

    #[test]
    fn an_interval_grows_to_its_maximum_and_stays() {
        let schedule = Schedule {
            initial: Duration::from_secs(10),
            factor: 3.0,
            max: Duration::from_mins(10),
            jitter: 0.2,
        };
        let longest = [1, 2, 3, 4, 5, u32::MAX].map(|n| schedule.wait(n, Chance::LEAST).as_secs());
        assert_eq!(longest, [10, 30, 90, 270, 600, 600]);
        assert_eq!(schedule.wait(1, HALF), Duration::from_secs(9));
    }

    #[test]
    fn a_fixed_schedule_says_the_same_every_time() {
        let schedule = Schedule::fixed(Duration::from_mins(1));
        assert!((1..50).all(|n| schedule.wait(n, MOST) == Duration::from_mins(1)));
    }

    proptest! {
        #[test]
        fn no_wait_exceeds_its_maximum_and_no_jitter_takes_more_than_its_share(
            (initial, max) in (0_u64..100_000, 1_u64..1_000_000),
            factor in -1.0..10.0_f64,
            jitter in 0.0..1.0_f64,
            attempt: u32,
            bits: u64,
        ) {
            let (initial, max) = (Duration::from_millis(initial), Duration::from_millis(max));
            let schedule = Schedule { initial, factor, max, jitter };
            let whole = schedule.wait(attempt, Chance::LEAST);
            let wait = schedule.wait(attempt, Chance::from_bits(bits));
            prop_assert!(wait <= whole && whole <= max);
            prop_assert!(wait + Duration::from_nanos(2) >= whole.mul_f64(1.0 - jitter));
            let backoff = Backoff { base: initial, cap: max };
            prop_assert!(backoff.wait(attempt, Chance::from_bits(bits)) <= max);
        }
    }
}
