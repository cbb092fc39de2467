//! Table `audit`: append only, and the database itself refuses anything else.

use payonce_ports::store::{AuditEntry, StoreError};

use super::connection::{Connection, column};
use crate::{changes::expect_rows, columns, rows};

pub(crate) const STATEMENTS: &[&str] = &[NEWEST, APPEND];

const NEWEST: &str =
    concat!("SELECT ", columns::audit!(), " FROM audit ORDER BY sequence DESC LIMIT $1::BIGINT");

/// Privileged acts, newest first.
pub(crate) async fn newest(
    connection: &Connection,
    limit: u32,
) -> Result<Vec<AuditEntry>, StoreError> {
    connection.query(NEWEST, &[&i64::from(limit)]).await?.iter().map(rows::audit).collect()
}

const APPEND: &str = concat!(
    "INSERT INTO audit (",
    columns::audit!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[],
                            $6::TEXT[])"
);

/// Appends privileged acts in the order given.
pub(crate) async fn append(
    connection: &Connection,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            APPEND,
            &[
                &column(entries, |entry| entry.id.to_string()),
                &column(entries, |entry| entry.at.micros()),
                &column(entries, |entry| entry.actor.as_str()),
                &column(entries, |entry| entry.action.as_str()),
                &column(entries, |entry| entry.subject.as_str()),
                &column(entries, |entry| entry.detail.as_str()),
            ],
        )
        .await?;
    expect_rows("audit", entries.len(), touched)
}
