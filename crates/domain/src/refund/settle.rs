//! Settling a refund: the one door through which news about money that goes back enters.
//!
//! The gateway's answer, a look-up and a settlement line all arrive as [`RefundEvidence`]. The second
//! arrival of the same news changes nothing.

use std::time::Duration;

use thiserror::Error;

use super::{
    Refund, RefundState,
    evidence::{Given, RefundEvidence, RefundFinding, RefundOutcome, RefundSighting},
    retry::{is_overdue, next_try},
};
use crate::{
    ids::{Mint, RefundId},
    incident::IncidentType,
    journal::Cause,
    obligation::ObligationState,
    payment::{Problem, ProblemCode, settle::Circumstances, transitions::IllegalMove},
    sale::{Change, Draft, Sale, end},
};

/// Absences in a row that it takes to believe one, when nothing of the request can be under way.
const ABSENCES_TO_BELIEVE: u32 = 2;

/// Why evidence was not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RefundSettleError {
    /// The order has no such refund.
    #[error("order has no refund {0}")]
    NoSuchRefund(RefundId),
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// What this evidence changes.
pub fn settle(
    sale: &Sale,
    evidence: &RefundEvidence,
    circumstances: &Circumstances<'_>,
) -> Result<Change, RefundSettleError> {
    let id = evidence.refund_id;
    let before = sale.refund(id).ok_or(RefundSettleError::NoSuchRefund(id))?.clone();
    let mint = Mint::new(circumstances.now, circumstances.seed);
    let is_newest = evidence.sending.is_none_or(|sending| sending == before.send_before);
    let mut settling = Settling {
        draft: Draft::of(sale.clone(), circumstances.now, mint),
        before,
        is_newest,
        circumstances,
        trouble: None,
        not_asked: None,
    };
    match &evidence.finding {
        RefundFinding::Answer(outcome) => settling.answered(outcome)?,
        RefundFinding::Sighting(RefundSighting::Seen(given)) => settling.seen(given)?,
        RefundFinding::Sighting(RefundSighting::Unknown { text }) => {
            settling.trouble = Some(format!("look-up without an answer: {text}"));
        }
        RefundFinding::Sighting(RefundSighting::NotAsked { again_in }) => {
            settling.not_asked = Some(*again_in);
        }
    }
    settling.schedule()?;
    Ok(settling.draft.finish(Cause::Evidence { source: evidence.source }))
}

struct Settling<'a> {
    draft: Draft,
    before: Refund,
    /// Whether this tells of the newest sending of the request. Of an earlier one it says nothing more.
    is_newest: bool,
    circumstances: &'a Circumstances<'a>,
    /// What kept this evidence from ending the refund.
    trouble: Option<String>,
    /// When there is room to ask, if the gateway was not asked.
    not_asked: Option<Duration>,
}

