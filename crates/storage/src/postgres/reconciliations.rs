//! Table `reconciliations`: every run, as it was. A run is added with its findings: `findings.rs`.

use payonce_domain::{gateway::GatewayName, reconciliation::Date};
use payonce_ports::{reconciliation::ReconciliationRun, store::StoreError};

use super::connection::Connection;
use crate::{columns, rows};

pub(crate) const STATEMENTS: &[&str] = &[NEWEST];

const NEWEST: &str = concat!(
    "SELECT ",
    columns::reconciliations!(),
    " FROM reconciliations WHERE gateway = $1::TEXT AND day >= $2::TEXT
      ORDER BY at DESC, id DESC LIMIT $3::BIGINT"
);

/// Runs of this gateway's days from `from` on, the newest first.
pub(crate) async fn newest(
    connection: &Connection,
    gateway: &GatewayName,
    from: Date,
    limit: u32,
) -> Result<Vec<ReconciliationRun>, StoreError> {
    let found = connection
        .query(NEWEST, &[&gateway.as_str(), &from.to_string(), &i64::from(limit)])
        .await?;
    found.iter().map(rows::reconciliation).collect()
}
