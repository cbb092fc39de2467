//! What reconciling needs, on PostgreSQL.

use std::time::Duration;

use async_trait::async_trait;
use payonce_domain::{
    gateway::GatewayName, ids::OrderId, reconciliation::Date, sale::Sale, time::Timestamp,
};
use payonce_ports::{
    reconciliation::{FindingRow, Names, ReconciliationRun, ReconciliationStore, Turn},
    store::StoreError,
};

use super::{PostgresStore, attempts, findings, reconciliation_turns, reconciliations, sales};

#[async_trait]
impl ReconciliationStore for PostgresStore {
    async fn sales_moved(
        &self,
        gateway: &GatewayName,
        from: Timestamp,
        to: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(async |connection| {
            let ids = attempts::orders_moved(connection, gateway, (from, to), after, limit).await?;
            Ok(sales::load(connection, &ids).await?.into_values().collect())
        })
        .await
    }

    async fn sales_named(
        &self,
        gateway: &GatewayName,
        names: &Names,
    ) -> Result<Vec<Sale>, StoreError> {
        self.read(async |connection| {
            let ids = attempts::orders_named(connection, gateway, names).await?;
            Ok(sales::load(connection, &ids).await?.into_values().collect())
        })
        .await
    }

    async fn record_reconciliation(
        &self,
        run: &ReconciliationRun,
        findings: &[FindingRow],
    ) -> Result<(), StoreError> {
        self.write(async |connection| findings::record(connection, run, findings).await).await
    }

    async fn add_findings(&self, findings: &[FindingRow]) -> Result<(), StoreError> {
        self.write(async |connection| findings::add(connection, findings).await).await
    }

    async fn reconciliations(
        &self,
        gateway: &GatewayName,
        from: Date,
        limit: u32,
    ) -> Result<Vec<ReconciliationRun>, StoreError> {
        self.read(async |connection| {
            reconciliations::newest(connection, gateway, from, limit).await
        })
        .await
    }

    async fn open_findings(
        &self,
        gateway: Option<&GatewayName>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, StoreError> {
        self.read(async |connection| findings::open(connection, gateway, limit).await).await
    }

    async fn take_turn(&self, turn: &Turn, lease: Duration) -> Result<bool, StoreError> {
        let now = self.now();
        self.write(async |connection| {
            reconciliation_turns::take(connection, turn, now, lease).await
        })
        .await
    }

    async fn end_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        let now = self.now();
        self.write(async |connection| reconciliation_turns::end(connection, turn, now).await).await
    }
}
