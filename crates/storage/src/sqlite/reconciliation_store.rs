//! What reconciling needs, on one SQLite file.

use std::{collections::BTreeSet, time::Duration};

use async_trait::async_trait;
use payonce_domain::{
    gateway::GatewayName, ids::OrderId, reconciliation::Date, sale::Sale, time::Timestamp,
};
use payonce_ports::{
    reconciliation::{FindingRow, Names, ReconciliationRun, ReconciliationStore, Turn},
    store::StoreError,
};

use super::{
    SqliteStore, attempts, findings, reconciliation_turns, reconciliations, refunds, sales,
};

#[async_trait]
impl ReconciliationStore for SqliteStore {
    async fn sales_moved(
        &self,
        gateway: &GatewayName,
        from: Timestamp,
        to: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError> {
        let gateway = gateway.clone();
        self.read(move |connection| {
            let ids = attempts::orders_moved(connection, &gateway, (from, to), after, limit)?;
            Ok(sales::load(connection, &ids)?.into_values().collect())
        })
        .await
    }

    async fn sales_named(
        &self,
        gateway: &GatewayName,
        names: &Names,
    ) -> Result<Vec<Sale>, StoreError> {
        let (gateway, names) = (gateway.clone(), names.clone());
        self.read(move |connection| {
            let mut ids = BTreeSet::new();
            for order_id in &names.gateway_order_ids {
                let found = attempts::at_gateway(connection, &gateway, order_id)?;
                ids.extend(found.map(|(id, _)| id));
            }
            for reference in &names.references {
                ids.extend(attempts::orders_referred(connection, &gateway, reference)?);
                ids.extend(refunds::orders_referred(connection, &gateway, reference)?);
            }
            let ids: Vec<_> = ids.into_iter().collect();
            Ok(sales::load(connection, &ids)?.into_values().collect())
        })
        .await
    }

    async fn record_reconciliation(
        &self,
        run: &ReconciliationRun,
        findings: &[FindingRow],
    ) -> Result<(), StoreError> {
        let (run, findings) = (run.clone(), findings.to_vec());
        self.write(move |connection| {
            reconciliations::add(connection, &run)?;
            findings::close_others(connection, &run, &findings)?;
            findings::add(connection, &findings)
        })
        .await
    }

    async fn add_findings(&self, findings: &[FindingRow]) -> Result<(), StoreError> {
        let findings = findings.to_vec();
        self.write(move |connection| findings::add(connection, &findings)).await
    }

    async fn reconciliations(
        &self,
        gateway: &GatewayName,
        from: Date,
        limit: u32,
    ) -> Result<Vec<ReconciliationRun>, StoreError> {
        let gateway = gateway.clone();
        self.read(move |connection| reconciliations::newest(connection, &gateway, from, limit))
            .await
    }

    async fn open_findings(
        &self,
        gateway: Option<&GatewayName>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, StoreError> {
        let gateway = gateway.cloned();
        self.read(move |connection| findings::open(connection, gateway.as_ref(), limit)).await
    }

    async fn take_turn(&self, turn: &Turn, lease: Duration) -> Result<bool, StoreError> {
        let (turn, now) = (turn.clone(), self.now());
        let until = now.after(lease);
        self.write(move |connection| reconciliation_turns::take(connection, &turn, now, until))
            .await
    }

    async fn end_turn(&self, turn: &Turn) -> Result<(), StoreError> {
        let (turn, now) = (turn.clone(), self.now());
        self.write(move |connection| reconciliation_turns::end(connection, &turn, now)).await
    }
}
