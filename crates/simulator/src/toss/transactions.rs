//! `GET /v1/transactions`, §13: a row per approval and per cancel, walked by a cursor.

use std::collections::HashMap;

use axum::extract::{Query, Request, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;

use super::Simulator;
use super::codes::{self, Code};
use super::operation::Operation;
use super::payment::Status;
use super::request::Call;
use super::settings::Sign;
use super::store::{Movement, Store};
use super::wire::{Answer, Reply, receipt_url};
use crate::clock::{parse_seoul, seoul_time};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 5_000;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    m_id: &'a str,
    transaction_key: &'a str,
    payment_key: &'a str,
    order_id: &'a str,
    method: &'static str,
    customer_key: Option<&'a str>,
    use_escrow: bool,
    receipt_url: String,
    status: Status,
    transaction_at: String,
    currency: &'static str,
    amount: i64,
}

pub(super) async fn list(State(simulator): State<Simulator>, request: Request) -> Response {
    let call = Call::read(Operation::Transactions, request).await;
    let query = parameters(&call.uri);
    simulator.take(call, move |simulator| execute(simulator, &query)).await
}

/// The query of a request; one that cannot be read is empty.
pub(super) fn parameters(uri: &Uri) -> HashMap<String, String> {
    Query::try_from_uri(uri).map(|Query(query)| query).unwrap_or_default()
}

/// A required date of a query.
pub(super) fn date(query: &HashMap<String, String>, name: &str) -> Result<u64, &'static Code> {
    let text = query.get(name).ok_or(&codes::INVALID_REQUEST)?;
    parse_seoul(text).ok_or(&codes::INVALID_DATE)
}

fn execute(simulator: &Simulator, query: &HashMap<String, String>) -> Answer {
    let (from_ms, to_ms) = (date(query, "startDate")?, date(query, "endDate")?);
    let limit = match query.get("limit") {
        None => LIMIT_DEFAULT,
        Some(text) => text.parse().map_err(|_| &codes::INVALID_REQUEST)?,
    };
    if limit > LIMIT_MAX {
        return Err(&codes::EXCEED_MAX_QUERY_LIMIT);
    }
    let settings = simulator.settings();
    let store = simulator.store();
    let skipped = match query.get("startingAfter") {
        None => 0,
        Some(key) => {
            let at = store.movements.iter().position(|one| one.transaction_key == *key);
            at.ok_or(&codes::INVALID_PAGING_KEY)? + 1
        }
    };
    let rows: Vec<_> = store
        .movements
        .iter()
        .skip(skipped)
        .filter(|one| (from_ms..=to_ms).contains(&whole_second(one.at_ms)))
        .take(limit)
        .map(|one| Row::of(one, &store, &settings.m_id, settings.settlement.cancel_lines))
        .collect();
    Ok(Reply::ok(&rows))
}

/// Rows show whole seconds, and are filtered by what they show.
fn whole_second(ms: u64) -> u64 {
    ms / 1000 * 1000
}

impl<'a> Row<'a> {
    fn of(movement: &'a Movement, store: &'a Store, m_id: &'a str, sign: Sign) -> Self {
        let payment = &store.payments()[movement.payment];
        Self {
            m_id,
            transaction_key: &movement.transaction_key,
            payment_key: &payment.key,
            order_id: &payment.purchase.order_id,
            method: "카드",
            customer_key: movement.customer_key.as_deref(),
            use_escrow: false,
            receipt_url: receipt_url(&payment.key),
            status: movement.status(store),
            transaction_at: seoul_time(movement.at_ms),
            currency: "KRW",
            amount: movement.signed_amount(sign),
        }
    }
}

impl Movement {
    /// The status the payment had right after it.
    fn status(&self, store: &Store) -> Status {
        let payment = &store.payments()[self.payment];
        match self.cancel.map(|at| &payment.cancels[at]) {
            None => Status::Done,
            Some(cancel) if cancel.amount == payment.purchase.amount => Status::Canceled,
            Some(_) => Status::PartialCanceled,
        }
    }

    /// What it moved; the sign of cancels is a setting.
    pub(super) fn signed_amount(&self, sign: Sign) -> i64 {
        let amount = i64::try_from(self.amount).unwrap_or(i64::MAX);
        match (self.cancel, sign) {
            (Some(_), Sign::Negative) => -amount,
            (Some(_), Sign::Positive) | (None, _) => amount,
        }
    }
}
