//! The gateway's own limit of look-ups. One that is kept back here touches neither the wire nor the
//! breaker, and is told when to come again.
//!
//! After a long outage thousands are kept back. Each gets a place in a line that moves at 70 % of what
//! is permitted: the rest is for whoever comes for the first time, a buyer who waits right now.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use parking_lot::Mutex;
use payonce_domain::gateway::Manners;
use payonce_resilience::{
    Moment,
    rate_limit::{Pace, RateLimit},
};

/// What part of the permitted look-ups the line gets, in percent.
const LINE_PERCENT: u32 = 70;

/// Lets as many look-ups through as the manners permit.
#[derive(Debug)]
pub(super) struct LookUpLimit {
    limit: Option<Mutex<Limit>>,
    kept_back: AtomicU64,
}

#[derive(Debug)]
struct Limit {
    rate: RateLimit,
    /// Between two in the line.
    apart: Duration,
    /// When the last one in the line comes again.
    line_ends: Moment,
}

impl LookUpLimit {
    /// The limit of these manners; none if they set none.
    pub(super) fn of(manners: &Manners) -> Self {
        let limited = |a_minute| {
            let pace = pace(a_minute);
            let apart = pace.every.saturating_mul(100) / LINE_PERCENT;
            Mutex::new(Limit {
                rate: RateLimit::new(pace),
                apart,
                line_ends: Moment::from_micros(i64::MIN),
            })
        };
        Self { limit: manners.look_ups_per_minute.map(limited), kept_back: AtomicU64::new(0) }
    }

    /// Lets one look-up through, or says when it may come again.
    pub(super) fn acquire(&self, now: Moment) -> Result<(), Duration> {
        let Some(limit) = &self.limit else { return Ok(()) };
        let mut limit = limit.lock();
        let Err(_wait) = limit.rate.acquire(now) else { return Ok(()) };
        self.kept_back.fetch_add(1, Relaxed);
        limit.line_ends = limit.line_ends.max(now).after(limit.apart);
        Err(limit.line_ends.since(now))
    }

    /// How many were kept back since the start.
    pub(super) fn kept_back(&self) -> u64 {
        self.kept_back.load(Relaxed)
    }
}

/// A tenth of the limit at once, the rest evenly: together never more than the limit in any minute.
/// A limit of none is read as one.
fn pace(a_minute: u32) -> Pace {
    let burst = NonZeroU32::new(a_minute / 10).unwrap_or(NonZeroU32::MIN);
    let evenly = a_minute.saturating_sub(burst.get()).max(1);
    Pace { every: Duration::from_mins(1) / evenly, burst }
}
