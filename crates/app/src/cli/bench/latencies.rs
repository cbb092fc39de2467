//! Latencies, all kept, so that every quantile is exact.

use std::time::Duration;

use serde_json::{Value, json};

/// Latencies of one kind of call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    /// Keeps one.
    pub(crate) fn add(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    /// The nearest-rank quantile; zero if there is none.
    pub(crate) fn quantile(&self, thousandths: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * thousandths).div_ceil(1_000).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    /// Count and the usual quantiles in milliseconds.
    pub(crate) fn figures(&self) -> Value {
        let of = |thousandths| millis(self.quantile(thousandths));
        json!({ "n": self.0.len(), "p50_ms": of(500), "p90_ms": of(900), "p99_ms": of(990), "max_ms": of(1_000) })
    }
}

fn millis(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 100_000.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        let mut all = Latencies::default();
        assert_eq!(all.quantile(500), Duration::ZERO);
        for millis in (1..=100).rev() {
            all.add(Duration::from_millis(millis));
        }
        assert_eq!(all.quantile(500), Duration::from_millis(50));
        assert_eq!(all.quantile(990), Duration::from_millis(99));
        assert_eq!(all.quantile(1_000), Duration::from_millis(100));
    }
}
