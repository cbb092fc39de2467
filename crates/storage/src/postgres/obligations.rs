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
    &[LOCK, OF_ORDERS, INSERT, UPDATE, LEASE, RELEASE, APPOINT, BACKLOG];

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
                            $6::TEXT[], $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[],
                            $11::TEXT[], $12::BIGINT[])"
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
                &column(new, |owed| owed.refund_id.map(|id| id.to_string())),
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
     oldest AS MATERIALIZED (
         SELECT order_id, id FROM obligations
         WHERE state = 'owed' AND due_at <= (SELECT now FROM moment)
           AND (leased_until IS NULL OR leased_until <= (SELECT now FROM moment))
         ORDER BY due_at LIMIT ($3::BIGINT + 1) / 2
         FOR UPDATE SKIP LOCKED
     ),
     newest AS MATERIALIZED (
         SELECT order_id, id FROM obligations
         WHERE state = 'owed' AND due_at <= (SELECT now FROM moment)
           AND (leased_until IS NULL OR leased_until <= (SELECT now FROM moment))
           AND (order_id, id) NOT IN (SELECT order_id, id FROM oldest)
         ORDER BY created_at DESC LIMIT $3::BIGINT / 2
         FOR UPDATE SKIP LOCKED
     ),
     due (due_order_id, due_id) AS (
         SELECT order_id, id FROM oldest UNION ALL SELECT order_id, id FROM newest
     )
     UPDATE obligations
     SET leased_until = (SELECT now FROM moment) + $2::BIGINT, fence = fence + 1
     FROM due WHERE order_id = due_order_id AND id = due_id
     RETURNING ",
    columns::obligations!()
);

/// Leases what is due and held by nobody; each gets the next fence. Half goes to what has been due
/// for longest, the rest to the newest: after an outage a new buyer does not wait for all others.
/// Waits for nothing, and writes nothing where nothing is due.
pub(crate) async fn lease(
    connection: &Connection,
    now: Option<Timestamp>,
    lease: Duration,
    limit: u32,
) -> Result<Vec<Obligation>, StoreError> {
    let now = now.map(Timestamp::micros);
    let found = connection.query_alone(LEASE, &[&now, &micros(lease), &i64::from(limit)]).await?;
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

const APPOINT: &str = "
WITH moment AS MATERIALIZED (
    SELECT COALESCE($1::BIGINT, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT) AS now
),
asked AS MATERIALIZED (
    SELECT order_id AS asked_order_id, obligations.id AS asked_id, wait
    FROM unnest($2::TEXT[], $3::BIGINT[]) AS look_up (of_attempt, wait)
    JOIN obligations ON attempt_id = of_attempt
    WHERE state = 'owed' AND kind = 'look_up'
      AND (leased_until IS NULL OR leased_until <= (SELECT now FROM moment))
    ORDER BY order_id, obligations.id
    FOR UPDATE OF obligations
)
UPDATE obligations SET due_at = (SELECT now FROM moment) + wait
FROM asked WHERE order_id = asked_order_id AND id = asked_id";

/// Makes the owed look-up of each of these attempts due so long from now, unless it is leased.
pub(crate) async fn appoint(
    connection: &Connection,
    now: Option<Timestamp>,
    look_ups: &[(AttemptId, Duration)],
) -> Result<(), StoreError> {
    if look_ups.is_empty() {
        return Ok(());
    }
    let now = now.map(Timestamp::micros);
    let attempt_ids = column(look_ups, |(attempt_id, _)| attempt_id.to_string());
    let waits = column(look_ups, |(_, wait)| micros(*wait));
    connection.execute_alone(APPOINT, &[&now, &attempt_ids, &waits]).await.map(drop)
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

/// A span, short enough that a time can be added to it.
fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX).min(i64::MAX / 4)
}
