//! Settling: the one door through which news about a payment enters.
//!
//! A response, a callback's look-up, a scheduled look-up and the sweep all arrive as [`Evidence`].
//! Evidence moves an attempt; the passing of time never does. The second arrival of the same news
//! changes nothing. Pure: the caller loads what we read and saves what we return.

use thiserror::Error;

use super::{
    Attempt, AttemptState, FailureReason, PaymentState, Problem, ProblemCode,
    certainty::{absence_is_proof, next_look_up},
    evidence::{Evidence, Finding, Outcome, Sighting, Source, Transaction, Verdict},
    transitions::IllegalMove,
};
use crate::{
    gateway::Manners,
    ids::{AttemptId, Mint},
    incident::IncidentType,
    journal::Cause,
    obligation::{Lease, ObligationState, ObligationType},
    order::OrderStatus,
    sale::{Change, Draft, Sale, end},
    time::Timestamp,
};

/// Why evidence was not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SettleError {
    /// The order has no such attempt.
    #[error("order has no attempt {0}")]
    NoSuchAttempt(AttemptId),
    /// A defect of ours: the tables do not have the move that this evidence asks for.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// What the decision needs to know besides the sale.
#[derive(Debug, Clone)]
pub struct Circumstances<'a> {
    /// How the attempt's gateway behaves.
    pub manners: &'a Manners,
    /// The worker's claim on the look-up that brought this, if one did.
    pub lease: Option<Lease>,
    /// When the gateway was asked, or earlier: what it said was true then, and perhaps not now.
    pub asked_at: Timestamp,
    /// When it is decided.
    pub now: Timestamp,
    /// Chance, for ids and for spreading look-ups.
    pub seed: u64,
}

/// What this evidence changes.
pub fn settle(
    sale: &Sale,
    evidence: &Evidence,
    circumstances: &Circumstances<'_>,
) -> Result<Change, SettleError> {
    let id = evidence.attempt_id;
    let before = sale.attempt(id).ok_or(SettleError::NoSuchAttempt(id))?.clone();
    let mint = Mint::new(circumstances.now, circumstances.seed);
    let mut settling = Settling {
        draft: Draft::of(sale.clone(), circumstances.now, mint),
        before,
        circumstances,
        trouble: None,
    };
    match &evidence.finding {
        Finding::Answer(outcome) => settling.answered(outcome)?,
        Finding::Sighting(sighting) => settling.sighted(sighting)?,
    }
    settling.schedule(evidence.source)?;
    Ok(settling.draft.finish(Cause::Evidence { source: evidence.source }))
}

struct Settling<'a> {
    draft: Draft,
    before: Attempt,
    circumstances: &'a Circumstances<'a>,
    /// What kept this evidence from ending the look-up.
    trouble: Option<String>,
}

