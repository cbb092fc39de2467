//! An alarm: a finding that no rule repairs is put before people, once.

use super::Finding;
use crate::{
    ids::Mint,
    incident::IncidentType,
    journal::Cause,
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// Raises an incident about what was found of this sale. Nothing else moves; nothing at all if the
/// finding is not about one of its attempts.
pub fn alarm(sale: &Sale, finding: &Finding, now: Timestamp, seed: u64) -> Option<Change> {
    let attempt_id = finding.ours.as_ref()?.attempt_id;
    sale.attempt(attempt_id)?;
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    draft.raise(IncidentType::Reconciliation, attempt_id, &finding.key(), finding.english());
    Some(draft.finish(Cause::Reconciled))
}
