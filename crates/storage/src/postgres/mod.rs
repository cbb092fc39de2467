//! The books on PostgreSQL.

mod settings;

pub use settings::PostgresSettings;
