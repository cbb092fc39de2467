//! Moments as values. Where they come from is the business of `ports::Clock` and the database.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment in UTC: microseconds since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many microseconds after 1970-01-01 UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01 UTC, as stored in both databases.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment `wait` later; stays at the end of time instead of overflowing.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(micros_of(wait)))
    }

    /// The moment this long ago; stays at the beginning of time instead of overflowing.
    #[must_use]
    pub fn before(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(micros_of(wait)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros_of(wait: Duration) -> i64 {
    i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_ahead_is_not_in_the_past() {
        let now = Timestamp::from_micros(1_000_000);
        let later = now.after(Duration::from_secs(2));
        assert_eq!(later.since(now), Duration::from_secs(2));
        assert_eq!(now.since(later), Duration::ZERO);
        assert_eq!(later.before(Duration::from_secs(2)), now);
    }
}
