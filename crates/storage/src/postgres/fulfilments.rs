//! Table `fulfilments`: one per order and product. Nothing but the pieces taken back ever changes.

use payonce_domain::{fulfilment::Fulfilment, sale::Revocation, words::Word};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{changes::expect_rows, columns, rows};

pub(crate) const STATEMENTS: &[&str] = &[OF_ORDERS, APPEND, REVOKE];

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
                            $6::BIGINT[], $7::BIGINT[], $8::BIGINT[])"
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
                &column(fulfilments, |given| i64::from(given.revoked)),
                &column(fulfilments, |given| given.created_at.micros()),
            ],
        )
        .await?;
    expect_rows("fulfilments", fulfilments.len(), touched)
}

const REVOKE: &str = "
UPDATE fulfilments
SET revoked = fulfilments.revoked + given.pieces
FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[]) AS given (order_id, product_id, pieces)
WHERE fulfilments.order_id = given.order_id AND fulfilments.product_id = given.product_id";

/// Takes pieces back. A fulfilment that is not there, or has fewer pieces left, is refused.
pub(crate) async fn revoke(
    connection: &Connection,
    revoked: &[Revocation],
) -> Result<(), StoreError> {
    if revoked.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            REVOKE,
            &[
                &column(revoked, |given| given.order_id.to_string()),
                &column(revoked, |given| given.product_id.to_string()),
                &column(revoked, |given| i64::from(given.quantity)),
            ],
        )
        .await?;
    expect_rows("fulfilments", revoked.len(), touched)
}
