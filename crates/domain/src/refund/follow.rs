//! What follows from refunds: for the payment, the order, the stock and the ledger.

use super::{Refund, RefundPurpose, RefundState};
use crate::{
    hold::HoldState,
    ids::{AttemptId, RefundId},
    incident::IncidentType,
    journal::Fact,
    ledger,
    obligation::{ObligationState, ObligationType},
    order::OrderStatus,
    payment::{
        PaymentState, Problem, ProblemCode,
        transitions::{IllegalMove, REFUND_MOVES, is_legal},
    },
    sale::{Draft, Revocation, Sale},
    words::Word,
};

impl Sale {
    /// The refund of this id.
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == id)
    }

    /// The refund of this charge that may not be kept, if one is owed.
    pub(crate) fn compensation_of(&self, charge: &str) -> Option<&Refund> {
        self.refunds
            .iter()
            .find(|refund| refund.purpose == RefundPurpose::Compensation && refund.charge == charge)
    }

    /// Refunds that decide where the payment stands: of a served order those of its own charge, but
    /// for refused ones that others have replaced; of any other, all.
    fn decisive_refunds(&self) -> impl Iterator<Item = &Refund> {
        let served = self.was_served();
        self.refunds
            .iter()
            .filter(move |refund| !served || refund.purpose == RefundPurpose::Requested)
            .filter(|refund| !self.is_replaced(refund))
    }
}

impl Draft {
    /// Owes this refund, or parks it where the gateway cannot give money back.
    pub(crate) fn owe_refund(&mut self, refund: Refund) {
        let now = self.now;
        self.tell(Fact::RefundOwed {
            refund_id: refund.id,
            attempt_id: refund.attempt_id,
            amount: refund.amount.minor,
            purpose: refund.purpose,
            reason: refund.reason.clone(),
        });
        let owed = self.owe(ObligationType::Refund, Some(refund.attempt_id), now);
        owed.refund_id = Some(refund.id);
        self.sale.refunds.push(refund);
    }

    /// Owes all of a charge that may not be kept. Telling it twice owes it once.
    pub(crate) fn owe_compensation(
        &mut self,
        attempt_id: AttemptId,
        charge: &str,
        reason: &str,
        can_refund: bool,
    ) -> Result<(), IllegalMove> {
        if self.sale.compensation_of(charge).is_some() {
            return Ok(());
        }
        let id = self.mint.id();
        let (named, reason) = (charge.to_owned(), reason.to_owned());
        let (amount, purpose) = (self.sale.payment.amount, RefundPurpose::Compensation);
        let refund = Refund::owed(id, attempt_id, named, amount, purpose, reason, self.now);
        self.owe_refund(refund);
        if !can_refund {
            let text =
                format!("{charge} must be given back by hand: the gateway has no refund call");
            self.refuse_refund(id, &text)?;
        }
        self.follow_refunds()
    }

    /// Moves a refund; staying where it is, is no move.
    pub(crate) fn move_refund(
        &mut self,
        id: RefundId,
        to: RefundState,
        problem: Option<Problem>,
    ) -> Result<(), IllegalMove> {
        let now = self.now;
        let Some(refund) = self.refund_mut(id) else { return Ok(()) };
        let from = refund.state;
        if from == to {
            return Ok(());
        }
        if !is_legal(REFUND_MOVES, from, to) {
            return Err(IllegalMove { from: from.word(), to: to.word() });
        }
        refund.state = to;
        refund.problem.clone_from(&problem);
        refund.certain_at = (!to.is_undecided()).then_some(now);
        let reference = refund.reference.clone();
        self.tell(Fact::RefundMoved { refund_id: id, from, to, reference, problem });
        Ok(())
    }

    pub(crate) fn refund_mut(&mut self, id: RefundId) -> Option<&mut Refund> {
        self.sale.refunds.iter_mut().find(|refund| refund.id == id)
    }

    /// The gateway will not give it back: its obligation waits for a person.
    pub(crate) fn refuse_refund(&mut self, id: RefundId, text: &str) -> Result<(), IllegalMove> {
        let problem = Problem::new(ProblemCode::RefundRefused, text);
        self.move_refund(id, RefundState::Refused, Some(problem))?;
        if let Some(owed) = self.owed_refund_mut(id) {
            owed.state = ObligationState::Parked;
            owed.fence += 1;
            owed.leased_until = None;
            owed.last_error = Some(text.to_owned());
        }
        Ok(())
    }

    pub(crate) fn owed_refund_mut(
        &mut self,
        id: RefundId,
    ) -> Option<&mut crate::obligation::Obligation> {
        self.sale
            .obligations
            .iter_mut()
            .find(|owed| owed.refund_id == Some(id) && owed.state != ObligationState::Done)
    }

