//! Table `reconciliation_turns`: who reconciles a day when its time has come.

use std::time::Duration;

use payonce_domain::time::Timestamp;
use payonce_ports::{reconciliation::Turn, store::StoreError};

use super::connection::Connection;

pub(crate) const STATEMENTS: &[&str] = &[TAKE, END];

const TAKE: &str = "
WITH moment (now) AS MATERIALIZED (
    SELECT COALESCE($4::BIGINT, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT)
)
INSERT INTO reconciliation_turns (gateway, day, run_on, leased_until)
SELECT $1::TEXT, $2::TEXT, $3::TEXT, now + $5::BIGINT FROM moment
ON CONFLICT (gateway, day, run_on) DO UPDATE SET leased_until = excluded.leased_until
WHERE reconciliation_turns.done_at IS NULL
  AND reconciliation_turns.leased_until <= excluded.leased_until - $5::BIGINT";

/// Takes a turn that nobody has and that is not done.
pub(crate) async fn take(
    connection: &Connection,
    turn: &Turn,
    now: Option<Timestamp>,
    lease: Duration,
) -> Result<bool, StoreError> {
    let now = now.map(Timestamp::micros);
    let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    let touched = connection
        .execute_alone(
            TAKE,
            &[
                &turn.gateway.as_str(),
                &turn.day.to_string(),
                &turn.run_on.to_string(),
                &now,
                &lease,
            ],
        )
        .await?;
    Ok(touched == 1)
}

const END: &str = "
UPDATE reconciliation_turns
SET done_at = COALESCE($4::BIGINT, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT)
WHERE gateway = $1::TEXT AND day = $2::TEXT AND run_on = $3::TEXT AND done_at IS NULL";

/// Ends a turn; ending it again changes nothing.
pub(crate) async fn end(
    connection: &Connection,
    turn: &Turn,
    now: Option<Timestamp>,
) -> Result<(), StoreError> {
    let now = now.map(Timestamp::micros);
    let (day, run_on) = (turn.day.to_string(), turn.run_on.to_string());
    connection.execute_alone(END, &[&turn.gateway.as_str(), &day, &run_on, &now]).await.map(drop)
}
