//! One row: what its cells say, as a line.

use payonce_domain::{
    money::{Currency, Money},
    reconciliation::{Date, MovementType, Settled, SettlementLine},
    time::Timestamp,
};

use super::{Origin, columns::Column};

/// What is wrong in one cell.
#[derive(Debug)]
pub(super) struct BadCell {
    pub(super) column: Column,
    pub(super) what: String,
}

/// Reads a row by its cells; an empty cell is none.
pub(super) fn read<'c>(
    cell: impl Fn(Column) -> Option<&'c str>,
    origin: &Origin,
) -> Result<SettlementLine, BadCell> {
    let row = Row { cell, origin };
    let currency = row.currency()?;
    let signed = row.needed(Column::Amount).and_then(|text| sum(Column::Amount, text, currency))?;
    let kind = row.kind(signed)?;
    // Of a row that is written as a minus, all sums are.
    let turned = |sum: Money| if signed.minor < 0 { sum.negated() } else { sum };
    let amount = turned(signed);
    if amount.minor <= 0 {
        return Err(BadCell { column: Column::Amount, what: "nothing moved".to_owned() });
    }
    let at = row.optional(Column::At).map(moment).transpose()?;
    let (reference, movement) = row.keys(kind)?;
    Ok(SettlementLine {
        gateway: origin.gateway.clone(),
        reference,
        movement,
        gateway_order_id: row.needed(Column::OrderId)?.to_owned(),
        kind,
        amount,
        at,
        settled: row.settled(amount, at, turned)?,
    })
}

struct Row<'o, F> {
    cell: F,
    origin: &'o Origin,
}

impl<'c, F: Fn(Column) -> Option<&'c str>> Row<'_, F> {
    fn optional(&self, column: Column) -> Option<&'c str> {
        (self.cell)(column).map(str::trim).filter(|text| !text.is_empty())
    }

    fn needed(&self, column: Column) -> Result<&'c str, BadCell> {
        self.optional(column)
            .ok_or_else(|| BadCell { column, what: format!("there is no {}", column.wanted()) })
    }

    fn currency(&self) -> Result<Currency, BadCell> {
        let Some(code) = self.optional(Column::Currency) else { return Ok(Currency::KRW) };
        Currency::from_code(&code.to_uppercase()).ok_or_else(|| BadCell {
            column: Column::Currency,
            what: format!("{code:?} is not a currency like KRW"),
        })
    }

    /// By its word, else by its sign.
    fn kind(&self, amount: Money) -> Result<MovementType, BadCell> {
        let Some(text) = self.optional(Column::Kind) else {
            let is_minus = amount.minor < 0;
            return Ok(if is_minus { MovementType::Refund } else { MovementType::Charge });
        };
        let word = text.to_lowercase().replace([' ', '_'], "");
        match &*word {
            "charge" | "done" | "approved" | "payment" | "승인" | "결제" | "결제완료" | "완료"
            | "매출" => Ok(MovementType::Charge),
            "refund" | "cancel" | "canceled" | "cancelled" | "partialcanceled" | "취소"
            | "부분취소" | "전체취소" | "결제취소" | "승인취소" | "환불" | "부분환불" => {
                Ok(MovementType::Refund)
            }
            _ => Err(BadCell {
                column: Column::Kind,
                what: format!("{text:?} is neither a charge (승인) nor a refund (취소)"),
            }),
        }
    }

    /// The keys of the payment and of the movement. A payment has one charge, so one key names both;
    /// it may have many refunds, so each needs its own.
    fn keys(&self, kind: MovementType) -> Result<(String, String), BadCell> {
        let (reference, movement) =
            (self.optional(Column::Reference), self.optional(Column::Movement));
        let (reference, movement) = match (reference, movement, kind) {
            (Some(reference), Some(movement), _) => (reference, movement),
            (Some(only), None, MovementType::Charge) | (None, Some(only), MovementType::Charge) => {
                (only, only)
            }
            (Some(_), None, MovementType::Refund) => {
                return Err(self.needed(Column::Movement).err().unwrap_or(BadCell {
                    column: Column::Movement,
                    what: "a refund needs a key of its own".to_owned(),
                }));
            }
            (None, _, _) => (self.needed(Column::Reference)?, ""),
        };
        Ok((reference.to_owned(), movement.to_owned()))
    }

    /// How it is paid out, if the row says anything of that.
    fn settled(
        &self,
        amount: Money,
        at: Option<Timestamp>,
        turned: impl Fn(Money) -> Money,
    ) -> Result<Option<Settled>, BadCell> {
        let read = |column| {
            let text = self.optional(column);
            let read = text.map(|text| sum(column, text, amount.currency)).transpose()?;
            Ok(read.map(&turned))
        };
        let (fee, supply, pay_out) =
            (read(Column::Fee)?, read(Column::Supply)?, read(Column::PayOut)?);
        let vat = read(Column::Vat)?.unwrap_or(Money { minor: 0, ..amount });
        let too_large = |column: Column| BadCell { column, what: "it is too large".to_owned() };
        let fee = match (fee, supply, pay_out) {
            (Some(fee), _, _) => fee,
            (None, Some(supply), _) => supply.plus(vat).map_err(|_| too_large(Column::Supply))?,
            (None, None, Some(pay_out)) => {
                amount.plus(pay_out.negated()).map_err(|_| too_large(Column::PayOut))?
            }
            (None, None, None) => return Ok(None),
        };
        let pay_out = match pay_out {
            Some(pay_out) => pay_out,
            None => amount.plus(fee.negated()).map_err(|_| too_large(Column::Fee))?,
        };
        let date = |column| self.optional(column).map(|text| day(column, text)).transpose();
        let moved_on = at.map_or(self.origin.day, Date::of_seoul);
        let sold_on = date(Column::SoldOn)?.unwrap_or(moved_on);
        let paid_out_on = date(Column::PaidOutOn)?.unwrap_or(sold_on);
        Ok(Some(Settled { fee, vat, pay_out, sold_on, paid_out_on }))
    }
}

