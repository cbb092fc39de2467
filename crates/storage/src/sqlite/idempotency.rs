//! Table `idempotency_keys`. The single writer is the lock on a key, present or not.

use payonce_ports::store::{IdempotencyKey, IdempotencyRow, StoreError};
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

/// What is remembered under this key.
pub(crate) fn find(
    connection: &Connection,
    key: &IdempotencyKey,
) -> Result<Option<IdempotencyRow>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::idempotency_keys!(),
            " FROM idempotency_keys WHERE scope = ?1 AND key = ?2"
        ))
        .map_err(failed)?;
    let mut found = statement.query(params![key.scope, key.key]).map_err(failed)?;
    let row = found.next().map_err(failed)?.map(rows::idempotency).transpose()?;
    Ok(row.map(|(_, row)| row))
}

/// Remembers calls.
pub(crate) fn insert(
    connection: &Connection,
    new: &[(&IdempotencyKey, &IdempotencyRow)],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO idempotency_keys (",
            columns::idempotency_keys!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        ))
        .map_err(failed)?;
    for (key, row) in new {
        statement
            .execute(params![
                key.scope,
                key.key,
                row.fingerprint,
                row.order_id.map(|id| id.to_string()),
                row.refund_id.map(|id| id.to_string()),
                row.reply.as_ref().map(|reply| reply.status),
                row.reply.as_ref().map(|reply| &reply.body),
                row.created_at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes what is remembered of calls whose answer is still as it was loaded.
pub(crate) fn update(
    connection: &Connection,
    changed: &[(&IdempotencyKey, Changed<'_, IdempotencyRow>)],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE idempotency_keys
             SET fingerprint = ?3, order_id = ?4, refund_id = ?5, reply_status = ?6,
                 reply_body = ?7
             WHERE scope = ?1 AND key = ?2 AND reply_status IS ?8",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for (key, Changed { from, to }) in changed {
        touched += statement
            .execute(params![
                key.scope,
                key.key,
                to.fingerprint,
                to.order_id.map(|id| id.to_string()),
                to.refund_id.map(|id| id.to_string()),
                to.reply.as_ref().map(|reply| reply.status),
                to.reply.as_ref().map(|reply| &reply.body),
                from.reply.as_ref().map(|reply| reply.status),
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("idempotency_keys", changed.len(), touched)
}
