//! The two look-ups, §5 and §6: no delay and no failure of their own, unless faults are on.

use std::collections::HashMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::Simulator;
use super::callback::{wrong_amount, wrong_order};
use super::plan::LookUpFault;
use super::request::owner;
use super::wire::{self, Answer, OrderDetail, Refusal, TransactionDetail, TransactionSummary};
use crate::clock::sleep_ms;
use crate::connection;

/// `GET /api/v1/payments/{transactionKey}`: one transaction of this owner.
pub(super) async fn by_key(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Answer {
    let owner = owner(&headers)?;
    let order_id = simulator.books_mut().by_key(&key).map(|found| found.order_id.clone());
    let missing = Refusal::no_transaction(&key);
    let view = match simulator.undergo(order_id.as_deref(), &missing).await {
        Seen::Books(view) => view,
        Seen::Instead(response) => return Ok(response),
    };
    let books = simulator.books_mut();
    let found = books.by_key(&key).filter(|found| found.owner == owner).ok_or(missing)?;
    let mut detail = TransactionDetail::of(found);
    let other_order = wrong_order(detail.order_id);
    match view {
        View::True => {}
        View::WrongOrder => detail.order_id = &other_order,
        View::WrongAmount => detail.amount = wrong_amount(detail.amount),
    }
    Ok(wire::success(detail))
}

/// `GET /api/v1/payments?orderId=…`: all transactions of this owner's order, newest first.
pub(super) async fn by_order(
    State(simulator): State<Simulator>,
    query: Result<Query<HashMap<String, String>>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let owner = owner(&headers)?;
    let order_id = query
        .ok()
        .and_then(|Query(mut query)| query.remove("orderId"))
        .ok_or_else(Refusal::generic)?;
    let is_number = simulator.settings().variants.numeric_port;
    let order_id = if is_number { as_number(&order_id)? } else { order_id };
    let missing = Refusal::no_order(&order_id);
    let view = match simulator.undergo(Some(&order_id), &missing).await {
        Seen::Books(view) => view,
        Seen::Instead(response) => return Ok(response),
    };
    let books = simulator.books_mut();
    let found = if is_number {
        books.by_order_number(&owner, &order_id).collect()
    } else {
        books.by_order(&owner, &order_id)
    };
    if found.is_empty() {
        return Err(missing);
    }
    let other_order = wrong_order(&order_id);
    Ok(wire::success(OrderDetail {
        order_id: if view == View::WrongOrder { &other_order } else { &order_id },
        transactions: found.into_iter().map(TransactionSummary::of).collect(),
    }))
}

/// The numeric port reads a 64-bit integer; what is none is an unexpected error there.
fn as_number(order_id: &str) -> Result<String, Refusal> {
    order_id.parse::<i64>().map(|number| number.to_string()).map_err(|_| Refusal::generic())
}

/// How the books are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    True,
    WrongOrder,
    WrongAmount,
}

/// What a look-up gets to see.
enum Seen {
    Books(View),
    Instead(Response),
}

impl Simulator {
    /// Lives through the fault scripted or drawn for this look-up, if any.
    async fn undergo(&self, order_id: Option<&str>, missing: &Refusal) -> Seen {
        self.books_mut().counts.look_ups += 1;
        let Some(fault) = self.plan_look_up(order_id) else {
            return Seen::Books(View::True);
        };
        Seen::Instead(match fault {
            LookUpFault::WrongOrder => return Seen::Books(View::WrongOrder),
            LookUpFault::WrongAmount => return Seen::Books(View::WrongAmount),
            LookUpFault::HangMs(ms) => {
                sleep_ms(ms).await;
                return Seen::Books(View::True);
            }
            LookUpFault::NotFound => missing.clone().into_response(),
            LookUpFault::Generic500 => Refusal::generic().into_response(),
            LookUpFault::Foreign5xx => wire::foreign_502(),
            LookUpFault::Undecodable => wire::undecodable(),
            LookUpFault::DropResponse => connection::dropped(),
        })
    }

    fn plan_look_up(&self, order_id: Option<&str>) -> Option<LookUpFault> {
        let settings = self.settings();
        let drawn = LookUpFault::draw(&settings.look_up_faults, &mut self.shared.chance.lock());
        let scripted = self.shared.script.lock().take_look_up(order_id);
        scripted.map_or(drawn, |entry| entry.fault)
    }
}
