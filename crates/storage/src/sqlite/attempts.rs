//! Table `attempts`.

use payonce_domain::{
    gateway::GatewayName, ids::OrderId, payment::Attempt, time::Timestamp, words::Word,
};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, Of, expect_rows},
    columns, json, means, rows,
};

/// The attempts of this order, in order of their numbers.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<(OrderId, Attempt)>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::attempts!(),
            " FROM attempts WHERE order_id = ?1 ORDER BY number"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    let mut attempts = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        attempts.push(rows::attempt(row)?);
    }
    Ok(attempts)
}

/// The attempt that a gateway knows by this order id, and whose order it is of.
pub(crate) fn at_gateway(
    connection: &Connection,
    gateway: &GatewayName,
    gateway_order_id: &str,
) -> Result<Option<(OrderId, Attempt)>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::attempts!(),
            " FROM attempts WHERE gateway = ?1 AND gateway_order_id = ?2"
        ))
        .map_err(failed)?;
    let mut found = statement.query(params![gateway.as_str(), gateway_order_id]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::attempt).transpose()
}

/// Orders with an attempt at a gateway.
pub(crate) fn orders_at_gateway(
    connection: &Connection,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            // The first condition is that of the index, which SQLite takes word by word.
            "SELECT order_id FROM attempts
             WHERE state IN ('recorded', 'sent', 'accepted', 'unknown') AND state <> 'recorded'
               AND order_id > COALESCE(?1, '')
             ORDER BY order_id LIMIT ?2",
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

/// Orders with an attempt at this gateway, or a refund of one, that became certain from the first of
/// these moments on and before the second.
pub(crate) fn orders_moved(
    connection: &Connection,
    gateway: &GatewayName,
    (from, to): (Timestamp, Timestamp),
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT order_id FROM attempts
             WHERE gateway = ?1 AND certain_at >= ?2 AND certain_at < ?3
               AND order_id > COALESCE(?4, '')
             UNION
             SELECT refunds.order_id FROM refunds
             WHERE refunds.certain_at >= ?2 AND refunds.certain_at < ?3
               AND refunds.order_id > COALESCE(?4, '')
               AND EXISTS (SELECT 1 FROM attempts
                           WHERE attempts.order_id = refunds.order_id
                             AND attempts.id = refunds.attempt_id AND attempts.gateway = ?1)
             ORDER BY order_id LIMIT ?5",
        )
        .map_err(failed)?;
    let mut found = statement
        .query(params![
            gateway.as_str(),
            from.micros(),
            to.micros(),
            after.map(|id| id.to_string()),
            limit
        ])
        .map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::order_id(row)?);
    }
    Ok(ids)
}

/// Orders with an attempt that the gateway knows by this name of its own.
pub(crate) fn orders_referred(
    connection: &Connection,
    gateway: &GatewayName,
    reference: &str,
) -> Result<Vec<OrderId>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT order_id FROM attempts WHERE gateway = ?1 AND reference = ?2")
        .map_err(failed)?;
    let mut found = statement.query(params![gateway.as_str(), reference]).map_err(failed)?;
    let mut ids = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        ids.push(rows::order_id(row)?);
    }
    Ok(ids)
}

/// Adds attempts.
pub(crate) fn insert(connection: &Connection, new: &[Of<&Attempt>]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO attempts (",
            columns::attempts!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                       ?18, ?19, ?20, ?21, ?22)"
        ))
        .map_err(failed)?;
    for Of { order_id, row } in new {
        statement
            .execute(params![
                order_id.to_string(),
                row.number,
                row.id.to_string(),
                row.gateway.as_str(),
                row.gateway_order_id,
                row.gateway_user_id,
                row.amount.minor,
                row.amount.currency.code(),
                means::word(&row.means),
                row.means.card_company(),
                row.means.authentication(),
                row.state.word(),
                row.reference,
                row.problem.as_ref().map(|problem| problem.code.word()),
                row.problem.as_ref().map(|problem| &problem.text),
                row.absences,
                row.request,
                row.recorded_at.micros(),
                row.send_before.micros(),
                row.certain_at.map(Timestamp::micros),
                row.fee.map(|fee| fee.minor),
                row.ruling.as_ref().map(json::text).transpose()?,
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes attempts that are still in the state, and at the request, that were loaded.
pub(crate) fn update(
    connection: &Connection,
    changed: &[Of<Changed<'_, Attempt>>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE attempts
             SET authentication = ?3, state = ?4, reference = ?5, problem_code = ?6,
                 problem_text = ?7, absences = ?8, request = ?9, send_before = ?10,
                 certain_at = ?11, fee_minor = ?12, ruling = ?13
             WHERE order_id = ?1 AND number = ?2 AND state = ?14 AND request = ?15",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Of { order_id, row: Changed { from, to } } in changed {
        touched += statement
            .execute(params![
                order_id.to_string(),
                to.number,
                to.means.authentication(),
                to.state.word(),
                to.reference,
                to.problem.as_ref().map(|problem| problem.code.word()),
                to.problem.as_ref().map(|problem| &problem.text),
                to.absences,
                to.request,
                to.send_before.micros(),
                to.certain_at.map(Timestamp::micros),
                to.fee.map(|fee| fee.minor),
                to.ruling.as_ref().map(json::text).transpose()?,
                from.state.word(),
                from.request,
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("attempts", changed.len(), touched)
}