impl Settling<'_> {
    fn answered(&mut self, outcome: &Outcome) -> Result<(), IllegalMove> {
        // The answer to the charge tells about an attempt whose request was under way. If a
        // look-up was faster, only an answer that names a transaction still says something.
        let under_way = self.before.state == AttemptState::Sent;
        match outcome {
            Outcome::Accepted { reference } => self.accepted(reference),
            Outcome::Decided(transaction) => self.found(std::slice::from_ref(transaction)),
            Outcome::Rejected { text } if under_way => {
                self.not_charged(ProblemCode::Rejected, text, FailureReason::Rejected)
            }
            Outcome::NotCreated { text } if under_way => {
                self.not_charged(ProblemCode::NotCreated, text, FailureReason::GatewayUnavailable)
            }
            Outcome::NotSent { text } if under_way => {
                self.not_charged(ProblemCode::NotSent, text, FailureReason::GatewayUnavailable)
            }
            Outcome::Unknown { text } if under_way => {
                let problem = Problem::new(ProblemCode::NoAnswer, text);
                self.draft.move_attempt(self.before.id, AttemptState::Unknown, Some(problem))
            }
            Outcome::Rejected { .. }
            | Outcome::NotCreated { .. }
            | Outcome::NotSent { .. }
            | Outcome::Unknown { .. } => Ok(()),
        }
    }

    fn sighted(&mut self, sighting: &Sighting) -> Result<(), IllegalMove> {
        match sighting {
            Sighting::Found(transactions) => self.found(transactions),
            Sighting::Absent => self.absent(),
            Sighting::Unknown { text } => {
                self.trouble = Some(format!("look-up without an answer: {text}"));
                Ok(())
            }
        }
    }

    fn found(&mut self, transactions: &[Transaction]) -> Result<(), IllegalMove> {
        let (ours, foreign): (Vec<_>, Vec<_>) =
            transactions.iter().partition(|transaction| self.is_ours(transaction));
        for transaction in foreign {
            self.mismatched(transaction);
        }
        let approved: Vec<_> =
            ours.iter().filter(|seen| seen.verdict == Verdict::Approved).copied().collect();
        if let Some((first, more)) = approved.split_first() {
            self.approved(&first.reference)?;
            for extra in more {
                self.charged_twice(extra);
            }
            return Ok(());
        }
        if let Some(pending) = ours.iter().find(|seen| seen.verdict == Verdict::Pending) {
            return self.accepted(&pending.reference);
        }
        let declined = ours.iter().find_map(|seen| match &seen.verdict {
            Verdict::Declined(problem) => Some((seen.reference.as_str(), problem)),
            Verdict::Pending | Verdict::Approved => None,
        });
        match declined {
            Some((reference, problem)) => self.declined(reference, problem),
            None => Ok(()),
        }
    }

    fn is_ours(&self, transaction: &Transaction) -> bool {
        transaction.gateway_order_id == self.before.gateway_order_id
            && transaction.amount == self.before.amount
    }

    fn accepted(&mut self, reference: &str) -> Result<(), IllegalMove> {
        match self.before.state {
            AttemptState::Sent | AttemptState::Unknown | AttemptState::Accepted => {
                self.name(reference);
                self.draft.move_attempt(self.before.id, AttemptState::Accepted, None)
            }
            AttemptState::NotCharged => self.surfaced(reference),
            AttemptState::Approved | AttemptState::Declined => Ok(()),
        }
    }

    /// The gateway has an attempt that we had believed uncharged, undecided so far. It becomes live
    /// again only if no other attempt is; its look-up is owed in any case, until there is a verdict.
    fn surfaced(&mut self, reference: &str) -> Result<(), IllegalMove> {
        self.name(reference);
        self.trouble = Some("surfaced after its absence was believed".to_owned());
        if self.draft.sale.payment.state == PaymentState::Created {
            self.draft.move_attempt(self.before.id, AttemptState::Accepted, None)?;
            self.draft.move_payment(PaymentState::Processing, None)?;
            self.draft.end_obligations(ObligationType::Expire);
        }
        if self.draft.sale.owed_look_up(self.before.id).is_none() {
            let now = self.draft.now;
            self.draft.owe(ObligationType::LookUp, Some(self.before.id), now);
        }
        Ok(())
    }

    fn approved(&mut self, reference: &str) -> Result<(), IllegalMove> {
        match self.before.state {
            AttemptState::Approved => return Ok(()),
            AttemptState::Declined => {
                self.contradicted(reference);
                return Ok(());
            }
            AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown
            | AttemptState::NotCharged => {}
        }
        self.name(reference);
        self.draft.move_attempt(self.before.id, AttemptState::Approved, None)?;
        let attempt = self.attempt();
        self.draft.post_charge(&attempt);
        let can_be_served = match self.draft.sale.payment.state {
            PaymentState::Processing | PaymentState::Unresolved => self.before.state.is_live(),
            PaymentState::Created => true,
            PaymentState::Paid | PaymentState::Failed | PaymentState::CompensationFailed => false,
        };
        if can_be_served { self.draft.complete(&attempt) } else { self.charged_in_vain(&attempt) }
    }

    /// Money was taken that this order does not need: it must go back.
    fn charged_in_vain(&mut self, attempt: &Attempt) -> Result<(), IllegalMove> {
        let reference = attempt.reference.clone().unwrap_or_default();
        let (kind, detail) = match self.draft.sale.payment.state {
            PaymentState::Failed | PaymentState::CompensationFailed => (
                IncidentType::ChargedAfterGivenUp,
                format!("{reference} was charged after the order had been given up"),
            ),
            PaymentState::Created
            | PaymentState::Processing
            | PaymentState::Unresolved
            | PaymentState::Paid => (
                IncidentType::DuplicateCharge,
                format!("{reference} was charged besides another attempt of the same payment"),
            ),
        };
        self.draft.raise(kind, attempt.id, &reference, detail);
        if self.draft.sale.payment.state == PaymentState::Failed {
            let reason = self.draft.sale.payment.reason;
            self.draft.move_payment(PaymentState::CompensationFailed, reason)?;
        }
        self.owe_refund(attempt.id, &reference);
        Ok(())
    }

    fn charged_twice(&mut self, extra: &Transaction) {
        let known = self.before.state == AttemptState::Approved;
        let told = self.draft.sale.obligations.iter().any(|owed| {
            owed.kind == ObligationType::Refund
                && owed.last_error.as_deref().is_some_and(|why| why.contains(&extra.reference))
        });
        if known && told {
            return;
        }
        let detail = format!("{} was charged under the same gateway order id", extra.reference);
        let kind = IncidentType::DuplicateCharge;
        self.draft.raise(kind, self.before.id, &extra.reference, detail);
        self.owe_refund(self.before.id, &extra.reference);
    }

    /// A refund is owed. No gateway with refunds exists yet whose worker could pay it back, so it
    /// is parked: visible, with the reason, until a person has dealt with it.
    fn owe_refund(&mut self, attempt_id: AttemptId, reference: &str) {
        let now = self.draft.now;
        let refund = self.draft.owe(ObligationType::Refund, Some(attempt_id), now);
        refund.state = ObligationState::Parked;
        refund.last_error =
            Some(format!("{reference} must be given back by hand: the gateway has no refund call"));
    }

    fn declined(&mut self, reference: &str, problem: &Problem) -> Result<(), IllegalMove> {
        match self.before.state {
            AttemptState::Declined => return Ok(()),
            AttemptState::Approved => {
                self.contradicted(reference);
                return Ok(());
            }
            AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown
            | AttemptState::NotCharged => {}
        }
        self.name(reference);
        let was_live = self.before.state.is_live();
        self.draft.move_attempt(self.before.id, AttemptState::Declined, Some(problem.clone()))?;
        if was_live { self.reopen() } else { Ok(()) }
    }

    fn absent(&mut self) -> Result<(), IllegalMove> {
        let id = self.before.id;
        match self.before.state {
            AttemptState::Sent | AttemptState::Unknown => {}
            AttemptState::Accepted => {
                self.trouble = Some("the gateway lost a transaction that it had accepted".into());
                return Ok(());
            }
            AttemptState::NotCharged | AttemptState::Approved | AttemptState::Declined => {
                return Ok(());
            }
        }
        if self.lease_is_stale() {
            // Decided before, or somebody has asked again since: one answer is not counted twice.
            return Ok(());
        }
        let Circumstances { manners, asked_at, .. } = *self.circumstances;
        if absence_is_proof(&self.before, manners, asked_at) {
            let problem = Problem::new(ProblemCode::Absent, "the gateway never got it");
            self.draft.move_attempt(id, AttemptState::NotCharged, Some(problem))?;
            return self.reopen();
        }
        // Only the answer to a leased look-up is counted: its lease is good once.
        if self.circumstances.lease.is_some()
            && let Some(attempt) = self.draft.attempt_mut(id)
        {
            attempt.absences += 1;
        }
        self.trouble = Some("the gateway does not know it; too early to believe".to_owned());
        Ok(())
    }

    /// Whether this came under a lease that is not the newest any more.
    fn lease_is_stale(&self) -> bool {
        self.circumstances.lease.is_some_and(|lease| {
            let owed = self.draft.sale.owed_look_up(self.before.id);
            owed.is_none_or(|owed| (owed.id, owed.fence) != (lease.obligation_id, lease.fence))
        })
    }

    /// The buyer may pay again: stock stays held until the order expires.
    fn reopen(&mut self) -> Result<(), IllegalMove> {
        self.draft.move_payment(PaymentState::Created, None)?;
        let expires_at = self.draft.sale.order.expires_at;
        self.draft.owe(ObligationType::Expire, None, expires_at);
        Ok(())
    }

    fn not_charged(
        &mut self,
        code: ProblemCode,
        text: &str,
        reason: FailureReason,
    ) -> Result<(), IllegalMove> {
        let problem = Problem::new(code, text);
        self.draft.move_attempt(self.before.id, AttemptState::NotCharged, Some(problem))?;
        self.draft.fail(reason, OrderStatus::Failed)
    }

    fn mismatched(&mut self, seen: &Transaction) {
        let expected = &self.before;
        let detail = format!(
            "{} is about order {} and {} {}, expected {} and {} {}",
            seen.reference,
            seen.gateway_order_id,
            seen.amount.minor,
            seen.amount.currency.code(),
            expected.gateway_order_id,
            expected.amount.minor,
            expected.amount.currency.code(),
        );
        let told = self
            .draft
            .sale
            .owed_look_up(self.before.id)
            .is_some_and(|owed| owed.last_error.as_ref() == Some(&detail));
        if !told {
            let kind = IncidentType::EvidenceMismatch;
            self.draft.raise(kind, self.before.id, &seen.reference, detail.clone());
        }
        self.trouble = Some(detail);
    }

    fn contradicted(&mut self, reference: &str) {
        let detail = format!("{reference} had a final verdict and now has another");
        self.draft.raise(IncidentType::VerdictContradicted, self.before.id, reference, detail);
    }

    fn name(&mut self, reference: &str) {
        if let Some(attempt) = self.draft.attempt_mut(self.before.id) {
            attempt.reference = Some(reference.to_owned());
            attempt.absences = 0;
        }
    }

    fn attempt(&mut self) -> Attempt {
        let id = self.before.id;
        self.draft.sale.attempt(id).unwrap_or(&self.before).clone()
    }

    /// When this attempt is asked about next, or that it is not any more.
    fn schedule(&mut self, source: Source) -> Result<(), IllegalMove> {
        let after = self.attempt();
        let Circumstances { manners, now, lease, .. } = *self.circumstances;
        let doubt_ends = after.certain_at.map(|at| at.after(manners.doubt_absence_for));
        let believed_absent = after.is_believed_absent();
        // It has surfaced beside another attempt, or too late: whatever becomes of it is told.
        let surfaced = after.state == AttemptState::NotCharged && after.reference.is_some();
        let done = match after.state {
            AttemptState::Approved | AttemptState::Declined => true,
            AttemptState::NotCharged => {
                !surfaced && (!believed_absent || doubt_ends.is_none_or(|ends| now >= ends))
            }
            AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown => {
                self.alarm_beyond_horizon(&after)?;
                false
            }
        };
        let moved = after.state != self.before.state;
        let trouble = self.trouble.take();
        let chance = self.draft.mint.number();
        let Some(owed) = self.draft.sale.obligations.iter_mut().find(|owed| {
            owed.kind == ObligationType::LookUp
                && owed.attempt_id == Some(after.id)
                && owed.state == ObligationState::Owed
        }) else {
            return Ok(());
        };
        if done {
            end(owed);
            return Ok(());
        }
        let leased = lease.is_some_and(|lease| lease.obligation_id == owed.id);
        let lease_is_good = lease.is_some_and(|lease| leased && lease.fence == owed.fence);
        if leased && !lease_is_good {
            return Ok(());
        }
        if trouble.is_some() || leased {
            owed.last_error = trouble;
        }
        if leased {
            owed.tries += 1;
            // The next fence is taken: should this be decided again, it is recognised as done.
            owed.fence += 1;
            owed.leased_until = None;
        }
        // Other evidence moves the appointment only when it moved the attempt and nobody is on it.
        if leased || (moved && owed.leased_until.is_none() && source == Source::Response) {
            owed.due_at = if believed_absent || surfaced {
                now.after(manners.unresolved_every)
            } else {
                next_look_up(&after, manners, owed.tries, now, chance)
            };
        }
        Ok(())
    }

    fn alarm_beyond_horizon(&mut self, attempt: &Attempt) -> Result<(), IllegalMove> {
        let horizon = attempt.recorded_at.after(self.circumstances.manners.horizon);
        if self.circumstances.now < horizon
            || self.draft.sale.payment.state != PaymentState::Processing
        {
            return Ok(());
        }
        self.draft.move_payment(PaymentState::Unresolved, None)?;
        let detail = format!("{} has no verdict beyond the horizon", attempt.gateway_order_id);
        let kind = IncidentType::Unresolved;
        self.draft.raise(kind, attempt.id, &attempt.gateway_order_id, detail);
        Ok(())
    }
}
