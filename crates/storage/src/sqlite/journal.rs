//! Table `journal`: append only. The database numbers the entries.

use payonce_domain::{ids::OrderId, journal::Entry};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, json, rows};

/// The history of this order, oldest first.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<Entry>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::journal!(),
            " FROM journal WHERE order_id = ?1 ORDER BY sequence"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    let mut entries = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        entries.push(rows::entry(row)?);
    }
    Ok(entries)
}

/// Appends entries in the order given.
pub(crate) fn append(connection: &Connection, entries: &[Entry]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO journal (sequence, ",
            columns::journal!(),
            ") VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6)"
        ))
        .map_err(failed)?;
    for entry in entries {
        statement
            .execute(params![
                entry.id.to_string(),
                entry.order_id.to_string(),
                entry.payment_id.to_string(),
                entry.at.micros(),
                json::text(&entry.cause)?,
                json::text(&entry.facts)?,
            ])
            .map_err(failed)?;
    }
    Ok(())
}
