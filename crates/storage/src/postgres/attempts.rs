//! Table `attempts`.

use payonce_domain::{
    gateway::GatewayName, ids::OrderId, payment::Attempt, time::Timestamp, words::Word,
};
use payonce_ports::{reconciliation::Names, store::StoreError};

use super::connection::{Connection, column};
use crate::{
    changes::{Changed, Of, expect_rows},
    columns, json, means, rows,
};

pub(crate) const STATEMENTS: &[&str] =
    &[OF_ORDERS, AT_GATEWAY, ORDERS_AT_GATEWAY, ORDERS_MOVED, ORDERS_NAMED, INSERT, UPDATE];

const OF_ORDERS: &str = concat!(
    "SELECT ",
    columns::attempts!(),
    " FROM attempts WHERE order_id = ANY($1::TEXT[]) ORDER BY order_id, number"
);

/// The attempts of these orders, those of one in order of their numbers.
pub(crate) async fn of_orders(
    connection: &Connection,
    order_ids: &[String],
) -> Result<Vec<(OrderId, Attempt)>, StoreError> {
    if order_ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.query(OF_ORDERS, &[&order_ids]).await?.iter().map(rows::attempt).collect()
}

const AT_GATEWAY: &str = concat!(
    "SELECT ",
    columns::attempts!(),
    " FROM attempts WHERE gateway = $1::TEXT AND gateway_order_id = $2::TEXT"
);

/// The attempt that a gateway knows by this order id, and whose order it is of.
pub(crate) async fn at_gateway(
    connection: &Connection,
    gateway: &GatewayName,
    gateway_order_id: &str,
) -> Result<Option<(OrderId, Attempt)>, StoreError> {
    let found = connection.query(AT_GATEWAY, &[&gateway.as_str(), &gateway_order_id]).await?;
    found.first().map(rows::attempt).transpose()
}

const ORDERS_AT_GATEWAY: &str = "
SELECT order_id FROM attempts
WHERE state IN ('recorded', 'sent', 'accepted', 'unknown') AND state <> 'recorded'
  AND order_id > COALESCE($1::TEXT, '')
ORDER BY order_id LIMIT $2::BIGINT";

/// Orders with an attempt at a gateway.
pub(crate) async fn orders_at_gateway(
    connection: &Connection,
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let after = after.map(|id| id.to_string());
    let found = connection.query(ORDERS_AT_GATEWAY, &[&after, &i64::from(limit)]).await?;
    found.iter().map(rows::order_id).collect()
}

const ORDERS_MOVED: &str = "
SELECT order_id FROM attempts
WHERE gateway = $1::TEXT AND certain_at >= $2::BIGINT AND certain_at < $3::BIGINT
  AND order_id > COALESCE($4::TEXT, '')
UNION
SELECT refunds.order_id FROM refunds
WHERE refunds.certain_at >= $2::BIGINT AND refunds.certain_at < $3::BIGINT
  AND refunds.order_id > COALESCE($4::TEXT, '')
  AND EXISTS (SELECT 1 FROM attempts
              WHERE attempts.order_id = refunds.order_id
                AND attempts.id = refunds.attempt_id AND attempts.gateway = $1::TEXT)
ORDER BY order_id LIMIT $5::BIGINT";

/// Orders with an attempt at this gateway, or a refund of one, that became certain from the first of
/// these moments on and before the second.
pub(crate) async fn orders_moved(
    connection: &Connection,
    gateway: &GatewayName,
    (from, to): (Timestamp, Timestamp),
    after: Option<OrderId>,
    limit: u32,
) -> Result<Vec<OrderId>, StoreError> {
    let after = after.map(|id| id.to_string());
    let (from, to, limit) = (from.micros(), to.micros(), i64::from(limit));
    let found =
        connection.query(ORDERS_MOVED, &[&gateway.as_str(), &from, &to, &after, &limit]).await?;
    found.iter().map(rows::order_id).collect()
}

const ORDERS_NAMED: &str = "
SELECT order_id FROM attempts
WHERE gateway = $1::TEXT AND gateway_order_id = ANY($2::TEXT[])
UNION
SELECT order_id FROM attempts
WHERE gateway = $1::TEXT AND reference = ANY($3::TEXT[])
UNION
SELECT named.order_id
FROM (SELECT order_id, attempt_id FROM refunds WHERE charge = ANY($3::TEXT[])
      UNION SELECT order_id, attempt_id FROM refunds WHERE reference = ANY($3::TEXT[])) AS named
JOIN attempts ON attempts.order_id = named.order_id
             AND attempts.id = named.attempt_id AND attempts.gateway = $1::TEXT";

/// Orders with an attempt at this gateway, or a refund of one, that has one of these names.
pub(crate) async fn orders_named(
    connection: &Connection,
    gateway: &GatewayName,
    names: &Names,
) -> Result<Vec<OrderId>, StoreError> {
    let found = connection
        .query(ORDERS_NAMED, &[&gateway.as_str(), &names.gateway_order_ids, &names.references])
        .await?;
    found.iter().map(rows::order_id).collect()
}

