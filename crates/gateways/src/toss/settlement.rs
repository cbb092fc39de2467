//! What Toss tells of a day afterwards (§13): settlement lines with their fees, and the list of what
//! moved. Days are Seoul's.
//!
//! A row that cannot be read stops no other: it is told apart. These calls have none of the guard's
//! layers; whoever makes them bounds their time (reads of up to 60 s are documented, §11).

use std::fmt;

use jiff::{
    civil,
    tz::{Offset, TimeZone},
};
use payonce_domain::{money::Money, time::Timestamp};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Number, value::RawValue};

use super::{Toss, amount, answers::Refused, codes, is_key, segment};
use crate::transport::Response;

/// Lines on one page of settlements: with the card and wallet objects that come along, well within
/// the longest answer that is read.
const LINES_A_PAGE: usize = 200;
/// Rows on one page of transactions, which are a third as long.
const ROWS_A_PAGE: usize = 1_000;
/// No day has more pages; a gateway that always has one more is not walked for ever.
const PAGES_AT_MOST: usize = 2_000;

/// Which way the money of one movement went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From the buyer.
    Charge,
    /// Back to the buyer.
    Refund,
}

/// One line of the settlement. All sums have the sign of the movement's amount, which is positive in
/// either direction: of a refund, `fee` is what Toss gives back of its fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledLine {
    /// The payment's key.
    pub reference: String,
    /// The key of this one approval or cancel.
    pub movement: String,
    /// The order id that Toss knows the payment by.
    pub order_id: String,
    /// Which way the money went.
    pub kind: Kind,
    /// How much moved.
    pub amount: Money,
    /// All that Toss keeps, VAT included.
    pub fee: Money,
    /// The VAT in the fee.
    pub vat: Money,
    /// What is left of the amount.
    pub pay_out: Money,
    /// When it moved.
    pub at: Option<Timestamp>,
    /// The day it is booked on.
    pub sold_on: civil::Date,
    /// The day it is paid out.
    pub paid_out_on: civil::Date,
}

/// One row of the list of transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRow {
    /// The payment's key.
    pub reference: String,
    /// The key of this one approval or cancel.
    pub movement: String,
    /// The order id that Toss knows the payment by.
    pub order_id: String,
    /// Which way the money went.
    pub kind: Kind,
    /// How much moved; positive in either direction.
    pub amount: Money,
    /// When it moved.
    pub at: Timestamp,
}

/// All that was told of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// What could be read, in the order of the gateway.
    pub rows: Vec<T>,
    /// What could not, each with the reason; people must look.
    pub unreadable: Vec<String>,
}

impl Toss {
    /// The lines that are booked on this day; they appear from the day after on, and for live keys
    /// only. An error says why there is no complete list.
    pub async fn settlements(&self, day: civil::Date) -> Result<Told<SettledLine>, String> {
        let until = next(day)?;
        let mut told = Told { rows: Vec::new(), unreadable: Vec::new() };
        for page in 1..=PAGES_AT_MOST {
            // Whether the last day is included is not documented (§16): one more is asked for.
            let query = format!(
                "startDate={day}&endDate={until}&dateType=soldDate&page={page}&size={LINES_A_PAGE}"
            );
            let rows = self.rows(&format!("/v1/settlements?{query}")).await?;
            for row in &rows {
                match read(row).and_then(|line: Line| line.settled()) {
                    Ok(line) if line.sold_on == day => told.rows.push(line),
                    Ok(_) => {}
                    Err(why) => told.unreadable.push(named(row, why)),
                }
            }
            // There is no total: a page that is not full is the last.
            if rows.len() < LINES_A_PAGE {
                return Ok(told);
            }
        }
        Err(format!("the settlement of {day} has no end"))
    }

    /// What moved on this day; visible the same day, though not within seconds. An error says why
    /// there is no complete list.
    pub async fn transactions(&self, day: civil::Date) -> Result<Told<TransactionRow>, String> {
        let until = next(day)?;
        let mut told = Told { rows: Vec::new(), unreadable: Vec::new() };
        let mut cursor: Option<String> = None;
        for _page in 0..PAGES_AT_MOST {
            let after = cursor
                .as_ref()
                .map_or_else(String::new, |last| format!("&startingAfter={}", segment(last)));
            // A suffix for the zone is refused; the times are Seoul's.
            let query = format!(
                "startDate={day}T00:00:00&endDate={until}T00:00:00{after}&limit={ROWS_A_PAGE}"
            );
            let rows = self.rows(&format!("/v1/transactions?{query}")).await?;
            for row in &rows {
                match read(row).and_then(|row: Row| row.moved()) {
                    Ok(Some(row)) if in_seoul(row.at) == Some(day) => told.rows.push(row),
                    Ok(_) => {}
                    Err(why) => told.unreadable.push(named(row, why)),
                }
            }
            if rows.len() < ROWS_A_PAGE {
                return Ok(told);
            }
            let last = rows.last().and_then(|row| serde_json::from_str(row.get()).ok());
            let last = last.map(|Cursor { transaction_key }| transaction_key);
            if last.is_none() || last == cursor {
                return Err(format!("the transactions of {day} cannot be walked"));
            }
            cursor = last;
        }
        Err(format!("the transactions of {day} have no end"))
    }

    /// One page: a bare array.
    async fn rows(&self, path_and_query: &str) -> Result<Vec<Box<RawValue>>, String> {
        let response = self.get(path_and_query).await.map_err(super::said)?;
        if response.status.as_u16() != 200 {
            return Err(Refused::by(&response, codes::of_charge).text);
        }
        array(&response).ok_or_else(|| "the answer is not a list".to_owned())
    }
}

