//! Table `findings`: what differs between a gateway and the books, until it does not any more.

use payonce_domain::{gateway::GatewayName, time::Timestamp, words::Word};
use payonce_ports::{
    reconciliation::{FindingRow, ReconciliationRun},
    store::StoreError,
};
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, rows};

/// Findings that are not closed, of one gateway or of all, those of the oldest day first.
pub(crate) fn open(
    connection: &Connection,
    gateway: Option<&GatewayName>,
    limit: u32,
) -> Result<Vec<FindingRow>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::findings!(),
            " FROM findings WHERE closed_at IS NULL AND (?1 IS NULL OR gateway = ?1)
              ORDER BY day, key LIMIT ?2"
        ))
        .map_err(failed)?;
    let gateway = gateway.map(GatewayName::as_str);
    let mut found = statement.query(params![gateway, limit]).map_err(failed)?;
    let mut findings = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        findings.push(rows::finding(row)?);
    }
    Ok(findings)
}

/// Adds findings; one that is there keeps its day and when it was first seen.
pub(crate) fn add(connection: &Connection, findings: &[FindingRow]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO findings (",
            columns::findings!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (key) DO UPDATE
             SET last_seen = excluded.last_seen, closed_at = excluded.closed_at,
                 severity = excluded.severity, kind = excluded.kind, english = excluded.english,
                 korean = excluded.korean, repair = excluded.repair,
                 repaired_at = excluded.repaired_at, order_id = excluded.order_id,
                 payment_id = excluded.payment_id"
        ))
        .map_err(failed)?;
    for row in findings {
        statement
            .execute(params![
                row.key,
                row.gateway.as_str(),
                row.day.to_string(),
                row.first_seen.micros(),
                row.last_seen.micros(),
                row.closed_at.map(Timestamp::micros),
                row.severity.word(),
                row.kind.word(),
                row.english,
                row.korean,
                row.repair,
                row.repaired_at.map(Timestamp::micros),
                row.order_id.map(|id| id.to_string()),
                row.payment_id.map(|id| id.to_string()),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Closes what is open of the gateway and day of this run and not among its findings.
pub(crate) fn close_others(
    connection: &Connection,
    run: &ReconciliationRun,
    findings: &[FindingRow],
) -> Result<(), StoreError> {
    let keys: Vec<_> = findings.iter().map(|row| row.key.as_str()).collect();
    connection
        .prepare_cached(
            "UPDATE findings SET closed_at = ?3
             WHERE gateway = ?1 AND day = ?2 AND closed_at IS NULL
               AND key NOT IN (SELECT value FROM json_each(?4))",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                run.gateway.as_str(),
                run.day.to_string(),
                run.at.micros(),
                serde_json::json!(keys).to_string(),
            ])
        })
        .map(drop)
        .map_err(failed)
}
