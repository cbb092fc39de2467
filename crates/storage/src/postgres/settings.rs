//! How PostgreSQL is used: how many connections, and how long anything may take.

use std::time::Duration;

/// The settings of a PostgreSQL store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresSettings {
    /// Committer lanes: transactions that can run side by side. One connection each.
    pub lanes: usize,
    /// Connections that reads share.
    pub readers: usize,
    /// The longest any call may take, connecting and waiting for a lane included. A synchronous
    /// commit that waits for a standby does not heed `statement_timeout`, so the deadline is ours.
    pub deadline: Duration,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self { lanes: 4, readers: 2, deadline: Duration::from_secs(5) }
    }
}