fn array(response: &Response) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_slice(&response.body).ok()
}

fn read<T: DeserializeOwned>(row: &RawValue) -> Result<T, Unreadable> {
    serde_json::from_str(row.get()).map_err(|_| Unreadable("it has not the documented shape"))
}

/// Why one row cannot be read.
#[derive(Debug, Clone, Copy)]
struct Unreadable(&'static str);

/// Says which row cannot be read, by its key if it has one.
fn named(row: &RawValue, Unreadable(why): Unreadable) -> String {
    match serde_json::from_str(row.get()) {
        Ok(Cursor { transaction_key }) if is_key(&transaction_key) => {
            format!("{transaction_key}: {why}")
        }
        _ => format!("a row without a transaction key: {why}"),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cursor {
    transaction_key: String,
}

/// A settlement line as it travels.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    payment_key: String,
    transaction_key: String,
    order_id: String,
    currency: Option<String>,
    amount: Number,
    fees: Vec<Fee>,
    vat: Number,
    pay_out_amount: Number,
    approved_at: Option<String>,
    sold_date: civil::Date,
    paid_out_date: civil::Date,
    cancel: Option<Cancelled>,
}

#[derive(Deserialize)]
struct Fee {
    fee: NumberOrText,
}

/// Old examples show fees as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(Number),
    Text(String),
}

impl fmt::Display for NumberOrText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The one cancel that a line is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    canceled_at: Option<String>,
}

impl Line {
    fn settled(self) -> Result<SettledLine, Unreadable> {
        let currency = self.currency.as_deref().unwrap_or("KRW");
        let read = |text: String| {
            amount::parse(&text, currency).ok_or(Unreadable("it has a sum that is none"))
        };
        let amount = read(self.amount.to_string())?;
        let pay_out = magnitude(read(self.pay_out_amount.to_string())?);
        let vat = magnitude(read(self.vat.to_string())?);
        let mut fee = Money { minor: 0, ..amount };
        for part in &self.fees {
            let part = read(part.fee.to_string())?;
            fee = fee.plus(part).map_err(|_| Unreadable("its fees have no sum"))?;
        }
        let is_refund = self.cancel.is_some() || amount.minor < 0;
        let amount = magnitude(amount);
        // The signs of a cancel's sums are not documented (§16). What is kept is what the amount
        // exceeds the payout by; a payout above the amount has a fee of the other sign.
        let turned = if pay_out.minor > amount.minor { Money::negated } else { |sum: Money| sum };
        let moved_at = match &self.cancel {
            Some(cancel) => cancel.canceled_at.as_deref(),
            None => self.approved_at.as_deref(),
        };
        if !is_key(&self.payment_key) || !is_key(&self.transaction_key) {
            return Err(Unreadable("its keys are none"));
        }
        Ok(SettledLine {
            kind: if is_refund { Kind::Refund } else { Kind::Charge },
            amount,
            fee: turned(magnitude(fee)),
            vat: turned(vat),
            pay_out,
            at: moved_at.and_then(moment),
            sold_on: self.sold_date,
            paid_out_on: self.paid_out_date,
            reference: self.payment_key,
            movement: self.transaction_key,
            order_id: self.order_id,
        })
    }
}

/// A transaction as it travels.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    payment_key: String,
    transaction_key: String,
    order_id: String,
    currency: Option<String>,
    amount: Number,
    status: super::wire::Status,
    transaction_at: String,
}

impl Row {
    /// The movement that it tells of; `None` if no money moved, as for an account that waits for its
    /// deposit.
    fn moved(self) -> Result<Option<TransactionRow>, Unreadable> {
        use super::wire::Status;
        let currency = self.currency.as_deref().unwrap_or("KRW");
        let amount =
            amount::read(&self.amount, currency).ok_or(Unreadable("it has a sum that is none"))?;
        let kind = match self.status {
            _ if amount.minor < 0 => Kind::Refund,
            Status::Done => Kind::Charge,
            Status::Canceled | Status::PartialCanceled => Kind::Refund,
            Status::Ready
            | Status::InProgress
            | Status::WaitingForDeposit
            | Status::Aborted
            | Status::Expired => return Ok(None),
            Status::Unheard => return Err(Unreadable("it has a status that we do not know")),
        };
        if !is_key(&self.payment_key) || !is_key(&self.transaction_key) {
            return Err(Unreadable("its keys are none"));
        }
        Ok(Some(TransactionRow {
            kind,
            amount: magnitude(amount),
            at: moment(&self.transaction_at).ok_or(Unreadable("it has no readable time"))?,
            reference: self.payment_key,
            movement: self.transaction_key,
            order_id: self.order_id,
        }))
    }
}

fn magnitude(sum: Money) -> Money {
    if sum.minor < 0 { sum.negated() } else { sum }
}

fn next(day: civil::Date) -> Result<civil::Date, String> {
    day.tomorrow().map_err(|error| error.to_string())
}

/// Korea is nine hours ahead of UTC and has no summer time.
const SEOUL: Offset = Offset::constant(9);

/// A time as it travels (§2); without an offset it is Seoul's.
fn moment(text: &str) -> Option<Timestamp> {
    let with_offset = || text.parse::<jiff::Timestamp>().ok();
    let without = || {
        let local: civil::DateTime = text.parse().ok()?;
        Some(local.to_zoned(TimeZone::fixed(SEOUL)).ok()?.timestamp())
    };
    Some(Timestamp::from_micros(with_offset().or_else(without)?.as_microsecond()))
}

/// The day that it is in Seoul at this moment.
fn in_seoul(at: Timestamp) -> Option<civil::Date> {
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(SEOUL.to_datetime(at).date())
}