    /// The gateway gave it back: the ledger is told, and the pieces come back to stock.
    pub(crate) fn refund_done(&mut self, id: RefundId, reference: &str) -> Result<(), IllegalMove> {
        if let Some(refund) = self.refund_mut(id) {
            refund.reference = Some(reference.to_owned());
        }
        self.move_refund(id, RefundState::Done, None)?;
        let Some(refund) = self.sale.refund(id).cloned() else { return Ok(()) };
        let debit = match refund.purpose {
            RefundPurpose::Requested => ledger::SALES,
            RefundPurpose::Compensation => ledger::BUYERS_PAID,
        };
        if let Some(attempt) = self.sale.attempt(refund.attempt_id).cloned() {
            let credit = ledger::receivable(&attempt.gateway);
            self.post(&attempt, debit, &credit, refund.amount);
        }
        for pieces in &refund.pieces {
            self.give_back(pieces.product_id, pieces.quantity);
        }
        self.follow_refunds()
    }

    /// Moves the payment, and at the end the order, to where its refunds say.
    pub(crate) fn follow_refunds(&mut self) -> Result<(), IllegalMove> {
        let sale = &self.sale;
        let decisive: Vec<_> =
            sale.decisive_refunds().map(|refund| (refund.state, refund.amount.minor)).collect();
        // While the order is open, what goes back is a charge besides the one that it waits for.
        if decisive.is_empty() || sale.order.status == OrderStatus::Pending {
            return Ok(());
        }
        let served = sale.was_served();
        let undecided = decisive.iter().any(|(state, _)| state.is_undecided());
        let refused = decisive.iter().any(|(state, _)| *state == RefundState::Refused);
        let alarmed = undecided && sale.payment.state == PaymentState::CompensationFailed;
        let given: i64 = decisive
            .iter()
            .filter(|(state, _)| *state == RefundState::Done)
            .map(|(_, amount)| amount)
            .sum();
        let reason = sale.payment.reason;
        if refused || alarmed {
            // Through where a refund is owed: a refusal can come at once.
            if sale.payment.state != PaymentState::CompensationFailed {
                self.move_payment(PaymentState::Cancelling, reason)?;
            }
            return self.move_payment(PaymentState::CompensationFailed, reason);
        }
        if undecided {
            return self.move_payment(PaymentState::Cancelling, reason);
        }
        if sale.payment.state == PaymentState::Failed {
            // What had been charged besides was all given back before the order ended.
            return Ok(());
        }
        if served && given < sale.payment.amount.minor {
            return self.move_payment(PaymentState::PartiallyRefunded, reason);
        }
        self.move_payment(PaymentState::Cancelled, reason)?;
        if self.sale.order.status == OrderStatus::Completed {
            self.give_everything_back();
            self.end_order(OrderStatus::Cancelled);
        }
        Ok(())
    }

    /// Alarms people, once, that a refund is not certain yet although automatics had their time.
    pub(crate) fn alarm_refund(&mut self, refund: &Refund, why: &str) -> Result<(), IllegalMove> {
        let now = self.now;
        let Some(stored) = self.refund_mut(refund.id).filter(|stored| stored.alarmed_at.is_none())
        else {
            return Ok(());
        };
        stored.alarmed_at = Some(now);
        let detail = format!(
            "{} of {} {} is not back: {why}",
            refund.id,
            refund.amount.minor,
            refund.amount.currency.code()
        );
        let about = refund.id.to_string();
        self.raise(IncidentType::CompensationFailed, refund.attempt_id, &about, detail);
        let decisive = self.sale.decisive_refunds().any(|other| other.id == refund.id);
        if decisive && self.sale.payment.state == PaymentState::Cancelling {
            let reason = self.sale.payment.reason;
            self.move_payment(PaymentState::CompensationFailed, reason)?;
        }
        Ok(())
    }

    fn give_back(&mut self, product_id: crate::ids::ProductId, quantity: u32) {
        let order_id = self.sale.order.id;
        let hold = self
            .sale
            .holds
            .iter_mut()
            .find(|hold| hold.product_id == product_id && hold.state == HoldState::Taken);
        let Some(hold) = hold else { return };
        let quantity = quantity.min(hold.quantity.saturating_sub(hold.given_back));
        if quantity == 0 {
            return;
        }
        hold.given_back += quantity;
        self.returned.push((product_id, quantity));
        self.revoked.push(Revocation { order_id, product_id, quantity });
        self.tell(Fact::PiecesReturned { product_id, quantity });
    }

    fn give_everything_back(&mut self) {
        let left: Vec<_> =
            self.sale.holds.iter().map(|hold| (hold.product_id, hold.remaining())).collect();
        for (product_id, quantity) in left {
            self.give_back(product_id, quantity);
        }
        for hold in &mut self.sale.holds {
            if hold.state == HoldState::Taken {
                hold.state = HoldState::Returned;
            }
        }
        self.tell(Fact::holds(HoldState::Returned));
    }
}
