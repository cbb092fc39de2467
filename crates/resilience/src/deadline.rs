//! Deadlines: the moment by which a whole operation must have ended.
//!
//! A deadline travels inwards and only shrinks: what is called gets what is left, or less.
//! When one passes, only our waiting ends; it is no evidence about the money.

use std::time::Duration;

use crate::Moment;

/// The moment after which nobody waits for the result any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Moment);

impl Deadline {
    /// A deadline at this moment.
    pub const fn at(moment: Moment) -> Self {
        Self(moment)
    }

    /// A deadline this long from now.
    pub fn after(now: Moment, limit: Duration) -> Self {
        Self(now + limit)
    }

    /// The moment itself.
    pub const fn moment(self) -> Moment {
        self.0
    }

    /// What is left; zero once it is over.
    pub const fn remaining(self, now: Moment) -> Duration {
        self.0.since(now)
    }

    /// Whether nothing is left.
    pub fn is_over(self, now: Moment) -> bool {
        now >= self.0
    }

    /// Whether a step of this length, begun now, would end in time.
    ///
    /// Ask before sending a charge: one begun too late can only end in doubt.
    pub fn leaves(self, now: Moment, needed: Duration) -> bool {
        now + needed <= self.0
    }

    /// The deadline of a step inside this one: at most `limit` from now, never past the parent.
    #[must_use]
    pub fn child(self, now: Moment, limit: Duration) -> Self {
        self.min(Self::after(now, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_remains_shrinks_to_nothing() {
        let deadline = Deadline::after(Moment::ZERO, SECOND);
        let nearly = Moment::from_micros(999_999);
        assert_eq!(deadline.remaining(nearly), Duration::from_micros(1));
        assert!(!deadline.is_over(nearly));
        assert!(deadline.is_over(Moment::ZERO + SECOND));
        assert_eq!(deadline.remaining(Moment::ZERO + 2 * SECOND), Duration::ZERO);
    }

    #[test]
    fn a_child_never_outlives_its_parent() {
        let parent = Deadline::after(Moment::ZERO, SECOND);
        assert_eq!(parent.child(Moment::ZERO, 5 * SECOND), parent);
        let child = parent.child(Moment::ZERO, SECOND / 2);
        assert_eq!(child.moment(), Moment::from_micros(500_000));
    }

    #[test]
    fn a_step_that_would_end_late_is_seen_before_it_begins() {
        let deadline = Deadline::after(Moment::ZERO, SECOND);
        assert!(deadline.leaves(Moment::ZERO, SECOND));
        assert!(!deadline.leaves(Moment::from_micros(1), SECOND));
    }
}
