//! Whole sales: an order with everything that belongs to it, and what belongs to none.

use std::collections::BTreeMap;

use payonce_domain::{ids::OrderId, invariants::SalePages, sale::Sale};
use payonce_ports::store::StoreError;
use rusqlite::Connection;

use super::{
    attempts, errors::failed, fulfilments, holds, obligations, orders, payments, postings, refunds,
};
use crate::rows::{self, SaleRows};

/// The sales of these orders. In one transaction, so that their rows agree.
pub(crate) fn load(
    connection: &Connection,
    ids: &[OrderId],
) -> Result<BTreeMap<OrderId, Sale>, StoreError> {
    let mut found = SaleRows::default();
    for id in ids {
        let Some(order) = orders::find(connection, *id)? else {
            continue;
        };
        found.orders.push(order);
        found.payments.extend(payments::of_order(connection, *id)?);
        found.attempts.extend(attempts::of_order(connection, *id)?);
        found.holds.extend(holds::of_order(connection, *id)?);
        found.refunds.extend(refunds::of_order(connection, *id)?);
        found.obligations.extend(obligations::of_order(connection, *id)?);
    }
    found.into_sales()
}

/// The sales of these orders with their postings and fulfilments.
pub(crate) fn pages(
    connection: &Connection,
    ids: &[OrderId],
) -> Result<Vec<SalePages>, StoreError> {
    let sales = load(connection, ids)?;
    let (mut posted, mut given) = (Vec::new(), Vec::new());
    for id in ids {
        posted.extend(postings::of_order(connection, *id)?);
        given.extend(fulfilments::of_order(connection, *id)?);
    }
    Ok(rows::into_pages(sales, posted, given))
}

/// Rows whose order does not exist, by table, and orders without a payment.
pub(crate) fn orphans(connection: &Connection) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let mut orphans = BTreeMap::new();
    for (table, sql) in rows::ORPHANS {
        let count: i64 = connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(failed)?;
        if count > 0 {
            orphans.insert(*table, count.unsigned_abs());
        }
    }
    Ok(orphans)
}
