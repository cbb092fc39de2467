//! Table `refunds`.

use payonce_domain::{
    ids::{OrderId, RefundId},
    refund::{Refund, RefundState},
    time::Timestamp,
    words::Word,
};
use payonce_ports::store::StoreError;

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, Of, expect_rows},
    columns, json, rows,
};

pub(crate) const STATEMENTS: &[&str] = &[OF_ORDERS, ORDER_OF, NOT_DONE, INSERT, UPDATE];

const OF_ORDERS: &str = concat!(
    "SELECT ",
    columns::refunds!(),
    " FROM refunds WHERE order_id = ANY($1::TEXT[]) ORDER BY order_id, id"
);

/// The refunds of these orders, those of one in order of their ids.
pub(crate) async fn of_orders(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<(OrderId, Refund)>, StoreError> {
    if order_ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.query(OF_ORDERS, &[&order_ids]).await?.iter().map(rows::refund).collect()
}

const ORDER_OF: &str = "SELECT order_id FROM refunds WHERE id = $1::TEXT";

/// The order that this refund is of.
pub(crate) async fn order_of(
    connection: &Connection,
    id: RefundId,
) -> Result<Option<OrderId>, StoreError> {
    let found = connection.query(ORDER_OF, &[&id.to_string()]).await?;
    found.first().map(rows::order_id).transpose()
}

/// Owed and parked have an index each; a condition over both would have none.
const NOT_DONE: &str = "
SELECT refunds.id, refunds.order_id
FROM (SELECT order_id, refund_id FROM obligations
      WHERE state = 'owed' AND kind = 'refund' AND refund_id > COALESCE($2::TEXT, '')
      UNION ALL
      SELECT order_id, refund_id FROM obligations
      WHERE state = 'parked' AND kind = 'refund' AND refund_id > COALESCE($2::TEXT, '')) AS owed
JOIN refunds ON refunds.order_id = owed.order_id AND refunds.id = owed.refund_id
WHERE refunds.state = ANY($1::TEXT[])
ORDER BY refunds.id LIMIT $3::BIGINT";

/// Refunds in one of these states that are owed or parked, oldest first, and whose they are.
pub(crate) async fn not_done(
    connection: &Connection,
    states: &[RefundState],
    after: Option<RefundId>,
    limit: u32,
) -> Result<Vec<(RefundId, OrderId)>, StoreError> {
    let states = column(states, |state| state.word());
    let after = after.map(|id| id.to_string());
    let found = connection.query(NOT_DONE, &[&states, &after, &i64::from(limit)]).await?;
    found.iter().map(rows::refund_and_order).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO refunds (",
    columns::refunds!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[],
                            $6::TEXT[], $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::TEXT[],
                            $11::BIGINT[], $12::BIGINT[], $13::TEXT[], $14::TEXT[], $15::TEXT[],
                            $16::BIGINT[], $17::BIGINT[], $18::BIGINT[], $19::BIGINT[],
                            $20::BIGINT[])"
);

/// Adds refunds.
pub(crate) async fn insert(connection: &Connection, new: &[Of<&Refund>]) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let pieces: Vec<String> =
        new.iter().map(|of| json::text(&of.row.pieces)).collect::<Result<_, _>>()?;
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |of| of.order_id.to_string()),
                &column(new, |of| of.row.id.to_string()),
                &column(new, |of| of.row.attempt_id.to_string()),
                &column(new, |of| of.row.charge.as_str()),
                &column(new, |of| of.row.amount.minor),
                &column(new, |of| of.row.amount.currency.code()),
                &column(new, |of| of.row.purpose.word()),
                &column(new, |of| of.row.reason.as_str()),
                &pieces,
                &column(new, |of| of.row.state.word()),
                &column(new, |of| i64::from(of.row.request)),
                &column(new, |of| i64::from(of.row.absences)),
                &column(new, |of| of.row.reference.as_deref()),
                &column(new, |of| of.row.problem.as_ref().map(|problem| problem.code.word())),
                &column(new, |of| of.row.problem.as_ref().map(|problem| problem.text.as_str())),
                &column(new, |of| of.row.requested_at.micros()),
                &column(new, |of| of.row.send_before.micros()),
                &column(new, |of| of.row.certain_at.map(Timestamp::micros)),
                &column(new, |of| of.row.alarmed_at.map(Timestamp::micros)),
                &column(new, |of| of.row.fee.map(|fee| fee.minor)),
            ],
        )
        .await?;
    expect_rows("refunds", new.len(), touched)
}

const UPDATE: &str = "
UPDATE refunds
SET state = new.state, request = new.request, absences = new.absences, reference = new.reference,
    problem_code = new.problem_code, problem_text = new.problem_text,
    requested_at = new.requested_at, send_before = new.send_before, certain_at = new.certain_at,
    alarmed_at = new.alarmed_at, fee_minor = new.fee_minor
FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[], $6::TEXT[], $7::TEXT[],
            $8::TEXT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], $13::BIGINT[],
            $14::TEXT[], $15::BIGINT[])
    AS new (order_id, id, state, request, absences, reference, problem_code, problem_text,
            requested_at, send_before, certain_at, alarmed_at, fee_minor,
            loaded_state, loaded_request)
WHERE refunds.order_id = new.order_id AND refunds.id = new.id
  AND refunds.state = new.loaded_state AND refunds.request = new.loaded_request";

/// Changes refunds that are still in the state, and at the request, that were loaded.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[Of<Changed<'_, Refund>>],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |of| of.order_id.to_string()),
                &column(changed, |of| of.row.to.id.to_string()),
                &column(changed, |of| of.row.to.state.word()),
                &column(changed, |of| i64::from(of.row.to.request)),
                &column(changed, |of| i64::from(of.row.to.absences)),
                &column(changed, |of| of.row.to.reference.as_deref()),
                &column(changed, |of| of.row.to.problem.as_ref().map(|it| it.code.word())),
                &column(changed, |of| of.row.to.problem.as_ref().map(|it| it.text.as_str())),
                &column(changed, |of| of.row.to.requested_at.micros()),
                &column(changed, |of| of.row.to.send_before.micros()),
                &column(changed, |of| of.row.to.certain_at.map(Timestamp::micros)),
                &column(changed, |of| of.row.to.alarmed_at.map(Timestamp::micros)),
                &column(changed, |of| of.row.to.fee.map(|fee| fee.minor)),
                &column(changed, |of| of.row.from.state.word()),
                &column(changed, |of| i64::from(of.row.from.request)),
            ],
        )
        .await?;
    expect_rows("refunds", changed.len(), touched)
}
