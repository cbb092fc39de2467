//! Table `fulfilments`: one per order and product. Nothing but the pieces taken back ever changes.

use payonce_domain::{fulfilment::Fulfilment, ids::OrderId, sale::Revocation, words::Word};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{changes::expect_rows, columns, rows};

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
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
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
                given.revoked,
                given.created_at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Takes pieces back. A fulfilment that is not there, or has fewer pieces left, is refused.
pub(crate) fn revoke(connection: &Connection, revoked: &[Revocation]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE fulfilments SET revoked = revoked + ?3 WHERE order_id = ?1 AND product_id = ?2",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Revocation { order_id, product_id, quantity } in revoked {
        touched += statement
            .execute(params![order_id.to_string(), product_id.to_string(), quantity])
            .map_err(failed)? as u64;
    }
    expect_rows("fulfilments", revoked.len(), touched)
}
