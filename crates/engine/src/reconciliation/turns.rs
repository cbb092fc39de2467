//! Turns: what is planned is done once, and the books are read again for what that shows.

use std::collections::BTreeSet;

use payonce_domain::reconciliation::{Finding, Planned, Repair, Report};

use super::{Done, Found, ReconcileError, Reconciled};
use crate::Engine;

/// What a report lacks is asked about one by one; of a report that lacks more, the rest is left to the
/// next run.
const LOOK_UPS_AT_MOST: u32 = 200;

impl Engine {
    /// Does what is planned and not done yet. Says whether the books may be others now.
    pub(super) async fn turn(
        &self,
        planned: &[Planned],
        repairing: &mut Repairing,
    ) -> Result<bool, ReconcileError> {
        let mut moved = false;
        for Planned { key, repair } in planned {
            if let Repair::PostFees { lines } = repair {
                let posted = self.post_fees(lines).await?;
                repairing.fees_posted += posted;
                moved |= posted > 0;
                continue;
            }
            let Some(place) = repairing.to_do(key) else { continue };
            if matches!(repair, Repair::LookUp { .. }) && !repairing.may_look_up() {
                repairing.found[place].done = Done::NoAnswer;
                continue;
            }
            let found = &mut repairing.found[place];
            let carried_out = self.carry_out(&found.finding, repair).await?;
            let Some(carried_out) = carried_out else { continue };
            repairing.done.insert(key.clone());
            found.done = carried_out.done;
            moved |= carried_out.moved;
        }
        Ok(moved)
    }
}

/// What was found so far, and which of it was done.
#[derive(Debug, Default)]
pub(super) struct Repairing {
    pub(super) found: Vec<Found>,
    pub(super) fees_posted: u64,
    done: BTreeSet<String>,
    looked_up: u32,
}

impl Repairing {
    /// Takes up what is news in this report.
    pub(super) fn take_up(&mut self, report: &Report, planned: &[Planned]) {
        // The plan has one repair a finding, in the order of the findings, and the fees after them.
        for (finding, Planned { key, repair }) in report.findings.iter().zip(planned) {
            if !self.found.iter().any(|found| found.finding.key() == *key) {
                self.found.push(Found {
                    finding: finding.clone(),
                    repair: repair.clone(),
                    done: Done::Planned,
                });
            }
        }
    }

    /// Whether one more may be asked about.
    fn may_look_up(&mut self) -> bool {
        self.looked_up += 1;
        self.looked_up <= LOOK_UPS_AT_MOST
    }

    /// Where the finding of this repair is, if it is not done.
    fn to_do(&self, key: &String) -> Option<usize> {
        if self.done.contains(key) {
            return None;
        }
        self.found.iter().position(|found| found.finding.key() == *key)
    }
}

impl Reconciled {
    /// Says of each finding what became of it, by the books as they are after the repairs.
    pub(super) fn judge(&mut self) {
        let left: BTreeSet<_> = self.report.findings.iter().map(Finding::key).collect();
        for found in &mut self.found {
            let is_left = left.contains(&found.finding.key());
            found.done = match found.done {
                Done::Planned if is_left => {
                    Done::Person { why: "the books did not take the repair: see the order" }
                }
                done @ (Done::Owed | Done::Confirmed | Done::NoAnswer | Done::Person { .. })
                    if is_left =>
                {
                    done
                }
                Done::Planned
                | Done::Repaired
                | Done::Owed
                | Done::Confirmed
                | Done::NoAnswer
                | Done::Person { .. } => Done::Repaired,
            };
        }
    }
}
