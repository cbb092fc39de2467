//! Table `obligations`: what is owed, leases on it, and how much of it there is.
//!
//! Statements that wait for several rows lock them in the order of (order, id), as `transact` does.

use std::time::Duration;

use payonce_domain::{ids::AttemptId, obligation::Obligation, time::Timestamp, words::Word};
use payonce_ports::store::{Backlog, StoreError};

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

pub(crate) const STATEMENTS: &[&str] =
    &[LOCK, OF_ORDERS, INSERT, UPDATE, LEASE, RELEASE, HASTEN, BACKLOG];

const LOCK: &str = concat!(
    "SELECT ",
    columns::obligations!(),
    " FROM obligations WHERE order_id = ANY($1::TEXT[]) AND state <> 'done'
      ORDER BY order_id, id FOR UPDATE"
);

/// What is owed or parked for these orders, locked in the order of (order, id).
pub(crate) async fn lock(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<Obligation>, StoreError> {
    if order_ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.query(LOCK, &[&order_ids]).await?.iter().map(rows::obligation).collect()
}

const OF_ORDERS: &str = concat!(
    "SELECT ",
    columns::obligations!(),
    " FROM obligations WHERE order_id = ANY($1::TEXT[]) AND state <> 'done' ORDER BY order_id, id"
);

/// What is owed or parked for these orders.
pub(crate) async fn of_orders(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<Obligation>, StoreError> {
    connection.query(OF_ORDERS, &[&order_ids]).await?.iter().map(rows::obligation).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO obligations (",
    columns::obligations!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[],
                            $6::BIGINT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::TEXT[],
                            $11::BIGINT[])"
);

/// Adds obligations.
pub(crate) async fn insert(connection: &Connection, new: &[&Obligation]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |owed| owed.order_id.to_string()),
                &column(new, |owed| owed.id.to_string()),
                &column(new, |owed| owed.kind.word()),
                &column(new, |owed| owed.attempt_id.map(|id| id.to_string())),
                &column(new, |owed| owed.state.word()),
                &column(new, |owed| owed.due_at.micros()),
                &column(new, |owed| i64::from(owed.tries)),
                &column(new, |owed| owed.fence),
                &column(new, |owed| owed.leased_until.map(Timestamp::micros)),
                &column(new, |owed| owed.last_error.as_deref()),
                &column(new, |owed| owed.created_at.micros()),
            ],
        )
        .await?;
    expect_rows("obligations", new.len(), touched)
}

const UPDATE: &str = "
UPDATE obligations
SET state = new.state, due_at = new.due_at, tries = new.tries, fence = new.fence,
    leased_until = new.leased_until, last_error = new.last_error
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[],
            $7::BIGINT[], $8::TEXT[], $9::BIGINT[], $10::TEXT[])
    AS new (order_id, id, state, due_at, tries, fence, leased_until, last_error,
            loaded_fence, loaded_state)
WHERE obligations.order_id = new.order_id AND obligations.id = new.id
  AND obligations.fence = new.loaded_fence AND obligations.state = new.loaded_state";

/// Changes obligations that nobody has leased since they were loaded.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[Changed<'_, Obligation>],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |row| row.to.order_id.to_string()),
                &column(changed, |row| row.to.id.to_string()),
                &column(changed, |row| row.to.state.word()),
                &column(changed, |row| row.to.due_at.micros()),
                &column(changed, |row| i64::from(row.to.tries)),
                &column(changed, |row| row.to.fence),
                &column(changed, |row| row.to.leased_until.map(Timestamp::micros)),
                &column(changed, |row| row.to.last_error.as_deref()),
                &column(changed, |row| row.from.fence),
                &column(changed, |row| row.from.state.word()),
            ],
        )
        .await?;
    expect_rows("obligations", changed.len(), touched)
}

