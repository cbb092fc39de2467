//! Table `journal`: append only. The database numbers the entries.

use payonce_domain::{ids::OrderId, journal::Entry};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{columns, json, rows};

pub(crate) const STATEMENTS: &[&str] = &[OF_ORDER, APPEND];

const OF_ORDER: &str = concat!(
    "SELECT ",
    columns::journal!(),
    " FROM journal WHERE order_id = $1::TEXT ORDER BY sequence"
);

/// The history of this order, oldest first.
pub(crate) async fn of_order(
    connection: &Connection,
    order_id: OrderId,
) -> Result<Vec<Entry>, StoreError> {
    connection.query(OF_ORDER, &[&order_id.to_string()]).await?.iter().map(rows::entry).collect()
}

const APPEND: &str = concat!(
    "INSERT INTO journal (",
    columns::journal!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[],
                            $6::TEXT[])"
);

/// Appends entries in the order given.
pub(crate) async fn append(connection: &Connection, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let causes: Vec<String> =
        entries.iter().map(|entry| json::text(&entry.cause)).collect::<Result<_, _>>()?;
    let facts: Vec<String> =
        entries.iter().map(|entry| json::text(&entry.facts)).collect::<Result<_, _>>()?;
    let touched = connection
        .execute(
            APPEND,
            &[
                &column(entries, |entry| entry.id.to_string()),
                &column(entries, |entry| entry.order_id.to_string()),
                &column(entries, |entry| entry.payment_id.to_string()),
                &column(entries, |entry| entry.at.micros()),
                &causes,
                &facts,
            ],
        )
        .await?;
    crate::changes::expect_rows("journal", entries.len(), touched)
}