impl Settling<'_> {
    fn answered(&mut self, outcome: &RefundOutcome) -> Result<(), IllegalMove> {
        let id = self.before.id;
        // A look-up may have been faster; then only an answer that names a refund says something.
        let under_way = self.before.state == RefundState::Sent && self.is_newest;
        // If an earlier sending was never heard of, this answer tells of the later one alone.
        let unheard = under_way && self.before.problem.is_some();
        match outcome {
            RefundOutcome::Done { reference } => self.done(reference),
            RefundOutcome::Refused { text }
            | RefundOutcome::NotDone { text }
            | RefundOutcome::NotSent { text }
            | RefundOutcome::Unclear { text }
                if unheard =>
            {
                self.in_doubt(ProblemCode::NoAnswer, text)
            }
            RefundOutcome::Refused { text } if under_way => {
                self.draft.refuse_refund(id, text)?;
                self.draft.follow_refunds()?;
                let refused = self.before.clone();
                self.draft.alarm_refund(&refused, text)
            }
            RefundOutcome::NotDone { text } if under_way => {
                if let Some(refund) = self.draft.refund_mut(id) {
                    refund.request += 1;
                }
                self.again(ProblemCode::NotCreated, text)
            }
            RefundOutcome::NotSent { text } if under_way => self.again(ProblemCode::NotSent, text),
            RefundOutcome::Unclear { text } if under_way => {
                self.in_doubt(ProblemCode::Unclear, text)
            }
            RefundOutcome::Unknown { text } if under_way => {
                self.in_doubt(ProblemCode::NoAnswer, text)
            }
            RefundOutcome::Refused { .. }
            | RefundOutcome::NotDone { .. }
            | RefundOutcome::NotSent { .. }
            | RefundOutcome::Unclear { .. }
            | RefundOutcome::Unknown { .. } => Ok(()),
        }
    }

    fn in_doubt(&mut self, code: ProblemCode, text: &str) -> Result<(), IllegalMove> {
        self.trouble = Some(text.to_owned());
        let problem = Problem::new(code, text);
        self.draft.move_refund(self.before.id, RefundState::Unknown, Some(problem))
    }

    fn seen(&mut self, given: &[Given]) -> Result<(), IllegalMove> {
        self.tell_foreign(given);
        let ours = given.iter().find(|given| given.refund_id == Some(self.before.id));
        match ours {
            Some(found) if found.amount == self.before.amount => self.done(&found.reference),
            Some(found) => {
                let detail = format!(
                    "{} gives back {} {}, expected {}",
                    found.reference,
                    found.amount.minor,
                    found.amount.currency.code(),
                    self.before.amount.minor
                );
                let kind = IncidentType::EvidenceMismatch;
                let (attempt_id, about) = (self.before.attempt_id, found.reference.clone());
                self.draft.raise(kind, attempt_id, &about, detail.clone());
                self.trouble = Some(detail);
                Ok(())
            }
            None => self.absent(),
        }
    }

    /// Money that went back without us, from the gateway's own console say, is for people.
    fn tell_foreign(&mut self, given: &[Given]) {
        for foreign in given.iter().filter(|given| given.refund_id.is_none()) {
            let known = self
                .draft
                .sale
                .refunds
                .iter()
                .any(|refund| refund.reference.as_deref() == Some(foreign.reference.as_str()));
            if known {
                continue;
            }
            let detail = format!(
                "{} gave back {} {} of {} without us",
                foreign.reference,
                foreign.amount.minor,
                foreign.amount.currency.code(),
                self.before.charge
            );
            let kind = IncidentType::ForeignRefund;
            self.draft.raise(kind, self.before.attempt_id, &foreign.reference, detail);
        }
    }

    fn done(&mut self, reference: &str) -> Result<(), IllegalMove> {
        if self.before.state == RefundState::Done {
            return Ok(());
        }
        self.draft.refund_done(self.before.id, reference)
    }

    /// The gateway has not given it back. Asking again is safe where the same request cannot be
    /// done twice; elsewhere once the last byte of it has outlived any request inside the gateway.
    /// Believed absent, it is asked for by the next request: an error may stay bound to the one before.
    fn absent(&mut self) -> Result<(), IllegalMove> {
        if !self.before.state.is_at_gateway() || !self.lease_is_good() {
            return Ok(());
        }
        let Circumstances { manners, asked_at, now, .. } = *self.circumstances;
        let outlived = asked_at >= self.before.send_before.after(manners.request_life);
        let harmless = manners.may_repeat(self.before.requested_at, now);
        let unclear = self.before.problem.as_ref().map(|it| it.code) == Some(ProblemCode::Unclear);
        if unclear {
            // It was answered, so it is not under way any more, and the same would hear the same.
            if let Some(refund) = self.draft.refund_mut(self.before.id) {
                refund.request += 1;
            }
            return self.again(ProblemCode::NotCreated, "answered, and not given back");
        }
        let absences = self.before.absences + 1;
        if outlived && (harmless || absences >= ABSENCES_TO_BELIEVE) {
            self.again(ProblemCode::NotCreated, "not given back")?;
            if let Some(refund) = self.draft.refund_mut(self.before.id) {
                if absences < ABSENCES_TO_BELIEVE {
                    refund.absences = absences;
                } else {
                    refund.request += 1;
                }
            }
            return Ok(());
        }
        if harmless {
            return self.again(ProblemCode::Absent, "not given back so far");
        }
        if let Some(refund) = self.draft.refund_mut(self.before.id) {
            refund.absences = absences;
        }
        self.trouble = Some("not given back so far; too early to ask again".to_owned());
        Ok(())
    }

    fn again(&mut self, code: ProblemCode, text: &str) -> Result<(), IllegalMove> {
        self.trouble = Some(text.to_owned());
        if let Some(refund) = self.draft.refund_mut(self.before.id) {
            refund.absences = 0;
        }
        let problem = Problem::new(code, text);
        self.draft.move_refund(self.before.id, RefundState::Owed, Some(problem))
    }

    /// Whether this came under the newest lease; evidence without one says nothing of absence.
    fn lease_is_good(&self) -> bool {
        self.circumstances.lease.is_some_and(|lease| {
            self.draft.sale.obligations.iter().any(|owed| {
                owed.id == lease.obligation_id
                    && owed.fence == lease.fence
                    && owed.state == ObligationState::Owed
            })
        })
    }

    /// When it is tried next, or that it is not any more.
    fn schedule(&mut self) -> Result<(), IllegalMove> {
        let Circumstances { manners, now, lease, .. } = *self.circumstances;
        let Some(after) = self.draft.sale.refund(self.before.id).cloned() else { return Ok(()) };
        let chance = self.draft.mint.number();
        let good = self.lease_is_good();
        let trouble = self.trouble.take();
        let Some(owed) = self.draft.owed_refund_mut(after.id) else { return Ok(()) };
        if after.state == RefundState::Done {
            end(owed);
            return Ok(());
        }
        if after.state == RefundState::Refused || lease.is_none() || !good {
            return Ok(());
        }
        owed.fence += 1;
        owed.leased_until = None;
        if let Some(again_in) = self.not_asked {
            owed.due_at = now.after(again_in);
            return Ok(());
        }
        owed.tries += 1;
        owed.due_at = next_try(manners, owed.tries, now, chance);
        let (tries, why) = (owed.tries, trouble.clone().unwrap_or_default());
        owed.last_error = trouble;
        if is_overdue(&after, manners, tries, now) {
            self.draft.alarm_refund(&after, &why)?;
        }
        Ok(())
    }
}
