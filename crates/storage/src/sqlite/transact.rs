//! Load, decide, save, commit: one transaction, on the writer.

use std::collections::BTreeMap;

use payonce_domain::{ids::OrderId, product::Product, time::Timestamp};
use payonce_ports::store::{Decision, Keys, StoreError, World};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::{
    attempts, audit, errors::failed, fulfilments, holds, idempotency, incidents, journal,
    obligations, orders, payments, postings, products, refunds, sales,
};
use crate::changes::Changes;

/// Runs one decision. Dropping out at any point, also by a panic, rolls everything back.
pub(crate) fn run(
    connection: &mut Connection,
    now: Timestamp,
    keys: &Keys,
    decision: Decision,
) -> Result<(), StoreError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let loaded = load(&transaction, now, keys)?;
    let mut decided = loaded.clone();
    decision(&mut decided);
    let changes = Changes::between(&loaded, &decided)?;
    if changes.is_empty() {
        return transaction.rollback().map_err(failed);
    }
    save(&transaction, &changes)?;
    commit(transaction)
}

fn load(connection: &Connection, now: Timestamp, keys: &Keys) -> Result<World, StoreError> {
    let mut world = World::new(now);
    for key in &keys.idempotency {
        if let Some(row) = idempotency::find(connection, key)? {
            world.idempotency.insert(key.clone(), row);
        }
    }
    world.products = keys
        .products
        .iter()
        .filter_map(|id| products::find(connection, *id).transpose())
        .map(|product| product.map(|product| (product.id, product)))
        .collect::<Result<BTreeMap<_, Product>, _>>()?;
    let ids: Vec<OrderId> = keys.orders.iter().copied().collect();
    world.sales = sales::load(connection, &ids)?;
    Ok(world)
}

fn save(connection: &Connection, changes: &Changes<'_>) -> Result<(), StoreError> {
    idempotency::insert(connection, &changes.new_idempotency)?;
    idempotency::update(connection, &changes.changed_idempotency)?;
    products::insert(connection, &changes.new_products)?;
    products::update(connection, &changes.changed_products)?;
    orders::insert(connection, &changes.new_orders)?;
    orders::update(connection, &changes.changed_orders)?;
    payments::insert(connection, &changes.new_payments)?;
    payments::update(connection, &changes.changed_payments)?;
    // An attempt must have ended before the next one of its payment is live.
    attempts::update(connection, &changes.changed_attempts)?;
    attempts::insert(connection, &changes.new_attempts)?;
    holds::insert(connection, &changes.new_holds)?;
    holds::update(connection, &changes.changed_holds)?;
    // A refund must have left the gateway before the next one of its charge is there.
    refunds::update(connection, &changes.changed_refunds)?;
    refunds::insert(connection, &changes.new_refunds)?;
    obligations::insert(connection, &changes.new_obligations)?;
    obligations::update(connection, &changes.changed_obligations)?;
    journal::append(connection, changes.journal)?;
    postings::append(connection, changes.postings)?;
    fulfilments::append(connection, changes.fulfilments)?;
    fulfilments::revoke(connection, &changes.revoked)?;
    incidents::append(connection, changes.incidents)?;
    audit::append(connection, changes.audit)
}

/// A commit that failed for want of a lock or of space has not happened; after any other failure
/// nobody knows what the disk has.
pub(crate) fn commit(transaction: Transaction<'_>) -> Result<(), StoreError> {
    transaction.commit().map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull) => {
            StoreError::Unavailable(error.to_string())
        }
        _ => StoreError::InDoubt(error.to_string()),
    })
}