const LEASE: &str = concat!(
    "WITH moment AS MATERIALIZED (
         SELECT COALESCE($1::BIGINT, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT)
                AS now
     ),
     due AS MATERIALIZED (
         SELECT order_id AS due_order_id, id AS due_id FROM obligations
         WHERE state = 'owed' AND due_at <= (SELECT now FROM moment)
           AND (leased_until IS NULL OR leased_until <= (SELECT now FROM moment))
         ORDER BY due_at LIMIT $3::BIGINT
         FOR UPDATE SKIP LOCKED
     )
     UPDATE obligations
     SET leased_until = (SELECT now FROM moment) + $2::BIGINT, fence = fence + 1
     FROM due WHERE order_id = due_order_id AND id = due_id
     RETURNING ",
    columns::obligations!()
);

/// Leases what is due and held by nobody; each gets the next fence. Waits for nothing, and writes
/// nothing where nothing is due.
pub(crate) async fn lease(
    connection: &Connection,
    now: Option<Timestamp>,
    lease: Duration,
    limit: u32,
) -> Result<Vec<Obligation>, StoreError> {
    let now = now.map(Timestamp::micros);
    let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX / 4);
    let found = connection.query_alone(LEASE, &[&now, &lease, &i64::from(limit)]).await?;
    Ok(found.iter().filter_map(|row| rows::readable(rows::obligation(row))).collect())
}

const RELEASE: &str = "
WITH mine AS MATERIALIZED (
    SELECT order_id AS my_order_id, obligations.id AS my_id
    FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[]) AS lease (of_order, id, given_fence)
    JOIN obligations ON order_id = of_order AND obligations.id = lease.id
    WHERE fence = given_fence
    ORDER BY order_id, obligations.id
    FOR UPDATE OF obligations
)
UPDATE obligations SET leased_until = NULL
FROM mine WHERE order_id = my_order_id AND id = my_id";

/// Ends leases whose fence is still the newest.
pub(crate) async fn release(
    connection: &Connection,
    leases: &[Obligation],
) -> Result<(), StoreError> {
    if leases.is_empty() {
        return Ok(());
    }
    connection
        .execute_alone(
            RELEASE,
            &[
                &column(leases, |lease| lease.order_id.to_string()),
                &column(leases, |lease| lease.id.to_string()),
                &column(leases, |lease| lease.fence),
            ],
        )
        .await
        .map(drop)
}

const HASTEN: &str = "
WITH moment AS MATERIALIZED (
    SELECT COALESCE($1::BIGINT, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT) AS now
),
asked AS MATERIALIZED (
    SELECT order_id AS asked_order_id, id AS asked_id FROM obligations
    WHERE attempt_id = ANY($2::TEXT[]) AND state = 'owed' AND kind = 'look_up'
      AND due_at > (SELECT now FROM moment)
      AND (leased_until IS NULL OR leased_until <= (SELECT now FROM moment))
    ORDER BY order_id, id
    FOR UPDATE
)
UPDATE obligations SET due_at = (SELECT now FROM moment)
FROM asked WHERE order_id = asked_order_id AND id = asked_id";

/// Makes the owed look-ups of these attempts due now, unless they are leased or already due.
pub(crate) async fn hasten(
    connection: &Connection,
    now: Option<Timestamp>,
    attempts: &[AttemptId],
) -> Result<(), StoreError> {
    if attempts.is_empty() {
        return Ok(());
    }
    let now = now.map(Timestamp::micros);
    let attempt_ids = column(attempts, ToString::to_string);
    connection.execute_alone(HASTEN, &[&now, &attempt_ids]).await.map(drop)
}

const BACKLOG: &str = "
SELECT kind, state, COUNT(*), MIN(due_at) FROM obligations
WHERE state = 'owed' GROUP BY kind, state
UNION ALL
SELECT kind, state, COUNT(*), MIN(due_at) FROM obligations
WHERE state = 'parked' GROUP BY kind, state
ORDER BY 1, 2";

/// What is owed or parked, by kind.
pub(crate) async fn backlog(connection: &Connection) -> Result<Vec<Backlog>, StoreError> {
    connection.query(BACKLOG, &[]).await?.iter().map(rows::backlog).collect()
}
