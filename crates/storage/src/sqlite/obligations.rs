//! Table `obligations`: what is owed, leases on it, and how much of it there is.

use std::time::Duration;

use payonce_domain::{
    ids::{AttemptId, OrderId},
    obligation::Obligation,
    time::Timestamp,
    words::Word,
};
use payonce_ports::store::{Backlog, StoreError};
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

/// What is owed or parked for this order.
pub(crate) fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<Obligation>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::obligations!(),
            " FROM obligations WHERE order_id = ?1 AND state <> 'done' ORDER BY id"
        ))
        .map_err(failed)?;
    let mut found = statement.query([order_id.to_string()]).map_err(failed)?;
    let mut owed = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        owed.push(rows::obligation(row)?);
    }
    Ok(owed)
}

/// Adds obligations.
pub(crate) fn insert(connection: &Connection, new: &[&Obligation]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO obligations (",
            columns::obligations!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
        ))
        .map_err(failed)?;
    for owed in new {
        statement
            .execute(params![
                owed.order_id.to_string(),
                owed.id.to_string(),
                owed.kind.word(),
                owed.attempt_id.map(|id| id.to_string()),
                owed.refund_id.map(|id| id.to_string()),
                owed.state.word(),
                owed.due_at.micros(),
                owed.tries,
                owed.fence,
                owed.leased_until.map(Timestamp::micros),
                owed.last_error,
                owed.created_at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes obligations that nobody has leased since they were loaded.
pub(crate) fn update(
    connection: &Connection,
    changed: &[Changed<'_, Obligation>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE obligations
             SET state = ?3, due_at = ?4, tries = ?5, fence = ?6, leased_until = ?7,
                 last_error = ?8
             WHERE order_id = ?1 AND id = ?2 AND fence = ?9 AND state = ?10",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Changed { from, to } in changed {
        touched += statement
            .execute(params![
                to.order_id.to_string(),
                to.id.to_string(),
                to.state.word(),
                to.due_at.micros(),
                to.tries,
                to.fence,
                to.leased_until.map(Timestamp::micros),
                to.last_error,
                from.fence,
                from.state.word(),
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("obligations", changed.len(), touched)
}

/// Whether anything could be leased now.
pub(crate) fn any_due(connection: &Connection, now: Timestamp) -> Result<bool, StoreError> {
    connection
        .prepare_cached(
            "SELECT EXISTS (
                 SELECT 1 FROM obligations
                 WHERE state = 'owed' AND due_at <= ?1
                   AND (leased_until IS NULL OR leased_until <= ?1)
             )",
        )
        .and_then(|mut statement| statement.query_row([now.micros()], |row| row.get(0)))
        .map_err(failed)
}

/// Leases what is due and held by nobody; each gets the next fence. Half goes to what has been due
/// for longest, the rest to the newest: after an outage a new buyer does not wait for all others.
pub(crate) fn lease(
    connection: &Connection,
    now: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Obligation>, StoreError> {
    // The newest are sorted out first and those among the oldest left out then: the other way round
    // every due row would be looked for among the oldest, which takes three times as long.
    let mut statement = connection
        .prepare_cached(concat!(
            "WITH oldest AS MATERIALIZED (
                 SELECT order_id, id FROM obligations
                 WHERE state = 'owed' AND due_at <= ?1
                   AND (leased_until IS NULL OR leased_until <= ?1)
                 ORDER BY due_at LIMIT (?3 + 1) / 2
             ),
             newest AS MATERIALIZED (
                 SELECT order_id, id, created_at FROM obligations
                 WHERE state = 'owed' AND due_at <= ?1
                   AND (leased_until IS NULL OR leased_until <= ?1)
                 ORDER BY created_at DESC LIMIT ?3
             ),
             newest_others AS MATERIALIZED (
                 SELECT order_id, id FROM newest
                 WHERE (order_id, id) NOT IN (SELECT order_id, id FROM oldest)
                 ORDER BY created_at DESC LIMIT ?3 / 2
             ),
             due AS MATERIALIZED (
                 SELECT order_id, id FROM oldest
                 UNION ALL
                 SELECT order_id, id FROM newest_others
             )
             UPDATE obligations SET leased_until = ?2, fence = fence + 1
             WHERE (order_id, id) IN (SELECT order_id, id FROM due)
             RETURNING ",
            columns::obligations!()
        ))
        .map_err(failed)?;
    let mut found =
        statement.query(params![now.micros(), until.micros(), limit]).map_err(failed)?;
    let mut leased = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        leased.extend(rows::readable(rows::obligation(row)));
    }
    Ok(leased)
}

/// Ends leases whose fence is still the newest.
pub(crate) fn release(connection: &Connection, leases: &[Obligation]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE obligations SET leased_until = NULL
             WHERE order_id = ?1 AND id = ?2 AND fence = ?3",
        )
        .map_err(failed)?;
    for lease in leases {
        statement
            .execute(params![lease.order_id.to_string(), lease.id.to_string(), lease.fence])
            .map_err(failed)?;
    }
    Ok(())
}

/// Makes the owed look-up of each of these attempts due so long from now, unless it is leased.
pub(crate) fn appoint(
    connection: &Connection,
    now: Timestamp,
    look_ups: &[(AttemptId, Duration)],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE obligations SET due_at = ?2
             WHERE attempt_id = ?3 AND state = 'owed' AND kind = 'look_up'
               AND (leased_until IS NULL OR leased_until <= ?1)",
        )
        .map_err(failed)?;
    for (attempt_id, wait) in look_ups {
        let due_at = now.after(*wait);
        statement
            .execute(params![now.micros(), due_at.micros(), attempt_id.to_string()])
            .map_err(failed)?;
    }
    Ok(())
}

/// What is owed or parked, by kind.
pub(crate) fn backlog(connection: &Connection) -> Result<Vec<Backlog>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT kind, state, COUNT(*), MIN(due_at) FROM obligations
             WHERE state = 'owed' GROUP BY kind, state
             UNION ALL
             SELECT kind, state, COUNT(*), MIN(due_at) FROM obligations
             WHERE state = 'parked' GROUP BY kind, state
             ORDER BY 1, 2",
        )
        .map_err(failed)?;
    let mut found = statement.query([]).map_err(failed)?;
    let mut backlog = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        backlog.push(rows::backlog(row)?);
    }
    Ok(backlog)
}
