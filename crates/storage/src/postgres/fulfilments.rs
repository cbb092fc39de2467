//! Table `fulfilments`: append only, one per order and product.

use payonce_domain::{fulfilment::Fulfilment, words::Word};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{changes::expect_rows, columns, rows};

pub(crate) const STATEMENTS: &[&str] = &[OF_ORDERS, APPEND];

const OF_ORDERS: &str = concat!(
    "SELECT ",
    columns::fulfilments!(),
    " FROM fulfilments WHERE order_id = ANY($1::TEXT[]) ORDER BY order_id, id"
);

/// What the buyers of these orders got.
pub(crate) async fn of_orders(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<Fulfilment>, StoreError> {
    connection.query(OF_ORDERS, &[&order_ids]).await?.iter().map(rows::fulfilment).collect()
}

const APPEND: &str = concat!(
    "INSERT INTO fulfilments (",
    columns::fulfilments!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[],
                            $6::BIGINT[], $7::BIGINT[])"
);

/// Appends fulfilments.
pub(crate) async fn append(
    connection: &Connection,
    fulfilments: &[Fulfilment],
) -> Result<(), StoreError> {
    if fulfilments.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            APPEND,
            &[
                &column(fulfilments, |given| given.order_id.to_string()),
                &column(fulfilments, |given| given.product_id.to_string()),
                &column(fulfilments, |given| given.id.to_string()),
                &column(fulfilments, |given| given.owner.to_string()),
                &column(fulfilments, |given| given.kind.word()),
                &column(fulfilments, |given| i64::from(given.quantity)),
                &column(fulfilments, |given| given.created_at.micros()),
            ],
        )
        .await?;
    expect_rows("fulfilments", fulfilments.len(), touched)
}
