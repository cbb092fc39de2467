//! The part of the books that reconciling needs: which orders a day's report may be about, what was
//! found, and who reconciles a day when its time has come.

use std::time::Duration;

use async_trait::async_trait;
use payonce_domain::{
    gateway::GatewayName,
    ids::{OrderId, PaymentId, ReconciliationId},
    reconciliation::{Date, FindingType, Severity},
    sale::Sale,
    time::Timestamp,
};

use crate::store::StoreError;

/// Names that a gateway's report uses, at most a few hundred at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Order ids that the gateway knows attempts by.
    pub gateway_order_ids: Vec<String>,
    /// The gateway's own names of payments and of refunds.
    pub references: Vec<String>,
}

/// One reconciliation of one day, as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationRun {
    /// Its name.
    pub id: ReconciliationId,
    /// Of which gateway.
    pub gateway: GatewayName,
    /// Of which day.
    pub day: Date,
    /// When.
    pub at: Timestamp,
    /// Where the lines came from: `gateway`, or the name of a file.
    pub source: String,
    /// Movements that agreed.
    pub matched: u64,
    /// A JSON list of what agreed, by direction and currency.
    pub totals: String,
    /// Findings that were left.
    pub findings: u64,
}

/// Something that differs between a gateway and our books, for as long as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// Its unique name: finding it again changes no more than when it was last seen.
    pub key: String,
    /// At which gateway.
    pub gateway: GatewayName,
    /// In the report of which day.
    pub day: Date,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// Since when it is not any more.
    pub closed_at: Option<Timestamp>,
    /// How grave it is.
    pub severity: Severity,
    /// What differs, in broad terms.
    pub kind: FindingType,
    /// What differs, for people.
    pub english: String,
    /// What differs, for people, in Korean.
    pub korean: String,
    /// The word of what is done about it.
    pub repair: String,
    /// When that was done.
    pub repaired_at: Option<Timestamp>,
    /// The order, if it is one of ours.
    pub order_id: Option<OrderId>,
    /// Its payment.
    pub payment_id: Option<PaymentId>,
}

/// A day that one process reconciles, because its time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// At which gateway.
    pub gateway: GatewayName,
    /// Which day.
    pub day: Date,
    /// On which day it is due.
    pub run_on: Date,
}

/// What the books keep of reconciliations.
#[async_trait]
pub trait ReconciliationStore {
    /// Orders with an attempt at this gateway, or a refund of one, that became certain from `from` on
    /// and before `to`. What is not certain is missed in no report.
    async fn sales_moved(
        &self,
        gateway: &GatewayName,
        from: Timestamp,
        to: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<Sale>, StoreError>;

    /// Orders with an attempt at this gateway, or a refund of one, that has one of these names.
    async fn sales_named(
        &self,
        gateway: &GatewayName,
        names: &Names,
    ) -> Result<Vec<Sale>, StoreError>;

    /// Records a run and what it found, at once.
    ///
    /// What was found before keeps the moment of its first sight. Findings of this gateway and day
    /// that the run does not have are closed. Recording the same run again changes nothing.
    async fn record_reconciliation(
        &self,
        run: &ReconciliationRun,
        findings: &[FindingRow],
    ) -> Result<(), StoreError>;

    /// Adds findings without a run, and closes none.
    async fn add_findings(&self, findings: &[FindingRow]) -> Result<(), StoreError>;

    /// Reconciliations of this gateway's days from `from` on, the newest run first.
    async fn reconciliations(
        &self,
        gateway: &GatewayName,
        from: Date,
        limit: u32,
    ) -> Result<Vec<ReconciliationRun>, StoreError>;

    /// Findings that are not closed, of one gateway or of all, those of the oldest day first.
    async fn open_findings(
        &self,
        gateway: Option<&GatewayName>,
        limit: u32,
    ) -> Result<Vec<FindingRow>, StoreError>;

    /// Takes a turn for so long; `false` if another process has it, or it is done.
    async fn take_turn(&self, turn: &Turn, lease: Duration) -> Result<bool, StoreError>;

    /// The turn is done: nobody takes it again.
    async fn end_turn(&self, turn: &Turn) -> Result<(), StoreError>;
}
