//! Load, decide, save, commit: one transaction on one lane, in three round trips.
//!
//! Locks are taken in one order everywhere: idempotency keys, products, orders, obligations, each
//! in the order of their ids. The statements of one trip are joined, and run in that order.

use std::time::Duration;

use futures_util::try_join;
use payonce_domain::time::Timestamp;
use payonce_ports::{
    clock::Clock,
    store::{Decision, Keys, StoreError, World},
};

use super::{
    attempts, audit,
    connection::Connection,
    fulfilments, holds, idempotency, incidents, journal,
    lanes::{Lane, Lanes},
    obligations, orders, payments, postings, products, refunds,
};
use crate::{changes::Changes, rows::SaleRows};

pub(crate) const STATEMENTS: &[&str] = &[NOW];

const NOW: &str = "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT";

/// Runs one decision. Until the commit is sent, whatever ends this call (an error, the deadline,
/// a panic, the caller's going away) cuts the lane and the server rolls back.
pub(crate) async fn run(
    lanes: &Lanes,
    deadline: Duration,
    clock: Option<&dyn Clock>,
    keys: &Keys,
    decision: Decision,
) -> Result<(), StoreError> {
    let late = |_| StoreError::Unavailable("not decided within the deadline".to_owned());
    let decided = tokio::time::timeout(deadline, decide(lanes, clock, keys, decision));
    let Some(lane) = decided.await.map_err(late)?? else {
        return Ok(());
    };
    let late = |_| StoreError::InDoubt("no answer to the commit within the deadline".to_owned());
    tokio::time::timeout(deadline, lane.connection()?.commit()).await.map_err(late)??;
    lane.give_back();
    Ok(())
}

/// Everything before the commit. `None`: there is nothing to commit.
async fn decide<'l>(
    lanes: &'l Lanes,
    clock: Option<&dyn Clock>,
    keys: &Keys,
    decision: Decision,
) -> Result<Option<Lane<'l>>, StoreError> {
    let lane = lanes.take().await?;
    let loaded = Box::pin(load(lane.connection()?, clock, keys)).await?;
    let mut decided = loaded.clone();
    decision(&mut decided);
    let saved = match Changes::between(&loaded, &decided) {
        Ok(changes) if changes.is_empty() => Ok(false),
        // Boxed, as loading is: a future of twenty statements is too large to be moved about.
        Ok(changes) => Box::pin(save(lane.connection()?, &changes)).await.map(|()| true),
        Err(refused) => Err(refused),
    };
    match saved {
        Ok(true) => Ok(Some(lane)),
        Ok(false) => {
            lane.connection()?.roll_back().await?;
            lane.give_back();
            Ok(None)
        }
        Err(StoreError::Refused(rule)) => {
            // The connection is as good as before: only its transaction was refused.
            if lane.connection()?.roll_back().await.is_ok() {
                lane.give_back();
            }
            Err(StoreError::Refused(rule))
        }
        Err(error) => Err(error),
    }
}

async fn load(
    connection: &Connection,
    clock: Option<&dyn Clock>,
    keys: &Keys,
) -> Result<World, StoreError> {
    let product_ids: Vec<String> = keys.products.iter().map(ToString::to_string).collect();
    let order_ids: Vec<String> = keys.orders.iter().map(ToString::to_string).collect();
    let (
        (),
        (),
        products,
        orders,
        obligations,
        payments,
        attempts,
        holds,
        refunds,
        remembered,
        now,
    ) = try_join!(
        connection.begin(),
        idempotency::lock(connection, &keys.idempotency),
        products::lock(connection, &product_ids),
        orders::lock(connection, &order_ids),
        obligations::lock(connection, &order_ids),
        payments::of_orders(connection, &order_ids),
        attempts::of_orders(connection, &order_ids),
        holds::of_orders(connection, &order_ids),
        refunds::of_orders(connection, &order_ids),
        idempotency::find(connection, &keys.idempotency),
        now(connection, clock),
    )?;
    let mut world = World::new(now);
    world.products = products.into_iter().map(|product| (product.id, product)).collect();
    let rows = SaleRows { orders, payments, attempts, holds, refunds, obligations };
    world.sales = rows.into_sales()?;
    world.idempotency = remembered.into_iter().collect();
    Ok(world)
}

/// The database's clock, read when all locks are held.
async fn now(connection: &Connection, clock: Option<&dyn Clock>) -> Result<Timestamp, StoreError> {
    if let Some(clock) = clock {
        return Ok(clock.now());
    }
    let found = connection.query(NOW, &[]).await?;
    let row = found.first().ok_or_else(|| StoreError::Unavailable("no time".to_owned()))?;
    Ok(Timestamp::from_micros(row.get(0)))
}

async fn save(connection: &Connection, changes: &Changes<'_>) -> Result<(), StoreError> {
    try_join!(
        idempotency::insert(connection, &changes.new_idempotency),
        idempotency::update(connection, &changes.changed_idempotency),
        products::insert(connection, &changes.new_products),
        products::update(connection, &changes.changed_products),
        orders::insert(connection, &changes.new_orders),
        orders::update(connection, &changes.changed_orders),
        payments::insert(connection, &changes.new_payments),
        payments::update(connection, &changes.changed_payments),
        // An attempt must have ended before the next one of its payment is live.
        attempts::update(connection, &changes.changed_attempts),
        attempts::insert(connection, &changes.new_attempts),
        holds::insert(connection, &changes.new_holds),
        holds::update(connection, &changes.changed_holds),
        // A refund must have left the gateway before the next one of its charge is there.
        refunds::update(connection, &changes.changed_refunds),
        refunds::insert(connection, &changes.new_refunds),
        obligations::insert(connection, &changes.new_obligations),
        obligations::update(connection, &changes.changed_obligations),
        journal::append(connection, changes.journal),
        postings::append(connection, changes.postings),
        fulfilments::append(connection, changes.fulfilments),
        fulfilments::revoke(connection, &changes.revoked),
        incidents::append(connection, changes.incidents),
        audit::append(connection, changes.audit),
    )
    .map(|_| ())
}
