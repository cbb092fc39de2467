//! Table `products`.

use std::collections::BTreeMap;

use payonce_domain::{ids::ProductId, product::Product, words::Word};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

pub(crate) const STATEMENTS: &[&str] = &[LOCK, FIND, PAGE, INSERT, UPDATE, IN_HOLDS];

const LOCK: &str = concat!(
    "SELECT ",
    columns::products!(),
    " FROM products WHERE id = ANY($1::TEXT[]) ORDER BY id FOR NO KEY UPDATE"
);

/// The products of these ids, locked in the order of their ids.
pub(crate) async fn lock(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<Product>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.query(LOCK, &[&ids]).await?.iter().map(rows::product).collect()
}

const FIND: &str = concat!("SELECT ", columns::products!(), " FROM products WHERE id = $1::TEXT");

/// The product of this id.
pub(crate) async fn find(
    connection: &Connection,
    id: ProductId,
) -> Result<Option<Product>, StoreError> {
    let found = connection.query(FIND, &[&id.to_string()]).await?;
    found.first().map(rows::product).transpose()
}

const PAGE: &str = concat!(
    "SELECT ",
    columns::products!(),
    " FROM products WHERE id > COALESCE($1::TEXT, '') ORDER BY id LIMIT $2::BIGINT"
);

/// A page of the catalogue.
pub(crate) async fn page(
    connection: &Connection,
    after: Option<ProductId>,
    limit: u32,
) -> Result<Vec<Product>, StoreError> {
    let after = after.map(|id| id.to_string());
    connection.query(PAGE, &[&after, &i64::from(limit)]).await?.iter().map(rows::product).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO products (",
    columns::products!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[],
                            $6::BIGINT[], $7::BIGINT[], $8::BOOLEAN[], $9::BIGINT[])"
);

/// Adds products.
pub(crate) async fn insert(connection: &Connection, new: &[&Product]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |row| row.id.to_string()),
                &column(new, |row| row.kind.word()),
                &column(new, |row| row.name.as_str()),
                &column(new, |row| row.price.minor),
                &column(new, |row| row.price.currency.code()),
                &column(new, |row| row.available),
                &column(new, |row| row.received),
                &column(new, |row| row.on_sale),
                &column(new, |row| row.created_at.micros()),
            ],
        )
        .await?;
    expect_rows("products", new.len(), touched)
}

const UPDATE: &str = "
UPDATE products
SET kind = new.kind, name = new.name, price_minor = new.price_minor, currency = new.currency,
    available = new.available, received = new.received, on_sale = new.on_sale
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[],
            $7::BIGINT[], $8::BOOLEAN[], $9::BIGINT[], $10::BIGINT[])
    AS new (id, kind, name, price_minor, currency, available, received, on_sale,
            loaded_available, loaded_received)
WHERE products.id = new.id AND products.available = new.loaded_available
  AND products.received = new.loaded_received";

/// Changes products whose stock is still as it was loaded.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[Changed<'_, Product>],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |row| row.to.id.to_string()),
                &column(changed, |row| row.to.kind.word()),
                &column(changed, |row| row.to.name.as_str()),
                &column(changed, |row| row.to.price.minor),
                &column(changed, |row| row.to.price.currency.code()),
                &column(changed, |row| row.to.available),
                &column(changed, |row| row.to.received),
                &column(changed, |row| row.to.on_sale),
                &column(changed, |row| row.from.available),
                &column(changed, |row| row.from.received),
            ],
        )
        .await?;
    expect_rows("products", changed.len(), touched)
}

const IN_HOLDS: &str = "
SELECT product_id, SUM(quantity - given_back)::BIGINT FROM holds
WHERE state IN ('held', 'taken')
GROUP BY product_id";

/// Pieces of each product that are held or taken and were not given back.
pub(crate) async fn in_holds(
    connection: &Connection,
) -> Result<BTreeMap<ProductId, i64>, StoreError> {
    connection.query(IN_HOLDS, &[]).await?.iter().map(rows::product_sum).collect()
}
