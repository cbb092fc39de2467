//! Table `products`.

use std::collections::BTreeMap;

use payonce_domain::{ids::ProductId, product::Product, words::Word};
use payonce_ports::store::StoreError;
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

/// The product of this id.
pub(crate) fn find(connection: &Connection, id: ProductId) -> Result<Option<Product>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!("SELECT ", columns::products!(), " FROM products WHERE id = ?1"))
        .map_err(failed)?;
    let mut found = statement.query([id.to_string()]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::product).transpose()
}

/// A page of the catalogue.
pub(crate) fn page(
    connection: &Connection,
    after: Option<ProductId>,
    limit: u32,
) -> Result<Vec<Product>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::products!(),
            " FROM products WHERE id > COALESCE(?1, '') ORDER BY id LIMIT ?2"
        ))
        .map_err(failed)?;
    let mut found =
        statement.query(params![after.map(|id| id.to_string()), limit]).map_err(failed)?;
    let mut page = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        page.push(rows::product(row)?);
    }
    Ok(page)
}

/// Adds products.
pub(crate) fn insert(connection: &Connection, new: &[&Product]) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "INSERT INTO products (",
            columns::products!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        ))
        .map_err(failed)?;
    for product in new {
        statement
            .execute(params![
                product.id.to_string(),
                product.kind.word(),
                product.name,
                product.price.minor,
                product.price.currency.code(),
                product.available,
                product.received,
                product.on_sale,
                product.created_at.micros(),
            ])
            .map_err(failed)?;
    }
    Ok(())
}

/// Changes products whose stock is still as it was loaded.
pub(crate) fn update(
    connection: &Connection,
    changed: &[Changed<'_, Product>],
) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "UPDATE products
             SET kind = ?2, name = ?3, price_minor = ?4, currency = ?5, available = ?6,
                 received = ?7, on_sale = ?8
             WHERE id = ?1 AND available = ?9 AND received = ?10",
        )
        .map_err(failed)?;
    let mut touched = 0;
    for Changed { from, to } in changed {
        touched += statement
            .execute(params![
                to.id.to_string(),
                to.kind.word(),
                to.name,
                to.price.minor,
                to.price.currency.code(),
                to.available,
                to.received,
                to.on_sale,
                from.available,
                from.received,
            ])
            .map_err(failed)? as u64;
    }
    expect_rows("products", changed.len(), touched)
}

/// Pieces of each product that are held or taken and were not given back.
pub(crate) fn in_holds(connection: &Connection) -> Result<BTreeMap<ProductId, i64>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT product_id, SUM(quantity - given_back) FROM holds
             WHERE state IN ('held', 'taken')
             GROUP BY product_id",
        )
        .map_err(failed)?;
    let mut found = statement.query([]).map_err(failed)?;
    let mut sums = BTreeMap::new();
    while let Some(row) = found.next().map_err(failed)? {
        let (id, sum) = rows::product_sum(row)?;
        sums.insert(id, sum);
    }
    Ok(sums)
}
