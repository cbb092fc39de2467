//! Days as values: a date of the Gregorian calendar, without a time and without a zone.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use crate::time::Timestamp;

const MICROS_A_DAY: i64 = 86_400_000_000;
/// Korea is nine hours ahead of UTC and has no summer time.
const SEOUL_AHEAD_MICROS: i64 = 9 * 3_600_000_000;

/// A day, written `YYYY-MM-DD` (ISO 8601).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

impl Date {
    /// This day, if the calendar has it and its year is between 0 and 9999.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let date = Self { year, month, day };
        let exists = (0..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && Self::of_number(date.number()) == date;
        exists.then_some(date)
    }

    /// The day that it is in Seoul at this moment.
    pub const fn of_seoul(at: Timestamp) -> Self {
        Self::of_number(at.micros().saturating_add(SEOUL_AHEAD_MICROS).div_euclid(MICROS_A_DAY))
    }

    /// The first moment of this day in Seoul.
    pub const fn starts_in_seoul(self) -> Timestamp {
        let midnight = self.number().saturating_mul(MICROS_A_DAY);
        Timestamp::from_micros(midnight.saturating_sub(SEOUL_AHEAD_MICROS))
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus_days(1)
    }

    /// The day so many days later.
    #[must_use]
    pub const fn plus_days(self, days: u16) -> Self {
        Self::of_number(self.number() + days as i64)
    }

    /// The day so many days earlier.
    #[must_use]
    pub const fn minus_days(self, days: u16) -> Self {
        Self::of_number(self.number() - days as i64)
    }

    /// How many days ago `earlier` was; negative if it lies ahead.
    pub const fn days_since(self, earlier: Self) -> i64 {
        self.number() - earlier.number()
    }

    /// Days since 1970-01-01. Years are counted from March, so that the leap day comes last.
    const fn number(self) -> i64 {
        let (month, day) = (self.month as i64, self.day as i64);
        let year = if month <= 2 { self.year as i64 - 1 } else { self.year as i64 };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
            - 719_468
    }

    #[allow(clippy::cast_possible_truncation, reason = "a moment's year fits 20 bits")]
    #[allow(clippy::cast_sign_loss, reason = "months and days are positive")]
    const fn of_number(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
        Self { year: year as i32, month: month as u8, day: day as u8 }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a date.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is not a date like 2026-01-31")]
pub struct BadDate(String);

impl FromStr for Date {
    type Err = BadDate;

    fn from_str(text: &str) -> Result<Self, BadDate> {
        parsed(text).ok_or_else(|| BadDate(text.chars().take(64).collect()))
    }
}

fn parsed(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    Date::new(text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..].parse().ok()?)
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut day = date("1899-12-31");
        for _ in 0..146_097 {
            let next = day.next();
            assert!(day < next && next.days_since(day) == 1);
            assert_eq!(next.to_string().parse(), Ok(next));
            assert_eq!(next.minus_days(1), day);
            day = next;
        }
        assert_eq!(day, date("2299-12-31"));
    }

    #[test]
    fn leap_days_are_where_the_calendar_has_them() {
        for (day, next) in [
            ("2024-02-28", "2024-02-29"),
            ("2025-02-28", "2025-03-01"),
            ("2000-02-28", "2000-02-29"),
            ("1900-02-28", "1900-03-01"),
            ("2025-12-31", "2026-01-01"),
        ] {
            assert_eq!(date(day).next(), date(next));
        }
    }

    #[test]
    fn what_the_calendar_does_not_have_is_no_date() {
        for text in [
            "2025-02-29",
            "2025-13-01",
            "2025-00-10",
            "2025-01-00",
            "2025-04-31",
            "2025-1-1",
            "20250101",
            "2025-01-01T00:00:00",
            "+025-01-01",
            "",
            "2025-01-0é",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_begins_in_seoul_nine_hours_before_it_begins_in_utc() {
        // 2026-01-14T15:00:00Z is midnight in Seoul.
        let midnight = Timestamp::from_micros(1_768_402_800_000_000);
        assert_eq!(Date::of_seoul(midnight), date("2026-01-15"));
        assert_eq!(
            Date::of_seoul(Timestamp::from_micros(midnight.micros() - 1)),
            date("2026-01-14")
        );
        assert_eq!(date("2026-01-15").starts_in_seoul(), midnight);
        assert_eq!(Date::of_seoul(Timestamp::from_micros(0)), date("1970-01-01"));
    }

    #[test]
    fn the_ends_of_time_have_a_day() {
        for micros in [i64::MIN, i64::MAX] {
            let _ = Date::of_seoul(Timestamp::from_micros(micros)).next();
        }
    }
}
