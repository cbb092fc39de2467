//! Table `postings`: the ledger, append only.

use std::collections::BTreeMap;

use payonce_domain::ledger::Posting;
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{changes::expect_rows, columns, rows};

pub(crate) const STATEMENTS: &[&str] = &[OF_ORDERS, APPEND, SUMS];

const OF_ORDERS: &str = concat!(
    "SELECT ",
    columns::postings!(),
    " FROM postings WHERE order_id = ANY($1::TEXT[]) ORDER BY order_id, entry_id, account"
);

/// The postings of these orders.
pub(crate) async fn of_orders(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<Posting>, StoreError> {
    connection.query(OF_ORDERS, &[&order_ids]).await?.iter().map(rows::posting).collect()
}

const APPEND: &str = concat!(
    "INSERT INTO postings (",
    columns::postings!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[],
                            $6::TEXT[], $7::BIGINT[])"
);

/// Appends postings.
pub(crate) async fn append(
    connection: &Connection,
    postings: &[Posting],
) -> Result<(), StoreError> {
    if postings.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            APPEND,
            &[
                &column(postings, |row| row.order_id.to_string()),
                &column(postings, |row| row.entry_id.to_string()),
                &column(postings, |row| row.account.as_str()),
                &column(postings, |row| row.amount.minor),
                &column(postings, |row| row.amount.currency.code()),
                &column(postings, |row| row.attempt_id.to_string()),
                &column(postings, |row| row.at.micros()),
            ],
        )
        .await?;
    expect_rows("postings", postings.len(), touched)
}

const SUMS: &str = "
SELECT currency, SUM(amount_minor)::BIGINT FROM postings GROUP BY currency ORDER BY currency";

/// The sum of all postings by currency code.
pub(crate) async fn sums(connection: &Connection) -> Result<BTreeMap<String, i64>, StoreError> {
    connection.query(SUMS, &[]).await?.iter().map(rows::currency_sum).collect()
}
