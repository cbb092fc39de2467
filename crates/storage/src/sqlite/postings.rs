//! Table `postings`: the ledger, append only.

use std::collections::BTreeMap;

use payonce_domain::{ids::OrderId, ledger::Posting};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, rows};

/// The postings of this order.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<Posting>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::postings!(),
            " FROM postings WHERE order_id = ?1 ORDER BY entry_id, account"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    let mut postings = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        postings.push(rows::posting(row)?);
    }
    Ok(postings)
}

/// Appends postings.
pub(crate) fn append(connection: &Connection, postings: &[Posting]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO postings (",
            columns::postings!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        ))
        .map_err(failed)?;
    for posting in postings {
        statement
            .execute(params![
                posting.order_id.to_string(),
                posting.entry_id.to_string(),
                posting.account,
                posting.amount.minor,
                posting.amount.currency.code(),
                posting.attempt_id.to_string(),
                posting.at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// The sum of all postings by currency code.
pub(crate) fn sums(connection: &Connection) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT currency, SUM(amount_minor) FROM postings GROUP BY currency ORDER BY currency",
        )
        .map_err(failed)?;
    let mut found = statement.query([]).map_err(failed)?;
    let mut sums = BTreeMap::new();
    while let Some(row) = found.next().map_err(failed)? {
        let (currency, sum) = rows::currency_sum(row)?;
        sums.insert(currency, sum);
    }
    Ok(sums)
}
