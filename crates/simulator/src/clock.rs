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

/// The calendar day in Seoul as a number of days since 1970-01-01.
pub(crate) fn seoul_day_number(unix_ms: u64) -> u64 {
    (unix_ms + SEOUL_OFFSET_MS) / DAY_MS
}

/// A day counted from 1970-01-01, `yyyy-MM-dd`.
pub(crate) fn date_of_day(day: u64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Seoul's wall clock with its offset, `yyyy-MM-ddTHH:mm:ss+09:00`.
pub(crate) fn seoul_time(unix_ms: u64) -> String {
    format!("{}+09:00", seoul_seconds(unix_ms))
}

/// Seoul's wall clock with microseconds and no offset, `yyyy-MM-ddTHH:mm:ss.SSSSSS`.
pub(crate) fn seoul_micros(unix_ms: u64) -> String {
    format!("{}.{:03}000", seoul_seconds(unix_ms), unix_ms % 1000)
}

/// Seoul's wall clock in digits only, `yyyyMMddHHmmss`.
pub(crate) fn seoul_digits(unix_ms: u64) -> String {
    seoul_seconds(unix_ms).chars().filter(char::is_ascii_digit).collect()
}

/// Reads `yyyy-MM-dd` or `yyyy-MM-ddTHH:mm:ss`, both without offset, as Seoul's wall clock.
pub(crate) fn parse_seoul(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let [year, month, day] = digits(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = digits(time, ':', [2, 2, 2])?;
    let days = day_number(year, month, day);
    let exists = civil(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
    let ms = days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
    exists.then_some(ms)?.checked_sub(SEOUL_OFFSET_MS)
}

fn seoul_seconds(unix_ms: u64) -> String {
    let mut text = rfc3339(unix_ms + SEOUL_OFFSET_MS);
    text.truncate("yyyy-MM-ddTHH:mm:ss".len());
    text
}

/// Three numbers of these widths with `between` in between.
fn digits(text: &str, between: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let parts: Vec<&str> = text.split(between).collect();
    let parts: [&str; 3] = parts.try_into().ok()?;
    let mut numbers = [0; 3];
    for ((number, part), width) in numbers.iter_mut().zip(parts).zip(widths) {
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    Some(numbers)
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

/// The inverse of [`civil`] for dates from 1970 on; a date that does not exist gives another's.
fn day_number(year: u64, month: u64, day: u64) -> u64 {
    let (shifted_year, shifted_month) =
        if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * shifted_month + 2) / 5 + day.saturating_sub(1);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).saturating_sub(719_468)
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

    #[test]
    fn seoul_is_nine_hours_ahead_and_reads_back() {
        let now = 1_768_353_330_481; // 2026-01-14T01:15:30.481Z
        assert_eq!(seoul_time(now), "2026-01-14T10:15:30+09:00");
        assert_eq!(seoul_micros(now), "2026-01-14T10:15:30.481000");
        assert_eq!(seoul_digits(now), "20260114101530");
        assert_eq!(parse_seoul("2026-01-14T10:15:30"), Some(now - 481));
        assert_eq!(parse_seoul("2026-01-14"), Some(1_768_316_400_000));
        assert_eq!(date_of_day(seoul_day_number(now)), "2026-01-14");
    }

    #[test]
    fn dates_that_do_not_exist_or_carry_an_offset_are_not_read() {
        for text in ["2026-02-29", "2026-13-01", "2026-01-00", "2026-1-1", "2026-01-14T10:15:30Z"] {
            assert_eq!(parse_seoul(text), None, "{text}");
        }
        assert!(parse_seoul("2024-02-29").is_some());
    }
}
