//! Table `idempotency_keys`. A key is locked by its hash, so that also an absent one is.

use std::collections::BTreeSet;

use payonce_ports::store::{IdempotencyKey, IdempotencyRow, StoreError};
use sha2::{Digest, Sha256};

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

pub(crate) const STATEMENTS: &[&str] = &[LOCK, FIND, INSERT, UPDATE];

const LOCK: &str = "
SELECT COUNT(*) FROM (
    SELECT pg_advisory_xact_lock(hash) FROM unnest($1::BIGINT[]) AS hash OFFSET 0
) AS locked";

/// Locks these keys, present or not, until the transaction ends. In the order of their hashes:
/// two keys with one hash wait for each other, which costs time and nothing else.
pub(crate) async fn lock(
    connection: &Connection,
    keys: &BTreeSet<IdempotencyKey>,
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let hashes: BTreeSet<i64> = keys.iter().map(hash).collect();
    let hashes: Vec<i64> = hashes.into_iter().collect();
    connection.query(LOCK, &[&hashes]).await.map(drop)
}

/// The same in every process and version.
fn hash(key: &IdempotencyKey) -> i64 {
    let mut digest = Sha256::new();
    digest.update(key.scope.as_bytes());
    digest.update([0]);
    digest.update(key.key.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest.finalize()[..8]);
    i64::from_be_bytes(first)
}

const FIND: &str = concat!(
    "SELECT ",
    columns::idempotency_keys!(),
    " FROM idempotency_keys
      WHERE (scope, key) IN (SELECT * FROM unnest($1::TEXT[], $2::TEXT[]))"
);

/// What is remembered under these keys.
pub(crate) async fn find(
    connection: &Connection,
    keys: &BTreeSet<IdempotencyKey>,
) -> Result<Vec<(IdempotencyKey, IdempotencyRow)>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let scopes: Vec<&str> = keys.iter().map(|key| key.scope.as_str()).collect();
    let names: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
    connection.query(FIND, &[&scopes, &names]).await?.iter().map(rows::idempotency).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO idempotency_keys (",
    columns::idempotency_keys!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[],
                            $6::BIGINT[], $7::TEXT[], $8::BIGINT[])"
);

/// Remembers calls.
pub(crate) async fn insert(
    connection: &Connection,
    new: &[(&IdempotencyKey, &IdempotencyRow)],
) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |(key, _)| key.scope.as_str()),
                &column(new, |(key, _)| key.key.as_str()),
                &column(new, |(_, row)| row.fingerprint.as_str()),
                &column(new, |(_, row)| row.order_id.map(|id| id.to_string())),
                &column(new, |(_, row)| row.refund_id.map(|id| id.to_string())),
                &column(new, |(_, row)| status(row)),
                &column(new, |(_, row)| body(row)),
                &column(new, |(_, row)| row.created_at.micros()),
            ],
        )
        .await?;
    expect_rows("idempotency_keys", new.len(), touched)
}

const UPDATE: &str = "
UPDATE idempotency_keys
SET fingerprint = new.fingerprint, order_id = new.order_id, refund_id = new.refund_id,
    reply_status = new.reply_status, reply_body = new.reply_body
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[], $7::TEXT[],
            $8::BIGINT[])
    AS new (scope, key, fingerprint, order_id, refund_id, reply_status, reply_body, loaded_status)
WHERE idempotency_keys.scope = new.scope AND idempotency_keys.key = new.key
  AND idempotency_keys.reply_status IS NOT DISTINCT FROM new.loaded_status";

/// Changes what is remembered of calls whose answer is still as it was loaded.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[(&IdempotencyKey, Changed<'_, IdempotencyRow>)],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |(key, _)| key.scope.as_str()),
                &column(changed, |(key, _)| key.key.as_str()),
                &column(changed, |(_, row)| row.to.fingerprint.as_str()),
                &column(changed, |(_, row)| row.to.order_id.map(|id| id.to_string())),
                &column(changed, |(_, row)| row.to.refund_id.map(|id| id.to_string())),
                &column(changed, |(_, row)| status(row.to)),
                &column(changed, |(_, row)| body(row.to)),
                &column(changed, |(_, row)| status(row.from)),
            ],
        )
        .await?;
    expect_rows("idempotency_keys", changed.len(), touched)
}

fn status(row: &IdempotencyRow) -> Option<i64> {
    row.reply.as_ref().map(|reply| i64::from(reply.status))
}

fn body(row: &IdempotencyRow) -> Option<&str> {
    row.reply.as_ref().map(|reply| reply.body.as_str())
}
