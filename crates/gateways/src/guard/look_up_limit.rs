//! The gateway's own limit of look-ups. One that is kept back here touches neither the wire nor the
//! breaker; its appointment comes again.

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

/// Lets as many look-ups through as the manners permit.
#[derive(Debug)]
pub(super) struct LookUpLimit {
    limit: Option<(u32, Mutex<RateLimit>)>,
    kept_back: AtomicU64,
}

impl LookUpLimit {
    /// The limit of these manners; none if they set none.
    pub(super) fn of(manners: &Manners) -> Self {
        let limited = |a_minute| (a_minute, Mutex::new(RateLimit::new(pace(a_minute))));
        Self { limit: manners.look_ups_per_minute.map(limited), kept_back: AtomicU64::new(0) }
    }

    /// Lets one look-up through, or says why not.
    pub(super) fn acquire(&self, now: Moment) -> Result<(), String> {
        let Some((a_minute, limit)) = &self.limit else { return Ok(()) };
        limit.lock().acquire(now).map_err(|_wait| {
            self.kept_back.fetch_add(1, Relaxed);
            format!("look-ups are limited to {a_minute} a minute")
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
