//! Bulkhead: how many calls may be under way at once.
//!
//! Nobody queues here: a full bulkhead refuses at once and the caller decides. For a breaker
//! outside it such a refusal is no news about the gateway: `Ignored`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// A cap on concurrent calls; clones share the same seats.
#[derive(Debug, Clone)]
pub struct Bulkhead {
    shared: Arc<Counters>,
}

// Relaxed is enough: each number is updated by one atomic step and guards no other memory.
#[derive(Debug)]
struct Counters {
    limit: AtomicUsize,
    taken: AtomicUsize,
    refused: AtomicU64,
}

/// One call's place; dropping it makes room, also when the call is cancelled or panics.
#[derive(Debug)]
#[must_use = "the seat is free again as soon as it is dropped"]
pub struct Seat {
    shared: Arc<Counters>,
}

/// Every seat is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// How many calls may be under way.
    pub limit: usize,
}

/// What a bulkhead looks like now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    /// How many calls may be under way.
    pub limit: usize,
    /// How many are.
    pub taken: usize,
    /// How many were refused since the start.
    pub refused: u64,
}

impl Bulkhead {
    /// Room for this many concurrent calls.
    pub fn new(limit: usize) -> Self {
        let counters =
            Counters { limit: limit.into(), taken: 0.into(), refused: AtomicU64::new(0) };
        Self { shared: Arc::new(counters) }
    }

    /// A seat, or at once the answer that there is none.
    pub fn enter(&self) -> Result<Seat, Full> {
        let limit = self.shared.limit.load(Relaxed);
        let one_more = |taken| (taken < limit).then_some(taken + 1);
        if self.shared.taken.fetch_update(Relaxed, Relaxed, one_more).is_err() {
            self.shared.refused.fetch_add(1, Relaxed);
            return Err(Full { limit });
        }
        Ok(Seat { shared: Arc::clone(&self.shared) })
    }

    /// Another limit. Calls already seated stay; a lower limit holds once enough have left.
    pub fn resize(&self, limit: usize) {
        self.shared.limit.store(limit, Relaxed);
    }

    /// What it looks like now.
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            limit: self.shared.limit.load(Relaxed),
            taken: self.shared.taken.load(Relaxed),
            refused: self.shared.refused.load(Relaxed),
        }
    }
}

impl Default for Bulkhead {
    /// Resilience4j's 25.
    fn default() -> Self {
        Self::new(25)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.taken.fetch_sub(1, Relaxed);
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {} calls at once are under way", self.limit)
    }
}

impl std::error::Error for Full {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_bulkhead_refuses_at_once_and_a_dropped_seat_makes_room() {
        let bulkhead = Bulkhead::new(2);
        let first = bulkhead.enter().unwrap();
        let _second = bulkhead.enter().unwrap();
        assert_eq!(bulkhead.enter().unwrap_err(), Full { limit: 2 });
        drop(first);
        let _third = bulkhead.enter().unwrap();
        assert_eq!(bulkhead.occupancy(), Occupancy { limit: 2, taken: 2, refused: 1 });
    }

    #[test]
    fn a_lower_limit_lets_those_inside_finish() {
        let bulkhead = Bulkhead::new(3);
        let mut seats: Vec<_> = (0..3).map(|_| bulkhead.enter().unwrap()).collect();
        bulkhead.resize(1);
        seats.truncate(1);
        assert!(bulkhead.enter().is_err());
        seats.clear();
        assert!(bulkhead.enter().is_ok());
    }

    #[test]
    fn threads_together_never_exceed_the_limit() {
        let (bulkhead, most) = (Bulkhead::new(3), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        if let Ok(_seat) = bulkhead.enter() {
                            most.fetch_max(bulkhead.occupancy().taken, Relaxed);
                        }
                    }
                });
            }
        });
        assert!((1..=3).contains(&most.load(Relaxed)));
        assert_eq!(bulkhead.occupancy().taken, 0);
    }
}
