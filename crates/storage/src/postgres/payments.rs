//! Table `payments`.

use payonce_domain::{
    ids::{OrderId, PaymentId},
    payment::Payment,
    words::Word,
};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, expect_rows},
    columns, rows,
};

pub(crate) const STATEMENTS: &[&str] = &[OF_ORDERS, ORDER_OF, UNRESOLVED, INSERT, UPDATE];

const OF_ORDERS: &str =
    concat!("SELECT ", columns::payments!(), " FROM payments WHERE order_id = ANY($1::TEXT[])");

/// The payments of these orders.
pub(crate) async fn of_orders(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<Payment>, StoreError> {
    if order_ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.query(OF_ORDERS, &[&order_ids]).await?.iter().map(rows::payment).collect()
}

const ORDER_OF: &str = "SELECT order_id FROM payments WHERE id = $1::TEXT";

/// The order that this payment pays.
pub(crate) async fn order_of(
    connection: &Connection,
    id: PaymentId,
) -> Result<Option<OrderId>, StoreError> {
    let found = connection.query(ORDER_OF, &[&id.to_string()]).await?;
    found.first().map(rows::order_id).transpose()
}

const UNRESOLVED: &str = "
SELECT attempts.order_id
FROM attempts JOIN payments ON payments.order_id = attempts.order_id
WHERE attempts.state IN ('recorded', 'sent', 'accepted', 'unknown')
  AND payments.state = 'unresolved' AND attempts.order_id > COALESCE($1::TEXT, '')
ORDER BY attempts.order_id LIMIT $2::BIGINT";

/// Orders whose payment is unresolved, oldest first. Its attempt is still at the gateway, so only
/// the few of which that is true are looked at.
pub(crate) async fn unresolved(
    connection: &Connection,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let after = after.map(|id| id.to_string());
    let found = connection.query(UNRESOLVED, &[&after, &i64::from(limit)]).await?;
    found.iter().map(rows::order_id).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO payments (",
    columns::payments!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[],
                            $6::TEXT[], $7::BIGINT[])"
);

/// Adds payments.
pub(crate) async fn insert(connection: &Connection, new: &[&Payment]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |row| row.order_id.to_string()),
                &column(new, |row| row.id.to_string()),
                &column(new, |row| row.amount.minor),
                &column(new, |row| row.amount.currency.code()),
                &column(new, |row| row.state.word()),
                &column(new, |row| row.reason.map(Word::word)),
                &column(new, |row| row.changed_at.micros()),
            ],
        )
        .await?;
    expect_rows("payments", new.len(), touched)
}

const UPDATE: &str = "
UPDATE payments
SET state = new.state, reason = new.reason, changed_at = new.changed_at
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::TEXT[])
    AS new (order_id, state, reason, changed_at, loaded_state)
WHERE payments.order_id = new.order_id AND payments.state = new.loaded_state";

/// Changes payments that are still in the state that was loaded.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[Changed<'_, Payment>],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |row| row.to.order_id.to_string()),
                &column(changed, |row| row.to.state.word()),
                &column(changed, |row| row.to.reason.map(Word::word)),
                &column(changed, |row| row.to.changed_at.micros()),
                &column(changed, |row| row.from.state.word()),
            ],
        )
        .await?;
    expect_rows("payments", changed.len(), touched)
}
