//! What callers are shown. Every state is an honest sentence: what is known, what is not, what
//! happens next and by when. Never a card number: the books have none.

mod giving_back;
mod next_step;
mod order;
mod payment;
mod product;
mod refund;
mod timeline;

use jiff::tz::{Offset, TimeZone};
use payonce_domain::{
    money::{Currency, Money},
    time::Timestamp,
};

use crate::language::Sentence;

pub(crate) use next_step::next_step;
pub(crate) use order::{Order, order};
pub(crate) use payment::{CARD, Payment, payment};
pub(crate) use product::{Product, product};
pub(crate) use refund::{Refund, refund};
pub(crate) use timeline::{Moment, Reader, timeline};

/// Korea keeps no summer time.
const KOREA: Offset = Offset::constant(9);

/// A moment as the API writes it: UTC with `Z`.
pub(crate) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros())
        .map_or_else(|_| at.micros().to_string(), |at| at.to_string())
}

/// A moment for a sentence: whole seconds, by the clock of those who read it.
pub(crate) fn by_when(at: Timestamp) -> Sentence {
    let Ok(at) = jiff::Timestamp::from_microsecond(at.micros()) else {
        return Sentence::new("the end of time", "아주 먼 훗날");
    };
    let korea = TimeZone::fixed(KOREA);
    Sentence::new(
        at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        at.to_zoned(korea).strftime("%-m월 %-d일 %H:%M:%S(한국 시각)").to_string(),
    )
}

/// An amount for a sentence, e.g. `24,000 KRW`, `24,000원`.
pub(crate) fn amount(money: Money) -> Sentence {
    let places = usize::from(money.currency.exponent().unwrap_or(0));
    let digits = format!("{:0>width$}", money.minor.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let mut number = String::from(if money.minor < 0 { "-" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            number.push(',');
        }
        number.push(digit);
    }
    if places > 0 {
        number.push('.');
        number.push_str(fraction);
    }
    let code = money.currency.code();
    let korean = if money.currency == Currency::KRW {
        format!("{number}원")
    } else {
        format!("{number} {code}")
    };
    Sentence::new(format!("{number} {code}"), korean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        let at = Timestamp::from_micros(1_795_000_000_123_456);
        assert_eq!(moment(at), "2026-11-18T11:06:40.123456Z");
        assert_eq!(
            by_when(at),
            Sentence::new("2026-11-18 11:06:40 UTC", "11월 18일 20:06:40(한국 시각)")
        );
    }

    #[test]
    fn amounts_are_written_as_people_read_them() {
        let cents = |minor| amount(Money::new(minor, Currency::USD)).en;
        assert_eq!(amount(Money::krw(1_234_567)), Sentence::new("1,234,567 KRW", "1,234,567원"));
        assert_eq!(amount(Money::krw(0)).en, "0 KRW");
        assert_eq!((cents(5), cents(123_456)), ("0.05 USD".to_owned(), "1,234.56 USD".to_owned()));
    }
}
