//! Table `fulfilments`: append only, one per order and product.

use payonce_domain::{fulfilment::Fulfilment, ids::OrderId, words::Word};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, rows};

/// What the buyer of this order got.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<Fulfilment>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::fulfilments!(),
            " FROM fulfilments WHERE order_id = ?1 ORDER BY id"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    let mut fulfilments = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        fulfilments.push(rows::fulfilment(row)?);
    }
    Ok(fulfilments)
}

/// Appends fulfilments.
pub(crate) fn append(
    connection: &Connection,
    fulfilments: &[Fulfilment],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO fulfilments (",
            columns::fulfilments!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        ))
        .map_err(failed)?;
    for given in fulfilments {
        statement
            .execute(params![
                given.order_id.to_string(),
                given.product_id.to_string(),
                given.id.to_string(),
                given.owner.to_string(),
                given.kind.word(),
                given.quantity,
                given.created_at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}
