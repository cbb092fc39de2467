//! Table `reconciliation_turns`: who reconciles a day when its time has come.

use payonce_domain::time::Timestamp;
use payonce_ports::{reconciliation::Turn, store::StoreError};
use rusqlite::{Connection, params};

use super::errors::failed;

/// Takes a turn that nobody has and that is not done.
pub(crate) fn take(
    connection: &Connection,
    turn: &Turn,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let touched = connection
        .prepare_cached(
            "INSERT INTO reconciliation_turns (gateway, day, run_on, leased_until)
             VALUES (?1, ?2, ?3, ?5)
             ON CONFLICT (gateway, day, run_on) DO UPDATE SET leased_until = excluded.leased_until
             WHERE done_at IS NULL AND leased_until <= ?4",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                turn.gateway.as_str(),
                turn.day.to_string(),
                turn.run_on.to_string(),
                now.micros(),
                until.micros(),
            ])
        })
        .map_err(failed)?;
    Ok(touched == 1)
}

/// Ends a turn; ending it again changes nothing.
pub(crate) fn end(connection: &Connection, turn: &Turn, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE reconciliation_turns SET done_at = ?4
             WHERE gateway = ?1 AND day = ?2 AND run_on = ?3 AND done_at IS NULL",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                turn.gateway.as_str(),
                turn.day.to_string(),
                turn.run_on.to_string(),
                now.micros(),
            ])
        })
        .map(drop)
        .map_err(failed)
}