/// A sum as people write it: `15000`, `-15,000`, `₩15,000`, `15000원`, `10.50`.
fn sum(column: Column, text: &str, currency: Currency) -> Result<Money, BadCell> {
    let bad = || BadCell { column, what: format!("{text:?} is not a sum like 15000") };
    let plain: String =
        text.chars().filter(|c| !matches!(c, ',' | ' ' | '₩' | '원' | '$' | '+')).collect();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.as_str()),
    };
    let places = usize::from(currency.exponent().unwrap_or(0));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let beyond = part.get(places..).unwrap_or_default();
    if whole.is_empty() || !is_number(whole) || !is_number(part) || beyond.contains(|c| c != '0') {
        return Err(bad());
    }
    let part = &part[..part.len().min(places)];
    let minor = format!("{sign}{whole}{part:0<places$}").parse().map_err(|_| bad())?;
    Ok(Money::new(minor, currency))
}

/// A day as people write it: `2026-01-14`, `2026.01.14`, `2026/1/14`, `20260114`; a time after it is
/// left out.
fn day(column: Column, text: &str) -> Result<Date, BadCell> {
    let bad = || BadCell { column, what: format!("{text:?} is not a day like 2026-01-14") };
    let (day, _time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    numbers(day).and_then(|(year, month, day)| Date::new(year, month, day)).ok_or_else(bad)
}

fn numbers(text: &str) -> Option<(i32, u8, u8)> {
    let text = text.trim_end_matches('.');
    if text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?));
    }
    let mut parts = text.split(['-', '.', '/']).map(str::trim);
    let numbers =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(numbers)
}

/// A moment as people write it; without an offset it is Seoul's. A day alone is its beginning.
fn moment(text: &str) -> Result<Timestamp, BadCell> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp::from_micros(at.as_microsecond()));
    }
    let column = Column::At;
    let bad = || BadCell {
        column,
        what: format!("{text:?} is not a moment like 2026-01-14T10:16:02+09:00"),
    };
    let day = day(column, text).map_err(|_| bad())?;
    let time = text.split_once([' ', 'T']).map_or("00:00:00", |(_day, time)| time.trim());
    let time: jiff::civil::Time = time.parse().map_err(|_| bad())?;
    let since_midnight = time - jiff::civil::Time::midnight();
    let micros = since_midnight.total(jiff::Unit::Microsecond).map_err(|_| bad())?;
    #[expect(clippy::cast_possible_truncation, reason = "a day has fewer microseconds")]
    Ok(Timestamp::from_micros(day.starts_in_seoul().micros() + micros as i64))
}
