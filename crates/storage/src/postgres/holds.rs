//! Table `holds`.

use payonce_domain::{hold::Hold, ids::OrderId, words::Word};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, Of, expect_rows},
    columns, rows,
};

pub(crate) const STATEMENTS: &[&str] = &[OF_ORDERS, INSERT, UPDATE];

const OF_ORDERS: &str = concat!(
    "SELECT ",
    columns::holds!(),
    " FROM holds WHERE order_id = ANY($1::TEXT[]) ORDER BY order_id, id"
);

/// The holds of these orders, those of one in order of their ids.
pub(crate) async fn of_orders(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<(OrderId, Hold)>, StoreError> {
    if order_ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.query(OF_ORDERS, &[&order_ids]).await?.iter().map(rows::hold).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO holds (",
    columns::holds!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[],
                            $6::BIGINT[])"
);

/// Adds holds.
pub(crate) async fn insert(connection: &Connection, new: &[Of<&Hold>]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |of| of.order_id.to_string()),
                &column(new, |of| of.row.product_id.to_string()),
                &column(new, |of| of.row.id.to_string()),
                &column(new, |of| i64::from(of.row.quantity)),
                &column(new, |of| of.row.state.word()),
                &column(new, |of| i64::from(of.row.given_back)),
            ],
        )
        .await?;
    expect_rows("holds", new.len(), touched)
}

const UPDATE: &str = "
UPDATE holds
SET state = new.state, given_back = new.given_back
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[])
    AS new (order_id, product_id, state, given_back, loaded_state, loaded_given_back)
WHERE holds.order_id = new.order_id AND holds.product_id = new.product_id
  AND holds.state = new.loaded_state AND holds.given_back = new.loaded_given_back";

/// Changes holds of which state and pieces given back are still as they were loaded.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[Of<Changed<'_, Hold>>],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |of| of.order_id.to_string()),
                &column(changed, |of| of.row.to.product_id.to_string()),
                &column(changed, |of| of.row.to.state.word()),
                &column(changed, |of| i64::from(of.row.to.given_back)),
                &column(changed, |of| of.row.from.state.word()),
                &column(changed, |of| i64::from(of.row.from.given_back)),
            ],
        )
        .await?;
    expect_rows("holds", changed.len(), touched)
}
