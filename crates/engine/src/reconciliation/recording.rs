//! What is kept of a reconciliation: the run, its findings, and an incident for what needs a person.

use std::collections::BTreeSet;

use payonce_domain::{
    ids::OrderId,
    reconciliation::{Finding, FindingType, Severity, Total, alarm},
    time::Timestamp,
    words::Word,
};
use payonce_ports::{
    reconciliation::{FindingRow, ReconciliationRun},
    store::{Keys, StoreError, World},
};
use serde::Serialize;

use super::{Done, Found, Reconcile, ReconcileError, Reconciled};
use crate::{
    Engine,
    batch::{Command, affinity_of},
    settling::log,
};

/// The word of a finding that waits for a person.
const INCIDENT: &str = "incident";
/// Findings read at a time; of more, an incident may be told twice in an order's history.
const FINDINGS_AT_MOST: u32 = 10_000;

impl Engine {
    /// Keeps what was found. Incidents go first: should we die in between, they are there already.
    pub(super) async fn record(&self, reconciled: &Reconciled) -> Result<(), ReconcileError> {
        let now = self.parts.clock.now();
        self.alarm_once(reconciled).await?;
        let mut rows: Vec<_> =
            reconciled.found.iter().map(|found| row(reconciled, found, now)).collect();
        rows.extend(reconciled.unreadable.iter().map(|text| unreadable(reconciled, text, now)));
        let totals: Vec<_> = reconciled.report.totals.iter().map(TotalRow::of).collect();
        let run = ReconciliationRun {
            id: self.mint().id(),
            gateway: reconciled.gateway.clone(),
            day: reconciled.day,
            at: now,
            source: reconciled.source.clone(),
            matched: reconciled.report.totals.iter().map(|total| total.matched).sum(),
            totals: serde_json::to_string(&totals)
                .map_err(|error| StoreError::Refused(error.to_string()))?,
            findings: rows.iter().filter(|row| row.closed_at.is_none()).count() as u64,
        };
        Ok(self.parts.store.record_reconciliation(&run, &rows).await?)
    }

    /// A report that is missing is a finding too, and an alarm. It is closed by the day's next run.
    pub(super) async fn miss_report(
        &self,
        ask: &Reconcile,
        error: &ReconcileError,
    ) -> Result<(), StoreError> {
        let ReconcileError::NoReport(why) = error else { return Ok(()) };
        tracing::error!(gateway.name = %ask.gateway, day = %ask.day, why, "no settlement report");
        if ask.dry_run {
            return Ok(());
        }
        let now = self.parts.clock.now();
        let (gateway, day) = (&ask.gateway, ask.day);
        let missing = FindingRow {
            key: format!("report_missing:{gateway}:{day}"),
            gateway: gateway.clone(),
            day,
            first_seen: now,
            last_seen: now,
            closed_at: None,
            severity: Severity::Critical,
            kind: FindingType::Sources,
            english: format!("{gateway} gave no report of {day}: {why}."),
            korean: format!("{gateway}에서 {day} 내역을 받지 못했습니다: {why}."),
            repair: INCIDENT.to_owned(),
            repaired_at: None,
            order_id: None,
            payment_id: None,
        };
        self.parts.store.add_findings(&[missing]).await
    }

    /// Raises an incident for each finding of an order that needs a person and did not before.
    async fn alarm_once(&self, reconciled: &Reconciled) -> Result<(), ReconcileError> {
        let open = self.parts.store.open_findings(Some(&reconciled.gateway), FINDINGS_AT_MOST);
        let told: BTreeSet<_> = open
            .await?
            .into_iter()
            .filter(|row| row.repair == INCIDENT)
            .map(|row| row.key)
            .collect();
        for found in reconciled.found.iter().filter(|found| found.needs_person()) {
            if told.contains(&found.finding.key()) {
                continue;
            }
            let Some(ours) = &found.finding.ours else {
                let detail = found.finding.english();
                tracing::error!(gateway.name = %reconciled.gateway, detail, "incident");
                continue;
            };
            let raise = Alarm {
                order_id: ours.order_id,
                finding: found.finding.clone(),
                seed: self.parts.entropy.number(),
            };
            self.batcher.submit(raise).await?;
        }
        Ok(())
    }
}

fn row(reconciled: &Reconciled, found: &Found, now: Timestamp) -> FindingRow {
    let Found { finding, repair, done } = found;
    let ours = finding.ours.as_ref();
    let repaired_at = (*done == Done::Repaired).then_some(now);
    FindingRow {
        key: finding.key(),
        gateway: finding.gateway.clone(),
        day: reconciled.day,
        first_seen: now,
        last_seen: now,
        closed_at: repaired_at,
        severity: finding.severity(),
        kind: finding.difference.kind(),
        english: finding.english(),
        korean: finding.korean(),
        repair: if found.needs_person() { INCIDENT } else { repair.word() }.to_owned(),
        repaired_at,
        order_id: ours.map(|ours| ours.order_id),
        payment_id: ours.map(|ours| ours.payment_id),
    }
}

fn unreadable(reconciled: &Reconciled, text: &str, now: Timestamp) -> FindingRow {
    let gateway = &reconciled.gateway;
    FindingRow {
        key: format!("unreadable:{gateway}:{text}"),
        gateway: gateway.clone(),
        day: reconciled.day,
        first_seen: now,
        last_seen: now,
        closed_at: None,
        severity: Severity::Warning,
        kind: FindingType::Sources,
        english: format!("a row of {gateway}'s report cannot be read: {text}."),
        korean: format!("{gateway} 내역에 읽을 수 없는 행이 있습니다: {text}."),
        repair: INCIDENT.to_owned(),
        repaired_at: None,
        order_id: None,
        payment_id: None,
    }
}

/// What agreed, as it is kept.
#[derive(Debug, Serialize)]
struct TotalRow {
    kind: &'static str,
    currency: &'static str,
    matched: u64,
    amount: i128,
    settled: u64,
    fee: i128,
    vat: i128,
    pay_out: i128,
}

impl TotalRow {
    fn of(total: &Total) -> Self {
        Self {
            kind: total.kind.word(),
            currency: total.currency,
            matched: total.matched,
            amount: total.amount,
            settled: total.settled,
            fee: total.fee,
            vat: total.vat,
            pay_out: total.pay_out,
        }
    }
}

struct Alarm {
    order_id: OrderId,
    finding: Finding,
    seed: u64,
}

impl Command for Alarm {
    type Reply = ();

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) {
        let Some(sale) = world.sales.get(&self.order_id) else { return };
        let Some(change) = alarm(sale, &self.finding, world.now, self.seed) else { return };
        log(&change);
        // It moves no stock.
        let _applied = world.apply(change);
    }
}
