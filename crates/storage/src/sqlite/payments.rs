//! Table `payments`.

use payonce_domain::{
    ids::{OrderId, PaymentId},
    payment::Payment,
    words::Word,
};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

/// The payment of this order.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Option<Payment>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::payments!(),
            " FROM payments WHERE order_id = ?1"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::payment).transpose()
}

/// The order that this payment pays.
pub(crate) fn order_of(
    connection: &Connection,
    id: PaymentId,
) -> Result<Option<OrderId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT order_id FROM payments WHERE id = ?1").map_err(failed)?;
    let mut found = statement.query([id.to_string()]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::order_id).transpose()
}

/// Orders whose payment is unresolved, oldest first. Its attempt is still at the gateway, so only
/// the few of which that is true are looked at.
pub(crate) fn unresolved(
    connection: &Connection,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT attempts.order_id
             FROM attempts CROSS JOIN payments ON payments.order_id = attempts.order_id
             WHERE attempts.state IN ('recorded', 'sent', 'accepted', 'unknown')
               AND payments.state = 'unresolved' AND attempts.order_id > COALESCE(?1, '')
             ORDER BY attempts.order_id LIMIT ?2",
        )
        .map_err(failed)?;
    let mut found =
        statement.query(params![after.map(|id| id.to_string()), limit]).map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::order_id(row)?);
    }
    Ok(ids)
}

/// Adds payments.
pub(crate) fn insert(connection: &Connection, new: &[&Payment]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO payments (",
            columns::payments!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        ))
        .map_err(failed)?;
    for payment in new {
        statement
            .execute(params![
                payment.order_id.to_string(),
                payment.id.to_string(),
                payment.amount.minor,
                payment.amount.currency.code(),
                payment.state.word(),
                payment.reason.map(Word::word),
                payment.changed_at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes payments that are still in the state that was loaded.
pub(crate) fn update(
    connection: &Connection,
    changed: &[Changed<'_, Payment>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE payments SET state = ?2, reason = ?3, changed_at = ?4
             WHERE order_id = ?1 AND state = ?5",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Changed { from, to } in changed {
        touched += statement
            .execute(params![
                to.order_id.to_string(),
                to.state.word(),
                to.reason.map(Word::word),
                to.changed_at.micros(),
                from.state.word(),
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("payments", changed.len(), touched)
}
