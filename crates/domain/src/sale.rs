//! A sale: one order with everything that belongs to it, loaded and saved as one.

use crate::{
    fulfilment::Fulfilment,
    hold::{Hold, HoldState},
    ids::{AttemptId, Mint, OrderId, ProductId},
    incident::{Incident, IncidentType},
    journal::{Cause, Entry, Fact},
    ledger::{self, Movement, Posting},
    money::Money,
    obligation::{Obligation, ObligationState, ObligationType},
    order::{Order, OrderStatus},
    payment::{
        Attempt, AttemptState, FailureReason, Payment, PaymentState, Problem,
        transitions::{ATTEMPT_MOVES, IllegalMove, PAYMENT_MOVES, is_legal},
    },
    refund::{Refund, RefundPurpose},
    time::Timestamp,
    words::Word,
};

/// One order, its payment, attempts, holds and what is owed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// The order.
    pub order: Order,
    /// How it is paid.
    pub payment: Payment,
    /// Every try to charge it, in order of their numbers.
    pub attempts: Vec<Attempt>,
    /// Stock set aside for it, one hold a product.
    pub holds: Vec<Hold>,
    /// Money that went back or is to go back, in order of their ids.
    pub refunds: Vec<Refund>,
    /// What is owed for it: everything `owed` or `parked`, and what this decision ends.
    pub obligations: Vec<Obligation>,
    /// Counts the changes; a save states the version it was decided on.
    pub version: i64,
}

impl Sale {
    /// The attempt of this id.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.id == id)
    }

    /// The attempt that may still move money, if there is one.
    pub fn live_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.state.is_live())
    }

    /// Whether a charge request may be on its way right now, by somebody who will tell its outcome.
    pub fn is_being_sent(&self, now: Timestamp) -> bool {
        self.live_attempt()
            .is_some_and(|live| live.state == AttemptState::Sent && now < live.send_before)
    }

    /// Whether the order was served, whether or not it was all given back later.
    pub fn was_served(&self) -> bool {
        match self.order.status {
            OrderStatus::Completed => true,
            OrderStatus::Cancelled => {
                self.refunds.iter().any(|refund| refund.purpose == RefundPurpose::Requested)
            }
            OrderStatus::Pending | OrderStatus::Failed => false,
        }
    }

    /// The attempt whose charge a served order was paid with.
    pub fn paying_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| {
            self.was_served()
                && attempt.state == AttemptState::Approved
                && attempt
                    .reference
                    .as_deref()
                    .is_none_or(|reference| self.compensation_of(reference).is_none())
        })
    }

    /// Everything that a decision may take out of stock or put back.
    pub fn products(&self) -> std::collections::BTreeSet<ProductId> {
        self.holds.iter().map(|hold| hold.product_id).collect()
    }

    /// The newest attempt.
    pub fn last_attempt(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// The look-up that is owed for this attempt.
    pub fn owed_look_up(&self, id: AttemptId) -> Option<&Obligation> {
        self.obligations.iter().find(|owed| {
            owed.kind == ObligationType::LookUp
                && owed.attempt_id == Some(id)
                && owed.state == ObligationState::Owed
        })
    }
}

/// What one decision changes. Saved whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The sale as it is from now on.
    pub sale: Sale,
    /// What to append to the journal.
    pub entry: Option<Entry>,
    /// What to append to the ledger; sums to zero.
    pub postings: Vec<Posting>,
    /// What the buyer now gets.
    pub fulfilments: Vec<Fulfilment>,
    /// What a person should see.
    pub incidents: Vec<Incident>,
    /// Stock that goes back.
    pub returned: Vec<(ProductId, u32)>,
    /// Stock that is taken for an order that had given it back.
    pub taken: Vec<(ProductId, u32)>,
    /// Fulfilments that are taken back, with their money.
    pub revoked: Vec<Revocation>,
}

/// Pieces that a buyer had got and gave back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Of which order.
    pub order_id: OrderId,
    /// Of which product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: u32,
}

