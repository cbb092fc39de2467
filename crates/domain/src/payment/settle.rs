//! Settling: the one door through which news about a payment enters.
//!
//! A response, a callback's look-up, a scheduled look-up and the sweep all arrive as [`Evidence`].
//! Evidence moves an attempt; the passing of time never does. The second arrival of the same news
//! changes nothing. Pure: the caller loads what we read and saves what we return.

use std::{collections::BTreeMap, time::Duration};

use thiserror::Error;

use super::{
    Attempt, AttemptState, FailureReason, PaymentState, Problem, ProblemCode,
    certainty::{absence_is_proof, next_look_up},
    evidence::{Evidence, Finding, Outcome, Sighting, Source, Transaction, Verdict},
    ruling::Ruled,
    transitions::IllegalMove,
};
use crate::{
    gateway::Manners,
    hold::HoldState,
    ids::{AttemptId, Mint, ProductId},
    incident::IncidentType,
    journal::{Cause, Fact},
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
    /// Whether the order can still be served is asked, and its products were not loaded: load them
    /// and decide again.
    #[error("the order's products are needed")]
    NeedsStock,
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
    /// What is left of the stock of the products that were loaded; taken from for an order that had
    /// given it back.
    pub available: &'a BTreeMap<ProductId, i64>,
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
        Finding::Answer(outcome) => settling.answered(outcome)?,
        Finding::Sighting(sighting) => settling.sighted(sighting)?,
        Finding::Ruled(ruled) => settling.ruled(ruled)?,
    }
    settling.schedule(evidence.source)?;
    Ok(settling.draft.finish(Cause::Evidence { source: evidence.source }))
}

struct Settling<'a> {
    draft: Draft,
    before: Attempt,
    /// Whether this tells of the newest sending of the request. Of an earlier one it says nothing more:
    /// that one was told of before, or is covered by what has been sent since.
    is_newest: bool,
    circumstances: &'a Circumstances<'a>,
    /// What kept this evidence from ending the look-up.
    trouble: Option<String>,
    /// When there is room to ask, if the gateway was not asked.
    not_asked: Option<Duration>,
}

