//! Table `refunds`.

use payonce_domain::{
    gateway::GatewayName,
    ids::{OrderId, RefundId},
    refund::{Refund, RefundState},
    time::Timestamp,
    words::Word,
};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, Of, expect_rows},
    columns, json, rows,
};

/// The refunds of this order, in order of their ids.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<(OrderId, Refund)>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::refunds!(),
            " FROM refunds WHERE order_id = ?1 ORDER BY id"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    let mut refunds = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        refunds.push(rows::refund(row)?);
    }
    Ok(refunds)
}

/// The order that this refund is of.
pub(crate) fn order_of(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<OrderId>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT order_id FROM refunds WHERE id = ?1").map_err(failed)?;
    let mut found = statement.query([id.to_string()]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::order_id).transpose()
}

/// Orders with a refund at this gateway that it knows by this name of its own, or whose charge it does.
pub(crate) fn orders_referred(
    connection: &Connection,
    gateway: &GatewayName,
    reference: &str,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT named.order_id
             FROM (SELECT order_id, attempt_id FROM refunds WHERE charge = ?2
                   UNION SELECT order_id, attempt_id FROM refunds WHERE reference = ?2) AS named
             JOIN attempts ON attempts.order_id = named.order_id
                          AND attempts.id = named.attempt_id AND attempts.gateway = ?1",
        )
        .map_err(failed)?;
    let mut found = statement.query(params![gateway.as_str(), reference]).map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::order_id(row)?);
    }
    Ok(ids)
}

/// Refunds in one of these states that are owed or parked, oldest first, and whose they are.
pub(crate) fn not_done(
    connection: &Connection,
    states: &[RefundState],
    after: Option<RefundId>,
    limit: u32,
) -> Result<Vec<(RefundId, OrderId)>, StoreError> {
    // Owed and parked have an index each; a condition over both would have none.
    let mut statement = connection
        .prepare_cached(
            "SELECT refunds.id, refunds.order_id
             FROM (SELECT order_id, refund_id FROM obligations
                   WHERE state = 'owed' AND kind = 'refund' AND refund_id > COALESCE(?2, '')
                   UNION ALL
                   SELECT order_id, refund_id FROM obligations
                   WHERE state = 'parked' AND kind = 'refund' AND refund_id > COALESCE(?2, '')
                  ) AS owed
             CROSS JOIN refunds ON refunds.order_id = owed.order_id
                               AND refunds.id = owed.refund_id
             WHERE refunds.state IN (SELECT value FROM json_each(?1))
             ORDER BY refunds.id LIMIT ?3",
        )
        .map_err(failed)?;
    let states: Vec<_> = states.iter().map(|state| state.word()).collect();
    let states = serde_json::json!(states).to_string();
    let after = after.map(|id| id.to_string());
    let mut found = statement.query(params![states, after, limit]).map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::refund_and_order(row)?);
    }
    Ok(ids)
}

/// Adds refunds.
pub(crate) fn insert(connection: &Connection, new: &[Of<&Refund>]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO refunds (",
            columns::refunds!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                       ?18, ?19, ?20)"
        ))
        .map_err(failed)?;
    for Of { order_id, row } in new {
        statement
            .execute(params![
                order_id.to_string(),
                row.id.to_string(),
                row.attempt_id.to_string(),
                row.charge,
                row.amount.minor,
                row.amount.currency.code(),
                row.purpose.word(),
                row.reason,
                json::text(&row.pieces)?,
                row.state.word(),
                row.request,
                row.absences,
                row.reference,
                row.problem.as_ref().map(|problem| problem.code.word()),
                row.problem.as_ref().map(|problem| &problem.text),
                row.requested_at.micros(),
                row.send_before.micros(),
                row.certain_at.map(Timestamp::micros),
                row.alarmed_at.map(Timestamp::micros),
                row.fee.map(|fee| fee.minor),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes refunds that are still in the state, and at the request, that were loaded.
pub(crate) fn update(
    connection: &Connection,
    changed: &[Of<Changed<'_, Refund>>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE refunds
             SET state = ?3, request = ?4, absences = ?5, reference = ?6, problem_code = ?7,
                 problem_text = ?8, requested_at = ?9, send_before = ?10, certain_at = ?11,
                 alarmed_at = ?12, fee_minor = ?13
             WHERE order_id = ?1 AND id = ?2 AND state = ?14 AND request = ?15",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Of { order_id, row: Changed { from, to } } in changed {
        touched += statement
            .execute(params![
                order_id.to_string(),
                to.id.to_string(),
                to.state.word(),
                to.request,
                to.absences,
                to.reference,
                to.problem.as_ref().map(|problem| problem.code.word()),
                to.problem.as_ref().map(|problem| &problem.text),
                to.requested_at.micros(),
                to.send_before.micros(),
                to.certain_at.map(Timestamp::micros),
                to.alarmed_at.map(Timestamp::micros),
                to.fee.map(|fee| fee.minor),
                from.state.word(),
                from.request,
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("refunds", changed.len(), touched)
}