/// A change in the making: every move goes through here, so that none skips the tables, the
/// journal or the ledger.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) sale: Sale,
    pub(crate) now: Timestamp,
    pub(crate) mint: Mint,
    facts: Vec<Fact>,
    postings: Vec<Posting>,
    fulfilments: Vec<Fulfilment>,
    incidents: Vec<Incident>,
    pub(crate) returned: Vec<(ProductId, u32)>,
    taken: Vec<(ProductId, u32)>,
    pub(crate) revoked: Vec<Revocation>,
}

impl Draft {
    pub(crate) fn of(sale: Sale, now: Timestamp, mint: Mint) -> Self {
        Self {
            sale,
            now,
            mint,
            facts: Vec::new(),
            postings: Vec::new(),
            fulfilments: Vec::new(),
            incidents: Vec::new(),
            returned: Vec::new(),
            taken: Vec::new(),
            revoked: Vec::new(),
        }
    }

    /// Ends the draft. Without a fact there is nothing to tell, so nothing enters the journal.
    pub(crate) fn finish(mut self, cause: Cause) -> Change {
        let entry = (!self.facts.is_empty()).then(|| Entry {
            id: self.mint.id(),
            order_id: self.sale.order.id,
            payment_id: self.sale.payment.id,
            at: self.now,
            cause,
            facts: self.facts,
        });
        Change {
            sale: self.sale,
            entry,
            postings: self.postings,
            fulfilments: self.fulfilments,
            incidents: self.incidents,
            returned: self.returned,
            taken: self.taken,
            revoked: self.revoked,
        }
    }

