//! The gateway's own limit of look-ups. One that is kept back here touches neither the wire nor the
//! breaker, and is told when to come again.
//!
//! After a long outage thousands are kept back. Each gets a place in a line that moves at 70 % of what
//! is permitted: the rest is for whoever comes for the first time, a buyer who waits right now. One who
//! is kept back all the same stands in a line of their own, which does not grow with the backlog.

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

/// What part of the permitted look-ups a line gets, in percent: the backlog, and buyers without one.
const LINE_PERCENT: u32 = 70;
/// What part buyers get who wait right now, beside a backlog.
const BESIDE_PERCENT: u32 = 25;

/// Whose look-up it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// A buyer's, who waits for it right now.
    Buyer,
    /// One that has been owed for long.
    Backlog,
}

/// Lets as many look-ups through as the manners permit.
#[derive(Debug)]
pub(super) struct LookUpLimit {
    limit: Option<Mutex<Limit>>,
    kept_back: AtomicU64,
}

#[derive(Debug)]
struct Limit {
    rate: RateLimit,
    /// Between two look-ups that use up all that is permitted.
    every: Duration,
    /// When the last of the backlog comes again.
    backlog_ends: Moment,
    /// When the last of the buyers comes again.
    buyers_end: Moment,
}

impl Limit {
    /// A place at the end of the line; when its turn comes.
    fn stand_in_line(&mut self, asker: Asker, now: Moment) -> Moment {
        let is_beside = asker == Asker::Buyer && self.backlog_ends > now;
        let percent = if is_beside { BESIDE_PERCENT } else { LINE_PERCENT };
        let apart = self.every.saturating_mul(100) / percent;
        let ends = match asker {
            Asker::Buyer => &mut self.buyers_end,
            Asker::Backlog => &mut self.backlog_ends,
        };
        *ends = (*ends).max(now).after(apart);
        *ends
    }
}

impl LookUpLimit {
    /// The limit of these manners; none if they set none.
    pub(super) fn of(manners: &Manners) -> Self {
        let limited = |a_minute| {
            let pace = pace(a_minute);
            Mutex::new(Limit {
                rate: RateLimit::new(pace),
                every: pace.every,
                backlog_ends: Moment::from_micros(i64::MIN),
                buyers_end: Moment::from_micros(i64::MIN),
            })
        };
        Self { limit: manners.look_ups_per_minute.map(limited), kept_back: AtomicU64::new(0) }
    }

    /// Lets one look-up through, or says when it may come again.
    pub(super) fn acquire(&self, asker: Asker, now: Moment) -> Result<(), Duration> {
        let Some(limit) = &self.limit else { return Ok(()) };
        let mut limit = limit.lock();
        let Err(_wait) = limit.rate.acquire(now) else { return Ok(()) };
        self.kept_back.fetch_add(1, Relaxed);
        Err(limit.stand_in_line(asker, now).since(now))
    }

    /// Whether one more may be asked that nobody owes: somebody is at hand, and nobody stands in line.
    pub(super) fn has_room(&self, now: Moment) -> bool {
        self.limit.as_ref().is_none_or(|limit| {
            let limit = limit.lock();
            limit.backlog_ends.max(limit.buyers_end) <= now && limit.rate.wait(now).is_zero()
        })
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
