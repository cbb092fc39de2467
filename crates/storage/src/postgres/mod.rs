//! The books on PostgreSQL: several processes may share them.
//!
//! `connection.rs` opens, prepares and distrusts, `lanes.rs` keeps the connections, `transact.rs`
//! is the one door for decisions, `store.rs` is the contract; then one file per table with one
//! function per statement. Statements are bulk: a batch of any size is a few round trips.

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
mod lanes;
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
mod settings;
mod store;
mod transact;

pub use settings::PostgresSettings;
pub use store::PostgresStore;