const INSERT: &str = concat!(
    "INSERT INTO attempts (",
    columns::attempts!(),
    ") SELECT * FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[],
                            $6::TEXT[], $7::BIGINT[], $8::TEXT[], $9::TEXT[], $10::TEXT[],
                            $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[], $15::TEXT[],
                            $16::BIGINT[], $17::BIGINT[], $18::BIGINT[], $19::BIGINT[],
                            $20::BIGINT[], $21::BIGINT[], $22::TEXT[])"
);

/// Adds attempts.
pub(crate) async fn insert(
    connection: &Connection,
    new: &[Of<&Attempt>],
) -> Result<(), StoreError> {
    if new.is_empty() {
        return Ok(());
    }
    let rulings = column(new, |of| of.row.ruling.as_ref().map(json::text).transpose());
    let rulings: Vec<Option<String>> = rulings.into_iter().collect::<Result<_, _>>()?;
    let touched = connection
        .execute(
            INSERT,
            &[
                &column(new, |of| of.order_id.to_string()),
                &column(new, |of| i64::from(of.row.number)),
                &column(new, |of| of.row.id.to_string()),
                &column(new, |of| of.row.gateway.as_str()),
                &column(new, |of| of.row.gateway_order_id.as_str()),
                &column(new, |of| of.row.gateway_user_id.as_str()),
                &column(new, |of| of.row.amount.minor),
                &column(new, |of| of.row.amount.currency.code()),
                &column(new, |of| means::word(&of.row.means)),
                &column(new, |of| of.row.means.card_company()),
                &column(new, |of| of.row.means.authentication()),
                &column(new, |of| of.row.state.word()),
                &column(new, |of| of.row.reference.as_deref()),
                &column(new, |of| of.row.problem.as_ref().map(|problem| problem.code.word())),
                &column(new, |of| of.row.problem.as_ref().map(|problem| problem.text.as_str())),
                &column(new, |of| i64::from(of.row.absences)),
                &column(new, |of| i64::from(of.row.request)),
                &column(new, |of| of.row.recorded_at.micros()),
                &column(new, |of| of.row.send_before.micros()),
                &column(new, |of| of.row.certain_at.map(Timestamp::micros)),
                &column(new, |of| of.row.fee.map(|fee| fee.minor)),
                &rulings,
            ],
        )
        .await?;
    expect_rows("attempts", new.len(), touched)
}

const UPDATE: &str = "
UPDATE attempts
SET authentication = new.authentication, state = new.state, reference = new.reference,
    problem_code = new.problem_code, problem_text = new.problem_text, absences = new.absences,
    request = new.request, send_before = new.send_before, certain_at = new.certain_at,
    fee_minor = new.fee_minor, ruling = new.ruling
FROM unnest($1::TEXT[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[],
            $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], $13::TEXT[],
            $14::TEXT[], $15::BIGINT[])
    AS new (order_id, number, authentication, state, reference, problem_code, problem_text,
            absences, request, send_before, certain_at, fee_minor, ruling,
            loaded_state, loaded_request)
WHERE attempts.order_id = new.order_id AND attempts.number = new.number
  AND attempts.state = new.loaded_state AND attempts.request = new.loaded_request";

/// Changes attempts that are still in the state, and at the request, that were loaded.
pub(crate) async fn update(
    connection: &Connection,
    changed: &[Of<Changed<'_, Attempt>>],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let rulings = column(changed, |of| of.row.to.ruling.as_ref().map(json::text).transpose());
    let rulings: Vec<Option<String>> = rulings.into_iter().collect::<Result<_, _>>()?;
    let touched = connection
        .execute(
            UPDATE,
            &[
                &column(changed, |of| of.order_id.to_string()),
                &column(changed, |of| i64::from(of.row.to.number)),
                &column(changed, |of| of.row.to.means.authentication()),
                &column(changed, |of| of.row.to.state.word()),
                &column(changed, |of| of.row.to.reference.as_deref()),
                &column(changed, |of| of.row.to.problem.as_ref().map(|it| it.code.word())),
                &column(changed, |of| of.row.to.problem.as_ref().map(|it| it.text.as_str())),
                &column(changed, |of| i64::from(of.row.to.absences)),
                &column(changed, |of| i64::from(of.row.to.request)),
                &column(changed, |of| of.row.to.send_before.micros()),
                &column(changed, |of| of.row.to.certain_at.map(Timestamp::micros)),
                &column(changed, |of| of.row.to.fee.map(|fee| fee.minor)),
                &rulings,
                &column(changed, |of| of.row.from.state.word()),
                &column(changed, |of| i64::from(of.row.from.request)),
            ],
        )
        .await?;
    expect_rows("attempts", changed.len(), touched)
}
