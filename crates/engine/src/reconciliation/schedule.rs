//! Every day by itself: the day before, days that were missed, and days with something open.
//!
//! Each day is a turn that one process takes. A report that is missing is an alarm, and the turn is
//! taken again when its lease ends.

use std::{collections::BTreeSet, time::Duration};

use payonce_domain::{gateway::GatewayName, reconciliation::Date};
use payonce_ports::{reconciliation::Turn, store::StoreError};

use super::{Lines, Reconcile, Reconciled, report::FETCHED};
use crate::Engine;

/// How far back missed days are caught up, and open findings are looked at again.
const DAYS_BACK: u16 = 14;
/// How often the hour is looked at.
const EVERY: Duration = Duration::from_mins(5);
/// How long one day may take a process before another takes it over; also the wait after a report
/// that was missing.
const LEASE: Duration = Duration::from_mins(30);
/// Runs and findings read to know what is due.
const ROWS: u32 = 10_000;

impl Engine {
    /// Reconciles what is due now, at every gateway that reports its days; says what it came to.
    pub async fn reconcile_due(&self) -> Result<Vec<Reconciled>, StoreError> {
        let now = self.parts.clock.now();
        let today = Date::of_seoul(now);
        let hour = u64::from(self.parts.settings.reconcile_at.unwrap_or(0));
        if now < today.starts_in_seoul().after(Duration::from_hours(hour)) {
            return Ok(Vec::new());
        }
        let mut reconciled = Vec::new();
        for gateway in self.parts.gateways.values().filter(|gateway| gateway.reports_days()) {
            for day in self.days_due(gateway.name(), today).await? {
                if self.is_stopping() {
                    return Ok(reconciled);
                }
                let turn = Turn { gateway: gateway.name().clone(), day, run_on: today };
                if self.parts.store.take_turn(&turn, LEASE).await? {
                    reconciled.extend(self.take(turn).await?);
                }
            }
        }
        Ok(reconciled)
    }

    pub(crate) async fn reconcile_on_schedule(&self) {
        while !self.is_stopping() {
            if let Err(error) = self.reconcile_due().await {
                tracing::warn!(%error, "what is due was not reconciled: it is tried again");
            }
            tokio::select! {
                () = self.parts.clock.sleep(EVERY) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn take(&self, turn: Turn) -> Result<Option<Reconciled>, StoreError> {
        let ask = Reconcile {
            gateway: turn.gateway.clone(),
            day: turn.day,
            lines: Lines::Fetched,
            dry_run: false,
            today: turn.run_on,
        };
        match self.reconcile(ask).await {
            Ok(reconciled) => {
                self.parts.store.end_turn(&turn).await?;
                tell(&reconciled);
                Ok(Some(reconciled))
            }
            Err(error) => {
                tracing::error!(gateway.name = %turn.gateway, day = %turn.day, %error,
                    "day not reconciled");
                Ok(None)
            }
        }
    }

    /// The days of this gateway that nobody has reconciled after they were over, and those with a
    /// finding that nobody has looked at today; the oldest first.
    async fn days_due(&self, gateway: &GatewayName, today: Date) -> Result<Vec<Date>, StoreError> {
        let from = today.minus_days(DAYS_BACK);
        let runs = self.parts.store.reconciliations(gateway, from, ROWS).await?;
        let fetched = || runs.iter().filter(|run| run.source == FETCHED);
        let read: BTreeSet<_> =
            fetched().filter(|run| Date::of_seoul(run.at) > run.day).map(|run| run.day).collect();
        let read_today: BTreeSet<_> =
            fetched().filter(|run| Date::of_seoul(run.at) == today).map(|run| run.day).collect();
        let open = self.parts.store.open_findings(Some(gateway), ROWS).await?;
        let open: BTreeSet<_> = open.into_iter().map(|row| row.day).collect();
        let mut due = Vec::new();
        let mut day = from;
        while day < today {
            if !read.contains(&day) || (open.contains(&day) && !read_today.contains(&day)) {
                due.push(day);
            }
            day = day.next();
        }
        Ok(due)
    }
}

fn tell(reconciled: &Reconciled) {
    let (gateway, day) = (&reconciled.gateway, reconciled.day);
    let matched: u64 = reconciled.report.totals.iter().map(|total| total.matched).sum();
    let (found, posted) = (reconciled.found.len(), reconciled.fees_posted);
    if reconciled.needs_person() {
        tracing::error!(gateway.name = %gateway, %day, matched, found, posted,
            "reconciled: a person must look");
    } else {
        tracing::info!(gateway.name = %gateway, %day, matched, found, posted, "reconciled");
    }
}
