//! A moment of monotonic time, as the caller's clock counts it.
//!
//! It says nothing about dates: only differences between moments of one clock mean anything.

use std::ops::Add;
use std::time::Duration;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Microseconds on a monotonic clock whose zero is the caller's business.
///
/// Arithmetic saturates: a moment too far away is the last moment, never a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The clock's zero.
    pub const ZERO: Self = Self(0);

    /// The moment this many microseconds after the clock's zero.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the clock's zero.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment `wait` later; stays at the end of time instead of overflowing.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    pub const fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        if micros > 0 { Duration::from_micros(micros.unsigned_abs()) } else { Duration::ZERO }
    }

    /// The whole second this moment lies in.
    pub(crate) const fn second(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        let micros = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_what_has_passed() {
        let wait = Duration::from_millis(250);
        assert_eq!((Moment::ZERO + wait).since(Moment::ZERO), wait);
    }

    #[test]
    fn the_past_is_zero_away_and_the_far_future_saturates() {
        let later = Moment::from_micros(5);
        assert_eq!(Moment::ZERO.since(later), Duration::ZERO);
        assert_eq!((later + Duration::MAX).as_micros(), i64::MAX);
    }

    #[test]
    fn a_moment_before_zero_lies_in_an_earlier_second() {
        assert_eq!(Moment::from_micros(-1).second(), -1);
        assert_eq!(Moment::from_micros(999_999).second(), 0);
    }
}
