//! Table `incidents`: append only; the same thing is stored once.

use payonce_domain::{incident::Incident, words::Word};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{columns, rows};

pub(crate) const STATEMENTS: &[&str] = &[NEWEST, APPEND];

const NEWEST: &str = concat!(
    "SELECT ",
    columns::incidents!(),
    " FROM incidents ORDER BY at DESC, id DESC LIMIT $1::BIGINT"
);

/// Incidents, newest first.
pub(crate) async fn newest(
    connection: &Connection,
    limit: u32,
) -> Result<Vec<Incident>, StoreError> {
    connection.query(NEWEST, &[&i64::from(limit)]).await?.iter().map(rows::incident).collect()
}

const APPEND: &str = concat!(
    "INSERT INTO incidents (",
    columns::incidents!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[],
                            $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::BIGINT[])
     ON CONFLICT (once_per) DO NOTHING"
);

/// Appends incidents; one that is already there stays as it is.
pub(crate) async fn append(
    connection: &Connection,
    incidents: &[Incident],
) -> Result<(), StoreError> {
    if incidents.is_empty() {
        return Ok(());
    }
    connection
        .execute(
            APPEND,
            &[
                &column(incidents, Incident::once_per),
                &column(incidents, |incident| incident.id.to_string()),
                &column(incidents, |incident| incident.kind.word()),
                &column(incidents, |incident| incident.order_id.to_string()),
                &column(incidents, |incident| incident.payment_id.to_string()),
                &column(incidents, |incident| incident.attempt_id.to_string()),
                &column(incidents, |incident| incident.detail.as_str()),
                &column(incidents, |incident| incident.about.as_str()),
                &column(incidents, |incident| incident.at.micros()),
            ],
        )
        .await
        .map(drop)
}
