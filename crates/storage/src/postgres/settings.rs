//! How PostgreSQL is used: how many connections, and how long anything may take.

use std::time::Duration;

/// The settings of a [`super::PostgresStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresSettings {
    /// Committer lanes: transactions that can run side by side. One connection each.
    pub lanes: usize,
    /// Connections that reads share.
    pub readers: usize,
    /// The longest that a call may wait, for a lane, a lock and an answer together; a commit has as
    /// long again for itself. A synchronous commit that waits for a standby does not heed
    /// `statement_timeout`, so the deadline is ours.
    pub deadline: Duration,
    /// The longest that one check of the whole books may take (`stock_in_holds`, `ledger_sums`,
    /// `orphans`).
    pub check_deadline: Duration,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self {
            lanes: 4,
            readers: 2,
            deadline: Duration::from_secs(5),
            check_deadline: Duration::from_mins(5),
        }
    }
}
