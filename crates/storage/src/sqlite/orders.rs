//! Table `orders`.

use payonce_domain::{
    ids::{OrderId, UserId},
    order::Order,
    sale::Sale,
    time::Timestamp,
    words::Word,
};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, expect_rows},
    columns, json, rows,
};

/// The order of this id and its version.
pub(crate) fn find(
    connection: &Connection,
    id: OrderId,
) -> Result<Option<(Order, i64)>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!("SELECT ", columns::orders!(), " FROM orders WHERE id = ?1"))
        .map_err(failed)?;
    let mut found = statement.query([id.to_string()]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::order).transpose()
}

/// Everybody's orders, newest first.
pub(crate) fn newest(
    connection: &Connection,
    before: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT id FROM orders WHERE id < COALESCE(?1, 'ord_~') ORDER BY id DESC LIMIT ?2",
        )
        .map_err(failed)?;
    let mut found =
        statement.query(params![before.map(|id| id.to_string()), limit]).map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::order_id(row)?);
    }
    Ok(ids)
}

/// One buyer's orders, newest first.
pub(crate) fn newest_of(
    connection: &Connection,
    owner: UserId,
    before: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT id FROM orders
             WHERE owner = ?1 AND id < COALESCE(?2, 'ord_~')
             ORDER BY id DESC LIMIT ?3",
        )
        .map_err(failed)?;
    let mut found = statement
        .query(params![owner.to_string(), before.map(|id| id.to_string()), limit])
        .map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::order_id(row)?);
    }
    Ok(ids)
}

/// Everybody's orders, oldest first.
pub(crate) fn page(
    connection: &Connection,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id FROM orders WHERE id > COALESCE(?1, '') ORDER BY id LIMIT ?2")
        .map_err(failed)?;
    let mut found =
        statement.query(params![after.map(|id| id.to_string()), limit]).map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::order_id(row)?);
    }
    Ok(ids)
}

/// Adds orders, each with version 0.
pub(crate) fn insert(connection: &Connection, new: &[&Sale]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO orders (",
            columns::orders!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)"
        ))
        .map_err(failed)?;
    for Sale { order, .. } in new {
        statement
            .execute(params![
                order.id.to_string(),
                order.owner.to_string(),
                json::text(&order.lines)?,
                order.total.minor,
                order.total.currency.code(),
                order.status.word(),
                order.expires_at.micros(),
                order.metadata,
                order.created_at.micros(),
                order.cancel_wished_at.map(Timestamp::micros),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes orders that still have the version that was loaded; each gets the next one.
pub(crate) fn update(
    connection: &Connection,
    changed: &[Changed<'_, Sale>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE orders
             SET status = ?2, expires_at = ?3, metadata = ?4, cancel_wished_at = ?5,
                 version = version + 1
             WHERE id = ?1 AND version = ?6",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Changed { from, to } in changed {
        touched += statement
            .execute(params![
                to.order.id.to_string(),
                to.order.status.word(),
                to.order.expires_at.micros(),
                to.order.metadata,
                to.order.cancel_wished_at.map(Timestamp::micros),
                from.version,
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("orders", changed.len(), touched)
}
