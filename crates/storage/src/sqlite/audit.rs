//! Table `audit`: append only, and the database itself refuses anything else.

use payonce_ports::store::{AuditEntry, StoreError};
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, rows};

/// Privileged acts, newest first.
pub(crate) fn newest(connection: &Connection, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::audit!(),
            " FROM audit ORDER BY sequence DESC LIMIT ?1"
        ))
        .map_err(failed)?;
    let mut found = statement.query([limit]).map_err(failed)?;
    let mut entries = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        entries.push(rows::audit(row)?);
    }
    Ok(entries)
}

/// Appends privileged acts in the order given.
pub(crate) fn append(connection: &Connection, entries: &[AuditEntry]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO audit (sequence, ",
            columns::audit!(),
            ") VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6)"
        ))
        .map_err(failed)?;
    for entry in entries {
        statement
            .execute(params![
                entry.id.to_string(),
                entry.at.micros(),
                entry.actor,
                entry.action,
                entry.subject,
                entry.detail,
            ])
            .map_err(failed)?;
    }
    Ok(())
}
