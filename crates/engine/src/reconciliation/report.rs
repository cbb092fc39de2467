//! The lines of a day: asked of the gateway, or brought; and what they are held against.

use std::{collections::BTreeSet, time::Duration};

use payonce_domain::reconciliation::{Expectations, Reading, SettlementLine, Source};
use payonce_ports::gateway::{Complete, DayReport};

use super::{Lines, Reconcile, ReconcileError};
use crate::Engine;

/// The name of a gateway's own answer as a source.
pub const FETCHED: &str = "gateway";
/// Longest time for a day's report: a gateway may take a minute a page.
const REPORT_WITHIN: Duration = Duration::from_mins(10);

/// What a day is compared by.
#[derive(Debug)]
pub(super) struct DayLines {
    /// `gateway`, or the name of what was brought.
    pub(super) source: String,
    pub(super) lines: Vec<SettlementLine>,
    pub(super) expectations: Expectations,
    /// Rows that could not be read.
    pub(super) unreadable: Vec<String>,
}

impl Engine {
    pub(super) async fn lines_of(&self, ask: &Reconcile) -> Result<DayLines, ReconcileError> {
        let gateway = self.parts.gateways.get(&ask.gateway);
        let gateway = gateway.ok_or_else(|| ReconcileError::NoGateway(ask.gateway.clone()))?;
        let (source, report) = match &ask.lines {
            Lines::Given { name, lines } => (name.clone(), brought(lines)),
            Lines::Fetched => {
                let report = tokio::select! {
                    report = gateway.settlement(ask.day) => report,
                    () = self.parts.clock.sleep(REPORT_WITHIN) => {
                        Err(format!("not read within {} min", REPORT_WITHIN.as_secs() / 60))
                    }
                };
                (FETCHED.to_owned(), report.map_err(ReconcileError::NoReport)?)
            }
        };
        let readings = report.complete.iter().map(|complete| Reading {
            gateway: ask.gateway.clone(),
            source: complete.source,
            read_on: ask.today,
            listed_after_days: complete.listed_after_days,
        });
        Ok(DayLines {
            source,
            expectations: Expectations {
                readings: readings.collect(),
                fees: self.parts.settings.agreed_fees.clone(),
            },
            lines: report.lines,
            unreadable: report.unreadable,
        })
    }
}

/// What somebody brought is whole: each report that it has lines of was read to its end.
fn brought(lines: &[SettlementLine]) -> DayReport {
    let sources: BTreeSet<_> = lines.iter().map(SettlementLine::source).collect();
    let complete = sources.into_iter().map(|source| Complete {
        source,
        listed_after_days: match source {
            Source::Settlement => 1,
            Source::Transactions => 0,
        },
    });
    DayReport { lines: lines.to_vec(), complete: complete.collect(), unreadable: Vec::new() }
}