    pub(crate) fn tell(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    pub(crate) fn attempt_mut(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        self.sale.attempts.iter_mut().find(|attempt| attempt.id == id)
    }

    /// Moves an attempt; staying where it is, is no move.
    pub(crate) fn move_attempt(
        &mut self,
        id: AttemptId,
        to: AttemptState,
        problem: Option<Problem>,
    ) -> Result<(), IllegalMove> {
        let now = self.now;
        let Some(attempt) = self.attempt_mut(id) else {
            return Ok(());
        };
        let from = attempt.state;
        if from == to {
            return Ok(());
        }
        if !is_legal(ATTEMPT_MOVES, from, to) {
            return Err(IllegalMove { from: from.word(), to: to.word() });
        }
        attempt.state = to;
        attempt.problem.clone_from(&problem);
        attempt.certain_at = (!to.is_live()).then_some(now);
        let reference = attempt.reference.clone();
        self.tell(Fact::AttemptMoved { attempt_id: id, from, to, reference, problem });
        Ok(())
    }

    /// Moves the payment; staying where it is, is no move.
    pub(crate) fn move_payment(
        &mut self,
        to: PaymentState,
        reason: Option<FailureReason>,
    ) -> Result<(), IllegalMove> {
        let from = self.sale.payment.state;
        if from == to {
            return Ok(());
        }
        if !is_legal(PAYMENT_MOVES, from, to) {
            return Err(IllegalMove { from: from.word(), to: to.word() });
        }
        self.sale.payment.state = to;
        self.sale.payment.reason = reason;
        self.sale.payment.changed_at = self.now;
        self.tell(Fact::PaymentMoved { from, to, reason });
        Ok(())
    }

    /// Books a charge as received.
    pub(crate) fn post_charge(&mut self, attempt: &Attempt) {
        let receivable = ledger::receivable(&attempt.gateway);
        self.post(attempt, &receivable, ledger::BUYERS_PAID, attempt.amount);
    }

    /// Sets what had been returned aside again, for an order that is served after all. The caller
    /// has seen that there is enough.
    pub(crate) fn take_again(&mut self) {
        let mut taken = Vec::new();
        for hold in self.sale.holds.iter_mut().filter(|hold| hold.state == HoldState::Returned) {
            hold.state = HoldState::Held;
            taken.push((hold.product_id, hold.quantity));
        }
        if !taken.is_empty() {
            self.taken.extend(taken);
            self.tell(Fact::holds(HoldState::Held));
        }
    }

    /// The order was charged and can be served: holds are taken, the buyer gets what was bought.
    pub(crate) fn complete(&mut self, attempt: &Attempt) -> Result<(), IllegalMove> {
        self.move_payment(PaymentState::Paid, None)?;
        self.move_holds(HoldState::Taken);
        let order = self.sale.order.clone();
        for line in &order.lines {
            let fulfilment = Fulfilment {
                id: self.mint.id(),
                order_id: order.id,
                owner: order.owner,
                product_id: line.product_id,
                kind: line.kind,
                quantity: line.quantity,
                revoked: 0,
                created_at: self.now,
            };
            self.fulfilments.push(fulfilment);
        }
        self.post(attempt, ledger::BUYERS_PAID, ledger::SALES, attempt.amount);
        self.end_order(OrderStatus::Completed);
        self.end_obligations(ObligationType::Expire);
        Ok(())
    }

    /// The order ends uncharged: everything held goes back.
    pub(crate) fn fail(
        &mut self,
        reason: FailureReason,
        status: OrderStatus,
    ) -> Result<(), IllegalMove> {
        self.move_payment(PaymentState::Failed, Some(reason))?;
        self.move_holds(HoldState::Returned);
        self.end_order(status);
        self.end_obligations(ObligationType::Expire);
        self.follow_refunds()
    }

    /// Raises an incident; telling it twice stores it once.
    pub(crate) fn raise(
        &mut self,
        kind: IncidentType,
        attempt_id: AttemptId,
        about: &str,
        detail: String,
    ) {
        // The journal is shown to the buyer; another order's transaction is for operators alone.
        let told = match kind {
            IncidentType::EvidenceMismatch => "the answer is about another order or amount",
            IncidentType::DuplicateCharge
            | IncidentType::ChargedAfterGivenUp
            | IncidentType::VerdictContradicted
            | IncidentType::Unresolved
            | IncidentType::CompensationFailed => &detail,
            IncidentType::ForeignRefund => "the gateway gave money back without us",
            IncidentType::Reconciliation => "the gateway's settlement and our books differ",
        };
        self.tell(Fact::incident(kind, told));
        let incident = Incident {
            id: self.mint.id(),
            kind,
            order_id: self.sale.order.id,
            payment_id: self.sale.payment.id,
            attempt_id,
            detail,
            about: about.to_owned(),
            at: self.now,
        };
        self.incidents.push(incident);
    }

    /// Owes something new.
    pub(crate) fn owe(
        &mut self,
        kind: ObligationType,
        attempt_id: Option<AttemptId>,
        due_at: Timestamp,
    ) -> &mut Obligation {
        let obligation = Obligation {
            id: self.mint.id(),
            kind,
            order_id: self.sale.order.id,
            attempt_id,
            refund_id: None,
            state: ObligationState::Owed,
            due_at,
            tries: 0,
            fence: 0,
            leased_until: None,
            last_error: None,
            created_at: self.now,
        };
        let at = self.sale.obligations.len();
        self.sale.obligations.push(obligation);
        &mut self.sale.obligations[at]
    }

    /// Ends every owed obligation of this kind.
    pub(crate) fn end_obligations(&mut self, kind: ObligationType) {
        for owed in &mut self.sale.obligations {
            if owed.kind == kind && owed.state == ObligationState::Owed {
                end(owed);
            }
        }
    }

    /// Books `amount` from one account to another.
    pub(crate) fn post(&mut self, attempt: &Attempt, debit: &str, credit: &str, amount: Money) {
        let movement =
            Movement { order_id: self.sale.order.id, attempt_id: attempt.id, at: self.now };
        self.postings.extend(ledger::entry(&mut self.mint, movement, debit, credit, amount));
    }

    pub(crate) fn move_holds(&mut self, to: HoldState) {
        let mut moved = false;
        for hold in self.sale.holds.iter_mut().filter(|hold| hold.state == HoldState::Held) {
            hold.state = to;
            moved = true;
            if to == HoldState::Returned {
                self.returned.push((hold.product_id, hold.quantity));
            }
        }
        if moved {
            self.tell(Fact::holds(to));
        }
    }

    pub(crate) fn end_order(&mut self, status: OrderStatus) {
        if self.sale.order.status != status {
            self.sale.order.status = status;
            self.tell(Fact::OrderEnded { status });
        }
    }
}

/// Ends an obligation. The next fence is taken, so that whoever holds a lease on it is too late.
pub(crate) fn end(obligation: &mut Obligation) {
    obligation.state = ObligationState::Done;
    obligation.fence += 1;
    obligation.leased_until = None;
}
