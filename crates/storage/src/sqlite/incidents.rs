//! Table `incidents`: append only; the same thing is stored once.

use payonce_domain::{incident::Incident, words::Word};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, rows};

/// Incidents, newest first.
pub(crate) fn newest(connection: &Connection, limit: u32) -> Result<Vec<Incident>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::incidents!(),
            " FROM incidents ORDER BY at DESC, id DESC LIMIT ?1"
        ))
        .map_err(failed)?;
    let mut found = statement.query([limit]).map_err(failed)?;
    let mut incidents = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        incidents.push(rows::incident(row)?);
    }
    Ok(incidents)
}

/// Appends incidents; one that is already there stays as it is.
pub(crate) fn append(connection: &Connection, incidents: &[Incident]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO incidents (",
            columns::incidents!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (once_per) DO NOTHING"
        ))
        .map_err(failed)?;
    for incident in incidents {
        statement
            .execute(params![
                incident.once_per(),
                incident.id.to_string(),
                incident.kind.word(),
                incident.order_id.to_string(),
                incident.payment_id.to_string(),
                incident.attempt_id.to_string(),
                incident.detail,
                incident.about,
                incident.at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}
