//! Table `reconciliations`: every run, as it was.

use payonce_domain::{gateway::GatewayName, reconciliation::Date};
use payonce_ports::{reconciliation::ReconciliationRun, store::StoreError};
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, rows};

/// Runs of this gateway's days from `from` on, the newest first.
pub(crate) fn newest(
    connection: &Connection,
    gateway: &GatewayName,
    from: Date,
    limit: u32,
) -> Result<Vec<ReconciliationRun>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::reconciliations!(),
            " FROM reconciliations WHERE gateway = ?1 AND day >= ?2
              ORDER BY at DESC, id DESC LIMIT ?3"
        ))
        .map_err(failed)?;
    let mut found =
        statement.query(params![gateway.as_str(), from.to_string(), limit]).map_err(failed)?;
    let mut runs = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        runs.push(rows::reconciliation(row)?);
    }
    Ok(runs)
}

/// Adds a run; one that is there stays as it is.
pub(crate) fn add(connection: &Connection, run: &ReconciliationRun) -> Result<(), StoreError> {
    connection
        .prepare_cached(concat!(
            "INSERT INTO reconciliations (",
            columns::reconciliations!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING"
        ))
        .and_then(|mut statement| {
            statement.execute(params![
                run.id.to_string(),
                run.gateway.as_str(),
                run.day.to_string(),
                run.at.micros(),
                run.source,
                i64::try_from(run.matched).unwrap_or(i64::MAX),
                run.totals,
                i64::try_from(run.findings).unwrap_or(i64::MAX),
            ])
        })
        .map(drop)
        .map_err(failed)
}
