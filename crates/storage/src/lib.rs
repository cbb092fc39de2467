//! All SQL: the books on SQLite and on PostgreSQL, behind [`payonce_ports::store::Store`].
//!
//! Read [`changes`] first (what a decision writes, pure), then `sqlite/transact.rs` and
//! `postgres/transact.rs`; the folders hold the same files with the same functions. [`suite`] is
//! what any store must do; `tests/it` runs it on both. Nothing here decides about money.

mod cells;
mod changes;
mod columns;
mod json;
mod means;
mod migrations;
mod open;
pub mod postgres;
mod rows;
pub mod sqlite;

pub mod suite;

pub use migrations::{Applied, migrate, pending};
pub use open::{OpenError, Target, open, open_to_read};
pub use postgres::{PostgresSettings, PostgresStore};
pub use sqlite::{Access, SqliteStore};
