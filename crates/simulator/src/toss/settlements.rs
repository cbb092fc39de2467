//! `GET /v1/settlements`, §13: a line per approval and per cancel, from the next day in Seoul on.
//!
//! Lines tell the truth about what was done, unless [`super::mismatch`] was asked for.

use std::collections::HashMap;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use super::Simulator;
use super::codes;
use super::operation::Operation;
use super::payment::eleventh;
use super::request::Call;
use super::settings::{Settings, Settlement};
use super::store::{Movement, Store};
use super::transactions::{date, parameters};
use super::wire::{Answer, CancelObject, CardObject, Reply};
use crate::clock::{date_of_day, seoul_day_number, seoul_time};

const SIZE_DEFAULT: usize = 100;
const SIZE_MAX: usize = 5_000;
const DATE_LENGTH: usize = "yyyy-MM-dd".len();

/// One line, §13.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    m_id: String,
    pub(super) payment_key: String,
    pub(super) transaction_key: String,
    pub(super) order_id: String,
    currency: &'static str,
    method: &'static str,
    amount: i64,
    interest_fee: i64,
    fees: Vec<Fee>,
    supply_amount: i64,
    vat: i64,
    pay_out_amount: i64,
    pub(super) approved_at: String,
    sold_date: String,
    paid_out_date: String,
    card: Value,
    easy_pay: Value,
    gift_certificate: Value,
    mobile_phone: Value,
    transfer: Value,
    virtual_account: Value,
    cancel: Value,
}

#[derive(Clone, Debug, Serialize)]
struct Fee {
    r#type: &'static str,
    fee: i64,
}

pub(super) async fn list(State(simulator): State<Simulator>, request: Request) -> Response {
    let call = Call::read(Operation::Settlements, request).await;
    let query = parameters(&call.uri);
    simulator.take(call, move |simulator| execute(simulator, &query)).await
}

fn execute(simulator: &Simulator, query: &HashMap<String, String>) -> Answer {
    let (from, to) = (day(query, "startDate")?, day(query, "endDate")?);
    let by_payout = match query.get("dateType").map(String::as_str) {
        None | Some("soldDate") => false,
        Some("paidOutDate") => true,
        Some(_) => return Err(&codes::INVALID_REQUEST),
    };
    let number = |name, default| match query.get(name) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| &codes::INVALID_REQUEST),
    };
    let (page, size) = (number("page", 1)?, number("size", SIZE_DEFAULT)?);
    if page == 0 || !(1..=SIZE_MAX).contains(&size) {
        return Err(&codes::INVALID_REQUEST);
    }
    let page_of: Vec<_> = simulator
        .settlement_lines()
        .into_iter()
        .filter(|line| {
            let day = if by_payout { &line.paid_out_date } else { &line.sold_date };
            (from.as_str()..=to.as_str()).contains(&day.as_str())
        })
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .collect();
    Ok(Reply::ok(&page_of))
}

/// A date without a time. Written year first, dates compare as they follow each other.
fn day(query: &HashMap<String, String>, name: &str) -> Result<String, &'static codes::Code> {
    date(query, name)?;
    let text = query.get(name).filter(|text| text.len() == DATE_LENGTH);
    text.cloned().ok_or(&codes::INVALID_DATE)
}

impl Simulator {
    /// Every line that is to be seen by now, mismatches included.
    fn settlement_lines(&self) -> Vec<Line> {
        let settings = self.settings();
        let now_ms = self.now_ms();
        let today = seoul_day_number(now_ms);
        let store = self.store();
        let lines = store
            .movements
            .iter()
            .filter(|one| seoul_day_number(one.at_ms) < today)
            .map(|one| Line::of(one, &store, &settings));
        let mut lines: Vec<_> = lines.collect();
        for mismatch in &store.mismatches {
            mismatch.apply(&mut lines, &settings, now_ms);
        }
        lines
    }
}

impl Line {
    fn of(movement: &Movement, store: &Store, settings: &Settings) -> Self {
        let payment = &store.payments()[movement.payment];
        let approved_at_ms =
            payment.approval.as_ref().map_or(movement.at_ms, |approval| approval.at_ms);
        let mut line = Self::plain(
            movement.signed_amount(settings.settlement.cancel_lines),
            seoul_day_number(movement.at_ms),
            settings,
        );
        line.payment_key.clone_from(&payment.key);
        line.transaction_key.clone_from(&movement.transaction_key);
        line.order_id.clone_from(&payment.purchase.order_id);
        line.approved_at = seoul_time(approved_at_ms);
        line.card = serde_json::to_value(CardObject::of(payment)).unwrap_or_default();
        let cancel = movement.cancel.map(|at| CancelObject::of(&payment.cancels[at]));
        line.cancel = serde_json::to_value(cancel).unwrap_or_default();
        line
    }

    /// A line of this amount and accounting day that belongs to no payment.
    pub(super) fn plain(amount: i64, sold_day: u64, settings: &Settings) -> Self {
        let mut line = Self {
            m_id: settings.m_id.clone(),
            payment_key: String::new(),
            transaction_key: String::new(),
            order_id: String::new(),
            currency: "KRW",
            method: "카드",
            amount: 0,
            interest_fee: 0,
            fees: Vec::new(),
            supply_amount: 0,
            vat: 0,
            pay_out_amount: 0,
            approved_at: String::new(),
            sold_date: date_of_day(sold_day),
            paid_out_date: date_of_day(sold_day + settings.settlement.paid_out_after_days),
            card: Value::Null,
            easy_pay: Value::Null,
            gift_certificate: Value::Null,
            mobile_phone: Value::Null,
            transfer: Value::Null,
            virtual_account: Value::Null,
            cancel: Value::Null,
        };
        line.charge(amount, fee_of(amount, &settings.settlement));
        line
    }

    /// The amount, its base fee, and what follows from them.
    pub(super) fn charge(&mut self, amount: i64, fee: i64) {
        let vat = i64::try_from(eleventh(fee.unsigned_abs())).unwrap_or_default() * fee.signum();
        self.amount = amount;
        self.fees = vec![Fee { r#type: "BASE", fee }];
        self.vat = vat;
        self.supply_amount = fee - vat;
        self.pay_out_amount = amount.saturating_sub(fee);
    }

    /// The amount and the base fee as they are.
    pub(super) fn charged(&self) -> (i64, i64) {
        (self.amount, self.amount.saturating_sub(self.pay_out_amount))
    }
}

/// Rounded half away from zero, with the sign of the amount.
fn fee_of(amount: i64, settlement: &Settlement) -> i64 {
    let points = i64::from(settlement.fee_basis_points);
    amount.saturating_abs().saturating_mul(points).saturating_add(5_000) / 10_000 * amount.signum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_split_into_supply_and_vat() {
        let line = Line::plain(15_000, 0, &Settings::default());
        assert_eq!((line.fees[0].fee, line.supply_amount, line.vat), (495, 450, 45));
        assert_eq!(line.pay_out_amount, 14_505);
        let back = Line::plain(-5_000, 0, &Settings::default());
        assert_eq!((back.fees[0].fee, back.supply_amount, back.vat), (-165, -150, -15));
        assert_eq!(back.charged(), (-5_000, -165));
    }
}
