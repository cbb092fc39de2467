//! What a worker that holds the lease on a refund may do now. One refund of a charge at a time.

use super::{Refund, RefundState};
use crate::{
    gateway::Manners,
    ids::{Mint, RefundId},
    journal::Cause,
    money::Money,
    obligation::{Lease, ObligationState},
    payment::{ProblemCode, transitions::IllegalMove},
    sale::{Change, Draft, Sale, end},
    time::Timestamp,
};

/// What to do next, outside the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send its request. `balance` is what the gateway should have left of the charge before it.
    Send {
        /// The refund, as it is in the books now.
        refund: Refund,
        /// What is left of the charge at the gateway.
        balance: Money,
    },
    /// Ask the gateway what was given back of the charge.
    LookUp(Refund),
    /// Nothing, or not now.
    Nothing,
}

/// Decides the next step of a refund, and records a request before it leaves.
pub fn perform(
    sale: &Sale,
    refund_id: RefundId,
    lease: Lease,
    manners: &Manners,
    now: Timestamp,
    seed: u64,
) -> Result<(Change, Step), IllegalMove> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    let step = next(&mut draft, refund_id, lease, manners)?;
    Ok((draft.finish(Cause::RefundSent), step))
}

fn next(
    draft: &mut Draft,
    refund_id: RefundId,
    lease: Lease,
    manners: &Manners,
) -> Result<Step, IllegalMove> {
    let now = draft.now;
    let Some(refund) = draft.sale.refund(refund_id).cloned() else { return Ok(Step::Nothing) };
    let other_under_way = draft.sale.refunds.iter().any(|other| {
        other.id != refund.id && other.charge == refund.charge && other.state.is_at_gateway()
    });
    let held = draft.sale.obligations.iter_mut().find(|owed| {
        owed.id == lease.obligation_id
            && owed.fence == lease.fence
            && owed.state == ObligationState::Owed
    });
    let Some(owed) = held else { return Ok(Step::Nothing) };
    match refund.state {
        RefundState::Done | RefundState::Refused => {
            end(owed);
            Ok(Step::Nothing)
        }
        RefundState::Sent if now < refund.send_before => {
            // Somebody whose lease ran out may be sending it at this moment.
            owed.due_at = refund.send_before;
            owed.leased_until = None;
            owed.fence += 1;
            Ok(Step::Nothing)
        }
        RefundState::Sent | RefundState::Unknown => Ok(Step::LookUp(refund)),
        RefundState::Owed if other_under_way => {
            owed.due_at = now.after(super::retry::FIRST_WAIT);
            owed.leased_until = None;
            owed.fence += 1;
            owed.last_error = Some("another refund of this charge is under way".to_owned());
            Ok(Step::Nothing)
        }
        RefundState::Owed => {
            let balance = draft.sale.balance_at_gateway(&refund);
            let unheard = refund.problem.filter(|problem| problem.code == ProblemCode::Absent);
            draft.move_refund(refund_id, RefundState::Sent, unheard)?;
            let sent = draft.refund_mut(refund_id).map(|refund| {
                refund.send_before = now.after(manners.charge_within);
                refund.clone()
            });
            Ok(sent.map_or(Step::Nothing, |refund| Step::Send { refund, balance }))
        }
    }
}

impl Sale {
    /// What the gateway should have left of the charge that this refund is about.
    fn balance_at_gateway(&self, refund: &Refund) -> Money {
        let given: i64 = self
            .refunds
            .iter()
            .filter(|other| other.charge == refund.charge && other.state == RefundState::Done)
            .map(|other| other.amount.minor)
            .sum();
        Money { minor: self.payment.amount.minor - given, ..self.payment.amount }
    }
}
