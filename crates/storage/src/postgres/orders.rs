//! Table `orders`.

use payonce_domain::{
    ids::{OrderId, UserId},
    order::Order,
    sale::Sale,
    time::Timestamp,
    words::Word,
};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, expect_rows},
    columns, json, rows,
};

pub(crate) const STATEMENTS: &[&str] =
    &[LOCK, FIND, VERSIONS, NEWEST, NEWEST_OF, PAGE, INSERT, UPDATE];

const LOCK: &str = concat!(
    "SELECT ",
    columns::orders!(),
    " FROM orders WHERE id = ANY($1::TEXT[]) ORDER BY id FOR NO KEY UPDATE"
);

/// The orders of these ids and their versions, locked in the order of their ids.
pub(crate) async fn lock(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<(Order, i64)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.query(LOCK, &[&ids]).await?.iter().map(rows::order).collect()
}

const FIND: &str =
    concat!("SELECT ", columns::orders!(), " FROM orders WHERE id = ANY($1::TEXT[])");

/// The orders of these ids and their versions.
pub(crate) async fn find(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<(Order, i64)>, StoreError> {
    connection.query(FIND, &[&ids]).await?.iter().map(rows::order).collect()
}

const VERSIONS: &str = "SELECT id, version FROM orders WHERE id = ANY($1::TEXT[])";

/// The versions of these orders.
pub(crate) async fn versions(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<(OrderId, i64)>, StoreError> {
    connection.query(VERSIONS, &[&ids]).await?.iter().map(rows::order_version).collect()
}

const NEWEST: &str = "
SELECT id FROM orders WHERE id < COALESCE($1::TEXT, 'ord_~') ORDER BY id DESC LIMIT $2::BIGINT";

/// Everybody's orders, newest first.
pub(crate) async fn newest(
    connection: &Connection,
    before: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let before = before.map(|id| id.to_string());
    let found = connection.query(NEWEST, &[&before, &i64::from(limit)]).await?;
    found.iter().map(rows::order_id).collect()
}

const NEWEST_OF: &str = "
SELECT id FROM orders
WHERE owner = $1::TEXT AND id < COALESCE($2::TEXT, 'ord_~')
ORDER BY id DESC LIMIT $3::BIGINT";

/// One buyer's orders, newest first.
pub(crate) async fn newest_of(
    connection: &Connection,
    owner: UserId,
    before: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let before = before.map(|id| id.to_string());
    let found =
        connection.query(NEWEST_OF, &[&owner.to_string(), &before, &i64::from(limit)]).await?;
    found.iter().map(rows::order_id).collect()
}

const PAGE: &str =
    "SELECT id FROM orders WHERE id > COALESCE($1::TEXT, '') ORDER BY id LIMIT $2::BIGINT";

/// Everybody's orders, oldest first.
pub(crate) async fn page(
    connection: &Connection,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let after = after.map(|id| id.to_string());
    let found = connection.query(PAGE, &[&after, &i64::from(limit)]).await?;
    found.iter().map(rows::order_id).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO orders (",
    columns::orders!(),
    ") SELECT *, 0 FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[],
                               $6::TEXT[], $7::BIGINT[], $8::TEXT[], $9::BIGINT[],
                               $10::BIGINT[])"
);

/// Adds orders, each with version 0.
pub(crate) async fn insert(connection: &Connection, new: &[&Sale]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> =
        new.iter().map(|sale| json::text(&sale.order.lines)).collect::<Result<_, _>>()?;
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |sale| sale.order.id.to_string()),
                &column(new, |sale| sale.order.owner.to_string()),
                &lines,
                &column(new, |sale| sale.order.total.minor),
                &column(new, |sale| sale.order.total.currency.code()),
                &column(new, |sale| sale.order.status.word()),
                &column(new, |sale| sale.order.expires_at.micros()),
                &column(new, |sale| sale.order.metadata.as_str()),
                &column(new, |sale| sale.order.created_at.micros()),
                &column(new, |sale| sale.order.cancel_wished_at.map(Timestamp::micros)),
            ],
        )
        .await?;
    expect_rows("orders", new.len(), touched)
}

const UPDATE: &str = "
UPDATE orders
SET status = new.status, expires_at = new.expires_at, metadata = new.metadata,
    cancel_wished_at = new.cancel_wished_at, version = new.loaded_version + 1
FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[], $4::TEXT[], $5::BIGINT[], $6::BIGINT[])
    AS new (id, status, expires_at, metadata, cancel_wished_at, loaded_version)
WHERE orders.id = new.id AND orders.version = new.loaded_version";

/// Changes orders that still have the version that was loaded; each gets the next one.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[Changed<'_, Sale>],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |row| row.to.order.id.to_string()),
                &column(changed, |row| row.to.order.status.word()),
                &column(changed, |row| row.to.order.expires_at.micros()),
                &column(changed, |row| row.to.order.metadata.as_str()),
                &column(changed, |row| row.to.order.cancel_wished_at.map(Timestamp::micros)),
                &column(changed, |row| row.from.version),
            ],
        )
        .await?;
    expect_rows("orders", changed.len(), touched)
}
