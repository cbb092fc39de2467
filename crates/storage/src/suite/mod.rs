//! What any store must do, as stories. `tests/it` tells each of them on both databases.
//!
//! A story asks for nothing but [`Books`]. Stories about time move the clock, so they never wait.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "stories are tests that two databases share"
)]

pub mod access;
pub mod concurrency;
pub mod leases;
pub mod lists;
pub mod reconciliation;
pub mod refusals;
pub mod round_trip;
pub mod samples;

use std::sync::{Arc, mpsc};

use async_trait::async_trait;
use payonce_domain::{ids::OrderId, sale::Sale};
use payonce_ports::{
    clock::MovedClock,
    store::{Keys, Store, StoreError, World},
};

/// A fresh, migrated database that belongs to one story.
#[async_trait]
pub trait Books: Send + Sync {
    /// A store on it: one of its own where several processes may share a database.
    async fn store(&self) -> Arc<dyn Store>;

    /// The clock of all its stores.
    fn clock(&self) -> &MovedClock;

    /// Runs statements behind the stores' backs, or says why the database refuses them.
    async fn try_sql(&self, sql: &str) -> Result<(), String>;

    /// Runs statements behind the stores' backs.
    async fn run_sql(&self, sql: &str) {
        self.try_sql(sql).await.expect("the database takes it");
    }

    /// From now on updates of this table touch no row and raise no error: as if somebody else had
    /// been there first.
    async fn lose_updates(&self, table: &str);
}

/// Runs a decision and hands out what it found.
pub async fn transact<T: Send + 'static>(
    store: &dyn Store,
    keys: Keys,
    decide: impl FnOnce(&mut World) -> T + Send + 'static,
) -> Result<T, StoreError> {
    let (tell, told) = mpsc::channel();
    let decision = Box::new(move |world: &mut World| {
        tell.send(decide(world)).expect("somebody listens");
    });
    store.transact(keys, decision).await?;
    Ok(told.try_recv().expect("a committed decision has run"))
}

/// Adds rows to the books.
pub async fn add(store: &dyn Store, add: impl FnOnce(&mut World) + Send + 'static) {
    transact(store, Keys::default(), add).await.expect("added");
}

/// Changes one sale.
pub async fn change_sale(
    store: &dyn Store,
    id: OrderId,
    change: impl FnOnce(&mut Sale) + Send + 'static,
) -> Result<(), StoreError> {
    let keys = Keys { orders: [id].into(), ..Keys::default() };
    transact(store, keys, move |world| {
        change(world.sales.get_mut(&id).expect("the sale is there"));
    })
    .await
}
