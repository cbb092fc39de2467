//! Table `holds`.

use payonce_domain::{hold::Hold, ids::OrderId, words::Word};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, Of, expect_rows},
    columns, rows,
};

/// The holds of this order, in the order in which they were made.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<(OrderId, Hold)>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::holds!(),
            " FROM holds WHERE order_id = ?1 ORDER BY id"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    let mut holds = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        holds.push(rows::hold(row)?);
    }
    Ok(holds)
}

/// Adds holds.
pub(crate) fn insert(connection: &Connection, new: &[Of<&Hold>]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO holds (",
            columns::holds!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        ))
        .map_err(failed)?;
    for Of { order_id, row } in new {
        statement
            .execute(params![
                order_id.to_string(),
                row.product_id.to_string(),
                row.id.to_string(),
                row.quantity,
                row.state.word(),
                row.given_back,
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes holds of which state and pieces given back are still as they were loaded.
pub(crate) fn update(
    connection: &Connection,
    changed: &[Of<Changed<'_, Hold>>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE holds SET state = ?3, given_back = ?4
             WHERE order_id = ?1 AND product_id = ?2 AND state = ?5 AND given_back = ?6",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Of { order_id, row: Changed { from, to } } in changed {
        touched += statement
            .execute(params![
                order_id.to_string(),
                to.product_id.to_string(),
                to.state.word(),
                to.given_back,
                from.state.word(),
                from.given_back,
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("holds", changed.len(), touched)
}
