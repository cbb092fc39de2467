//! The simulator's own time: the only place that reads a clock or waits.
//!
//! It runs on tokio's time, so a test that pauses and moves that also moves a simulator.
//! Calendar dates are plain arithmetic, because Asia/Seoul has been UTC+9 for decades.
#![allow(
    clippy::disallowed_methods,
    reason = "a simulator stands in for an outside company, which has a clock of its own"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

const SEOUL_OFFSET_MS: u64 = 9 * 60 * 60 * 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A wall clock that starts at a chosen moment and then follows tokio's time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    started_at_ms: u64,
}

impl Clock {
    /// Starts at `at_ms` (Unix milliseconds), or at the machine's own time.
    pub(crate) fn start(at_ms: Option<u64>) -> Self {
        let machine_ms = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        Self { started: Instant::now(), started_at_ms: at_ms.unwrap_or_else(machine_ms) }
    }

    /// Unix milliseconds.
    pub(crate) fn now_ms(self) -> u64 {
        self.started_at_ms + millis(self.started.elapsed())
    }
}

/// Waits; zero does not touch a timer.
pub(crate) async fn sleep_ms(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// What `work` returns, or `None` when it takes longer than `ms`.
pub(crate) async fn within_ms<T>(ms: u64, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(ms), work).await.ok()
}

/// The calendar day in Seoul, `yyyyMMdd`.
pub(crate) fn seoul_day(unix_ms: u64) -> String {
    let (year, month, day) = civil((unix_ms + SEOUL_OFFSET_MS) / DAY_MS);
    format!("{year:04}{month:02}{day:02}")
}

/// RFC 3339 in UTC with milliseconds and `Z`.
pub(crate) fn rfc3339(unix_ms: u64) -> String {
    let (year, month, day) = civil(unix_ms / DAY_MS);
    let (seconds, ms) = (unix_ms % DAY_MS / 1000, unix_ms % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Year, month and day of a day counted from 1970-01-01, in years that begin in March, so that
/// the leap day comes last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_changes_at_midnight_in_seoul() {
        let last_ms_of_the_15th = 1_755_269_999_999; // 2025-08-15T14:59:59.999Z
        assert_eq!(seoul_day(last_ms_of_the_15th), "20250815");
        assert_eq!(seoul_day(last_ms_of_the_15th + 1), "20250816");
        assert_eq!(rfc3339(last_ms_of_the_15th), "2025-08-15T14:59:59.999Z");
    }

    #[test]
    fn leap_days_are_counted() {
        assert_eq!(rfc3339(1_709_164_800_000), "2024-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
    }
}
