//! Sums over the last so many seconds, in one bucket per second.
//!
//! Shared by the breaker's time window and the retry budget. A call costs one addition, a
//! passed second one subtraction; memory is fixed.

use std::num::NonZeroU16;
use std::ops::{AddAssign, SubAssign};

use crate::Moment;

/// What can be summed and taken away again.
pub(crate) trait Tally: Copy + Default + AddAssign + SubAssign {}
impl<T: Copy + Default + AddAssign + SubAssign> Tally for T {}

/// A ring of one-second buckets with their running total.
///
/// The current second counts as one of them. Time that steps back is taken as not moving.
#[derive(Debug, Clone)]
pub(crate) struct Seconds<T> {
    buckets: Vec<T>,
    newest: usize,
    second: i64,
    total: T,
}

impl<T: Tally> Seconds<T> {
    pub(crate) fn new(seconds: NonZeroU16) -> Self {
        let buckets = vec![T::default(); usize::from(seconds.get())];
        Self { buckets, newest: 0, second: i64::MIN, total: T::default() }
    }

    pub(crate) fn add(&mut self, amount: T, now: Moment) {
        self.advance(now);
        self.buckets[self.newest] += amount;
        self.total += amount;
    }

    pub(crate) fn total(&mut self, now: Moment) -> T {
        self.advance(now);
        self.total
    }

    /// Another length, keeping the newest seconds that fit.
    pub(crate) fn resize(&mut self, seconds: NonZeroU16) {
        let mut resized = Self { second: self.second, ..Self::new(seconds) };
        let (old, new) = (self.buckets.len(), resized.buckets.len());
        resized.newest = new - 1;
        for age in 0..old.min(new) {
            let kept = self.buckets[(self.newest + old - age) % old];
            resized.buckets[new - 1 - age] = kept;
            resized.total += kept;
        }
        *self = resized;
    }

    fn advance(&mut self, now: Moment) {
        let passed = now.second().saturating_sub(self.second);
        // After a gap of a whole ring every bucket is stale, and emptying each once is enough.
        for _ in 0..passed.min(i64::try_from(self.buckets.len()).unwrap_or(i64::MAX)) {
            self.newest = (self.newest + 1) % self.buckets.len();
            self.total -= std::mem::take(&mut self.buckets[self.newest]);
        }
        self.second = self.second.max(now.second());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every amount with its second, summed anew each time.
    fn naive(history: &[(i64, u32)], seconds: u16, current: i64) -> u32 {
        let in_window = |second: i64| second > current - i64::from(seconds);
        history.iter().filter(|(second, _)| in_window(*second)).map(|(_, amount)| amount).sum()
    }

    proptest! {
        #[test]
        fn the_ring_equals_the_naive_sum_through_gaps_steps_back_and_resizing(
            seconds in 1_u16..20,
            resized in 1_u16..20,
            steps in prop::collection::vec((-2_000_000_i64..6_000_000, 0_u32..5), 1..80),
        ) {
            let mut ring = Seconds::new(NonZeroU16::new(seconds).unwrap());
            let (mut now, mut current, mut history) = (0, i64::MIN / 2, Vec::new());
            let (first, second) = steps.split_at(steps.len() / 2);
            for (step, amount) in first {
                now += step;
                current = current.max(Moment::from_micros(now).second());
                history.push((current, *amount));
                ring.add(*amount, Moment::from_micros(now));
                prop_assert_eq!(ring.total(Moment::from_micros(now)), naive(&history, seconds, current));
            }
            // A resized ring forgets what the old length had already let go.
            history.retain(|(second, _)| *second > current - i64::from(seconds));
            ring.resize(NonZeroU16::new(resized).unwrap());
            for (step, amount) in second {
                now += step;
                current = current.max(Moment::from_micros(now).second());
                history.push((current, *amount));
                ring.add(*amount, Moment::from_micros(now));
                prop_assert_eq!(ring.total(Moment::from_micros(now)), naive(&history, resized, current));
            }
        }
    }
}
