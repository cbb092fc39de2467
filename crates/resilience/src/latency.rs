//! Latency: how long a gateway took lately, and the timeout that follows from it.
//!
//! The last so many samples are kept, so memory is fixed and a quantile is exact over them.
//! A timeout learned here ends our waiting only; the call it gave up on is unknown.

use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::time::Duration;

/// The latest latencies of one gateway and operation.
#[derive(Debug, Clone)]
pub struct Latencies {
    samples: VecDeque<Duration>,
    keep: usize,
}

/// How a timeout follows from what was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeoutRule {
    /// The share of calls that should have answered, in `[0, 1]`.
    pub quantile: f64,
    /// What the quantile is multiplied by.
    ///
    /// More than one, or the timeout could only ever shrink: a call that was cut off is seen
    /// as having taken the timeout, never as the longer time it would have taken.
    pub margin: f64,
    /// Never less than this.
    pub floor: Duration,
    /// Never more than this, and the answer until enough is known.
    pub ceiling: Duration,
    /// Samples below which nothing is known.
    pub minimum_samples: u16,
}

impl Default for TimeoutRule {
    /// Twice the 99th percentile of at least 20 calls, between 1 s and 30 s.
    fn default() -> Self {
        Self {
            quantile: 0.99,
            margin: 2.0,
            floor: Duration::from_secs(1),
            ceiling: Duration::from_secs(30),
            minimum_samples: 20,
        }
    }
}

impl Latencies {
    /// Nothing measured; remembers the last `keep` samples.
    pub fn new(keep: NonZeroU16) -> Self {
        let keep = usize::from(keep.get());
        Self { samples: VecDeque::with_capacity(keep), keep }
    }

    /// Notes how long a call took. Calls that timed out are noted too, with what they waited.
    pub fn record(&mut self, elapsed: Duration) {
        if self.samples.len() == self.keep {
            self.samples.pop_front();
        }
        self.samples.push_back(elapsed);
    }

    /// The shortest time within which this share of the samples had answered.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = u16::try_from(self.samples.len()).ok().filter(|count| *count > 0)?;
        // Counting up to the rank needs no cast, and choosing the sample costs as much anyway.
        let rank = share.clamp(0.0, 1.0) * f64::from(count);
        let index = (0..count - 1).take_while(|below| f64::from(below + 1) < rank).count();
        let mut samples: Vec<_> = self.samples.iter().copied().collect();
        Some(*samples.select_nth_unstable(index).1)
    }

    /// How long one call may take, by this rule.
    pub fn timeout(&self, rule: &TimeoutRule) -> Duration {
        if self.samples.len() < usize::from(rule.minimum_samples) {
            return rule.ceiling;
        }
        let stretched = |usual: Duration| usual.as_secs_f64() * rule.margin;
        let wanted = self.quantile(rule.quantile).map(stretched);
        let learned = wanted.and_then(|secs| Duration::try_from_secs_f64(secs).ok());
        // Floor last: settings that contradict each other err on the side of waiting.
        learned.unwrap_or(rule.ceiling).min(rule.ceiling).max(rule.floor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn measured(keep: u16, millis: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::new(NonZeroU16::new(keep).unwrap());
        millis.into_iter().for_each(|ms| latencies.record(Duration::from_millis(ms)));
        latencies
    }

    #[test]
    fn a_quantile_is_a_sample_that_this_share_did_not_exceed() {
        let latencies = measured(100, 1..=100);
        let quantile = |share| latencies.quantile(share).unwrap().as_millis();
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(quantile), [1, 50, 99, 100]);
        assert_eq!(measured(5, []).quantile(0.5), None);
    }

    #[test]
    fn only_the_latest_samples_count() {
        let latencies = measured(10, (0..50).map(|_| 9_000).chain((0..10).map(|_| 3)));
        assert_eq!(latencies.quantile(1.0), Some(Duration::from_millis(3)));
    }

    #[test]
    fn a_timeout_stays_between_floor_and_ceiling_and_waits_long_while_little_is_known() {
        let rule = TimeoutRule::default();
        let seconds = |count, ms| measured(100, vec![ms; count]).timeout(&rule).as_secs();
        assert_eq!(seconds(19, 50), 30);
        assert_eq!(seconds(20, 50), 1);
        assert_eq!(seconds(20, 4_000), 8);
        assert_eq!(seconds(20, 40_000), 30);
    }

    #[test]
    fn a_gateway_that_became_slow_is_given_more_time_though_every_call_was_cut_off() {
        let mut latencies = measured(20, vec![1_000; 20]);
        let rule = TimeoutRule::default();
        for _ in 0..200 {
            latencies.record(Duration::from_secs(9).min(latencies.timeout(&rule)));
        }
        assert!(latencies.timeout(&rule) >= Duration::from_secs(9));
    }

    proptest! {
        #[test]
        fn a_quantile_equals_the_sorted_model(
            keep in 1_u16..40,
            millis in prop::collection::vec(0_u64..1_000, 1..120),
            share in 0.0..=1.0_f64,
        ) {
            let mut newest: Vec<_> = millis.iter().rev().take(usize::from(keep)).copied().collect();
            newest.sort_unstable();
            let count = |samples: usize| f64::from(u32::try_from(samples).unwrap());
            let model = *newest.iter().enumerate()
                .find_map(|(below, ms)| (count(below + 1) >= share * count(newest.len())).then_some(ms))
                .unwrap();
            let latencies = measured(keep, millis);
            prop_assert_eq!(latencies.quantile(share), Some(Duration::from_millis(model)));
        }
    }
}