impl Settling<'_> {
    fn ruled(&mut self, ruled: &Ruled) -> Result<(), SettleError> {
        match ruled {
            Ruled::Charged { reference } => self.approved(reference),
            Ruled::NotCharged if self.before.state.is_at_gateway() => {
                let text = "operators decided that nothing was charged";
                let problem = Problem::new(ProblemCode::RuledNotCharged, text);
                let id = self.before.id;
                self.draft.move_attempt(id, AttemptState::NotCharged, Some(problem))?;
                self.reopen()
            }
            Ruled::NotCharged => Ok(()),
        }
    }

    fn answered(&mut self, outcome: &Outcome) -> Result<(), SettleError> {
        // The answer to the charge tells about an attempt whose request was under way. If a
        // look-up was faster, only an answer that names a transaction still says something.
        let under_way = self.before.state == AttemptState::Sent && self.is_newest;
        // If an earlier sending was never heard of, this answer tells of the later one alone.
        let unheard = under_way && self.before.problem.is_some();
        match outcome {
            Outcome::Rejected { text }
            | Outcome::NotCreated { text }
            | Outcome::NotSent { text }
                if unheard =>
            {
                self.in_doubt(text)
            }
            Outcome::Accepted { reference } => self.accepted(reference),
            Outcome::Decided(transaction) => self.found(std::slice::from_ref(transaction)),
            Outcome::Rejected { text } if under_way => {
                self.not_charged(ProblemCode::Rejected, text, FailureReason::Rejected)
            }
            Outcome::NotCreated { text } if under_way && self.before.means.is_page() => {
                self.back_to_page(ProblemCode::NotCreated, text)
            }
            Outcome::NotSent { text } if under_way && self.before.means.is_page() => {
                self.back_to_page(ProblemCode::NotSent, text)
            }
            Outcome::NotCreated { text } if under_way => {
                self.not_charged(ProblemCode::NotCreated, text, FailureReason::GatewayUnavailable)
            }
            Outcome::NotSent { text } if under_way => {
                self.not_charged(ProblemCode::NotSent, text, FailureReason::GatewayUnavailable)
            }
            Outcome::Unknown { text } if under_way => self.in_doubt(text),
            Outcome::Rejected { .. }
            | Outcome::NotCreated { .. }
            | Outcome::NotSent { .. }
            | Outcome::Unknown { .. } => Ok(()),
        }
    }

    fn in_doubt(&mut self, text: &str) -> Result<(), SettleError> {
        let problem = Problem::new(ProblemCode::NoAnswer, text);
        self.draft.move_attempt(self.before.id, AttemptState::Unknown, Some(problem))?;
        Ok(())
    }

    fn sighted(&mut self, sighting: &Sighting) -> Result<(), SettleError> {
        match sighting {
            Sighting::Found(transactions) => self.found(transactions),
            Sighting::Absent => self.absent(),
            Sighting::Unknown { text } => {
                self.trouble = Some(format!("look-up without an answer: {text}"));
                Ok(())
            }
            Sighting::NotAsked { again_in } => {
                self.trouble = Some("waits for room among the permitted look-ups".to_owned());
                self.not_asked = Some(*again_in);
                Ok(())
            }
        }
    }

    fn found(&mut self, transactions: &[Transaction]) -> Result<(), SettleError> {
        let (ours, foreign): (Vec<_>, Vec<_>) =
            transactions.iter().partition(|transaction| self.is_ours(transaction));
        for transaction in foreign {
            self.mismatched(transaction);
        }
        let approved: Vec<_> =
            ours.iter().filter(|seen| seen.verdict == Verdict::Approved).copied().collect();
        if self.before.state == AttemptState::Approved && !approved.is_empty() {
            // Its own charge is known, whichever of them is told first.
            let own = self.before.reference.clone();
            for extra in approved.iter().filter(|seen| Some(&seen.reference) != own.as_ref()) {
                self.charged_twice(extra)?;
            }
            return Ok(());
        }
        if let Some((first, more)) = approved.split_first() {
            self.approved(&first.reference)?;
            for extra in more {
                self.charged_twice(extra)?;
            }
            return Ok(());
        }
        if let Some(pending) = ours.iter().find(|seen| seen.verdict == Verdict::Pending) {
            return self.accepted(&pending.reference);
        }
        if ours.iter().any(|seen| seen.verdict == Verdict::Unconfirmed) {
            return self.unconfirmed();
        }
        let declined = ours.iter().find_map(|seen| match &seen.verdict {
            Verdict::Declined(problem) => Some((seen.reference.as_str(), problem)),
            Verdict::Pending | Verdict::Unconfirmed | Verdict::Approved => None,
        });
        match declined {
            Some((reference, problem)) => self.declined(reference, problem),
            None => Ok(()),
        }
    }

    /// The buyer agreed on the gateway's page, and no confirmation was done so far. Ours may still be
    /// inside the gateway, so this is an absence of a charge like any other; where the same request
    /// may be sent again, whoever looked will do that.
    fn unconfirmed(&mut self) -> Result<(), SettleError> {
        let Circumstances { manners, now, .. } = *self.circumstances;
        if manners.may_repeat(self.before.recorded_at, now) {
            self.trouble = Some("the gateway has not confirmed it so far".to_owned());
            return Ok(());
        }
        self.absent()
    }

    /// Certainly not confirmed, and the buyer's agreement still stands: it may be confirmed again.
    fn back_to_page(&mut self, code: ProblemCode, text: &str) -> Result<(), SettleError> {
        let (id, now) = (self.before.id, self.draft.now);
        if self.draft.sale.order.cancel_wished_at.is_some() {
            return self.not_charged(code, text, FailureReason::Cancelled);
        }
        if let Some(attempt) = self.draft.attempt_mut(id) {
            if code == ProblemCode::NotCreated {
                attempt.request += 1;
            }
            attempt.send_before = now;
        }
        let problem = Problem::new(code, text);
        self.draft.move_attempt(id, AttemptState::Recorded, Some(problem))?;
        self.draft.move_payment(PaymentState::RequiresAction, None)?;
        self.draft.owe_expiry();
        Ok(())
    }

    fn is_ours(&self, transaction: &Transaction) -> bool {
        transaction.gateway_order_id == self.before.gateway_order_id
            && transaction.amount == self.before.amount
    }

    fn accepted(&mut self, reference: &str) -> Result<(), SettleError> {
        match self.before.state {
            AttemptState::Sent | AttemptState::Unknown | AttemptState::Accepted => {
                self.name(reference);
                self.draft.move_attempt(self.before.id, AttemptState::Accepted, None)?;
                Ok(())
            }
            AttemptState::NotCharged => self.surfaced(reference),
            // Nobody can charge what we never confirmed; a verdict will tell.
            AttemptState::Recorded | AttemptState::Approved | AttemptState::Declined => Ok(()),
        }
    }

    /// The gateway has an attempt that we had believed uncharged, undecided so far. It becomes live
    /// again only if no other attempt is; its look-up is owed in any case, until there is a verdict.
    fn surfaced(&mut self, reference: &str) -> Result<(), SettleError> {
        self.name(reference);
        self.trouble = Some("surfaced after its absence was believed".to_owned());
        if matches!(
            self.draft.sale.payment.state,
            PaymentState::Created | PaymentState::RequiresAction
        ) {
            let why = "an earlier attempt is at the gateway after all";
            self.draft.leave_page(ProblemCode::Superseded, why)?;
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

    fn approved(&mut self, reference: &str) -> Result<(), SettleError> {
        match self.before.state {
            AttemptState::Approved => return Ok(()),
            AttemptState::Declined => {
                self.contradicted(reference);
                return Ok(());
            }
            AttemptState::Recorded
            | AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown
            | AttemptState::NotCharged => {}
        }
        let is_ours_to_serve = match self.draft.sale.payment.state {
            PaymentState::Processing | PaymentState::Unresolved => self.before.state.is_live(),
            PaymentState::Created | PaymentState::RequiresAction => true,
            PaymentState::Failed => self.can_be_adopted()?,
            PaymentState::Paid
            | PaymentState::Cancelling
            | PaymentState::Cancelled
            | PaymentState::PartiallyRefunded
            | PaymentState::CompensationFailed => false,
        };
        self.name(reference);
        self.draft.move_attempt(self.before.id, AttemptState::Approved, None)?;
        let attempt = self.attempt();
        self.draft.post_charge(&attempt);
        if !is_ours_to_serve {
            return self.charged_in_vain(&attempt);
        }
        // Another attempt that waits at a page was never confirmed.
        self.draft
            .leave_page(ProblemCode::Superseded, "an earlier attempt was charged after all")?;
        if self.draft.sale.order.cancel_wished_at.is_some() {
            if self.circumstances.manners.can_refund {
                return self.cancelled_meanwhile(&attempt);
            }
            self.draft.tell(Fact::CancelLapsed);
        }
        if self.draft.sale.payment.state == PaymentState::Failed {
            self.draft.take_again();
        }
        self.draft.complete(&attempt)?;
        Ok(())
    }

    /// Whether an order that was given up can still be served: nobody cancelled it, and what it held
    /// can be set aside again.
    fn can_be_adopted(&self) -> Result<bool, SettleError> {
        let sale = &self.draft.sale;
        if sale.payment.reason == Some(FailureReason::Cancelled) {
            return Ok(false);
        }
        for hold in &sale.holds {
            let available = self.circumstances.available.get(&hold.product_id);
            let available = *available.ok_or(SettleError::NeedsStock)?;
            if available < i64::from(hold.quantity) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// It was charged, and somebody had wished to cancel: the order ends unserved, the money goes back.
    fn cancelled_meanwhile(&mut self, attempt: &Attempt) -> Result<(), SettleError> {
        let reference = attempt.reference.clone().unwrap_or_default();
        self.draft.move_holds(HoldState::Returned);
        self.draft.sale.payment.reason = Some(FailureReason::Cancelled);
        self.draft.end_order(OrderStatus::Cancelled);
        self.draft.end_obligations(ObligationType::Expire);
        let why = "cancelled while it was being charged";
        self.draft.owe_compensation(attempt.id, &reference, why, true)?;
        Ok(())
    }

    /// Money was taken that this order does not need: it must go back.
    fn charged_in_vain(&mut self, attempt: &Attempt) -> Result<(), SettleError> {
        let reference = attempt.reference.clone().unwrap_or_default();
        let (kind, detail) = match self.draft.sale.order.status {
            OrderStatus::Failed | OrderStatus::Cancelled => (
                IncidentType::ChargedAfterGivenUp,
                format!("{reference} was charged after the order had been given up"),
            ),
            OrderStatus::Pending | OrderStatus::Completed => (
                IncidentType::DuplicateCharge,
                format!("{reference} was charged besides another attempt of the same payment"),
            ),
        };
        self.draft.raise(kind, attempt.id, &reference, detail.clone());
        let can_refund = self.circumstances.manners.can_refund;
        self.draft.owe_compensation(attempt.id, &reference, &detail, can_refund)?;
        Ok(())
    }

    fn charged_twice(&mut self, extra: &Transaction) -> Result<(), SettleError> {
        if self.draft.sale.compensation_of(&extra.reference).is_some() {
            return Ok(());
        }
        let detail = format!("{} was charged under the same gateway order id", extra.reference);
        let kind = IncidentType::DuplicateCharge;
        self.draft.raise(kind, self.before.id, &extra.reference, detail.clone());
        let attempt = self.attempt();
        self.draft.post_charge(&attempt);
        let can_refund = self.circumstances.manners.can_refund;
        self.draft.owe_compensation(attempt.id, &extra.reference, &detail, can_refund)?;
        Ok(())
    }

    fn declined(&mut self, reference: &str, problem: &Problem) -> Result<(), SettleError> {
        match self.before.state {
            AttemptState::Declined => return Ok(()),
            AttemptState::Approved => {
                self.contradicted(reference);
                return Ok(());
            }
            AttemptState::Recorded
            | AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown
            | AttemptState::NotCharged => {}
        }
        if self.before.means.is_page() && self.before.state.is_at_gateway() && !self.is_newest {
            // Seen before this was confirmed: an earlier visit to the page may have ended, not this one.
            self.trouble = Some("a refusal from before it was confirmed".to_owned());
            return Ok(());
        }
        self.name(reference);
        let was_live = self.before.state.is_live();
        self.draft.move_attempt(self.before.id, AttemptState::Declined, Some(problem.clone()))?;
        if was_live { self.reopen() } else { Ok(()) }
    }

    fn absent(&mut self) -> Result<(), SettleError> {
        let id = self.before.id;
        match self.before.state {
            AttemptState::Sent | AttemptState::Unknown => {}
            AttemptState::Accepted => {
                self.trouble = Some("the gateway lost a transaction that it had accepted".into());
                return Ok(());
            }
            AttemptState::Recorded
            | AttemptState::NotCharged
            | AttemptState::Approved
            | AttemptState::Declined => return Ok(()),
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

    /// The buyer may pay again, stock stays held until the order expires; or they had wished to
    /// cancel, and it ends.
    fn reopen(&mut self) -> Result<(), SettleError> {
        if self.draft.sale.order.cancel_wished_at.is_some() {
            self.draft.fail(FailureReason::Cancelled, OrderStatus::Cancelled)?;
            return Ok(());
        }
        self.draft.move_payment(PaymentState::Created, None)?;
        self.draft.owe_expiry();
        Ok(())
    }

    /// Certainly not charged. A card's order ends with it, as the buyer is told at once; one that went
    /// to a page stays open, and so does what the buyer held.
    fn not_charged(
        &mut self,
        code: ProblemCode,
        text: &str,
        reason: FailureReason,
    ) -> Result<(), SettleError> {
        let problem = Problem::new(code, text);
        self.draft.move_attempt(self.before.id, AttemptState::NotCharged, Some(problem))?;
        if self.before.means.is_page() || self.draft.sale.order.cancel_wished_at.is_some() {
            return self.reopen();
        }
        self.draft.fail(reason, OrderStatus::Failed)?;
        Ok(())
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
    fn schedule(&mut self, source: Source) -> Result<(), SettleError> {
        let after = self.attempt();
        let Circumstances { manners, now, lease, .. } = *self.circumstances;
        let doubt_ends = after.certain_at.map(|at| at.after(manners.doubt_absence_for));
        let believed_absent = after.is_believed_absent();
        // It has surfaced beside another attempt, or too late: whatever becomes of it is told.
        let surfaced = after.state == AttemptState::NotCharged && after.reference.is_some();
        let done = match after.state {
            // What is recorded may be confirmed again, and is asked about from then on.
            AttemptState::Approved | AttemptState::Declined | AttemptState::Recorded => true,
            AttemptState::NotCharged => {
                !surfaced && (!believed_absent || doubt_ends.is_none_or(|ends| now >= ends))
            }
            AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown => {
                // After an outage thousands wait for their turn to be asked about: nobody is alarmed
                // about one before the gateway has had its say.
                if self.not_asked.is_none() {
                    self.alarm_beyond_horizon(&after)?;
                }
                false
            }
        };
        if !after.state.is_at_gateway()
            && let Some(attempt) = self.draft.attempt_mut(after.id)
        {
            attempt.ruling = None;
        }
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
            owed.tries += u32::from(self.not_asked.is_none());
            // The next fence is taken: should this be decided again, it is recognised as done.
            owed.fence += 1;
            owed.leased_until = None;
        }
        // Other evidence moves the appointment only when it moved the attempt and nobody is on it.
        if leased || (moved && owed.leased_until.is_none() && source == Source::Response) {
            owed.due_at = if let Some(again_in) = self.not_asked {
                now.after(again_in)
            } else if believed_absent || surfaced {
                now.after(manners.unresolved_every)
            } else {
                next_look_up(&after, manners, owed.tries, now, chance)
            };
        }
        Ok(())
    }

    fn alarm_beyond_horizon(&mut self, attempt: &Attempt) -> Result<(), SettleError> {
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
