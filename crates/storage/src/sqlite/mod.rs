//! The books in one SQLite file: one writer, a few readers, all off the async threads.
//!
//! `connection.rs` opens and distrusts, `transact.rs` is the one door for decisions, `store.rs` is
//! the contract; then one file per table with one function per statement.

mod access;
mod attempts;
mod audit;
mod connection;
mod errors;
mod findings;
mod fulfilments;
mod holds;
mod idempotency;
mod incidents;
mod journal;
pub(crate) mod migrate;
mod obligations;
mod orders;
mod payments;
mod postings;
mod products;
mod reconciliation_store;
mod reconciliation_turns;
mod reconciliations;
mod refunds;
mod sales;
mod store;
mod transact;

pub use store::{Access, SqliteStore};
