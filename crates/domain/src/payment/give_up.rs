//! Giving an uncharged order up: nobody paid in time, or somebody cancelled.
//!
//! Only what is provably uncharged is given up. While an attempt is live, or once money moved,
//! the answer is a refusal that says so.

use thiserror::Error;

use super::{FailureReason, PaymentState, transitions::IllegalMove};
use crate::{
    ids::Mint,
    journal::Cause,
    obligation::{Lease, ObligationState, ObligationType},
    order::OrderStatus,
    sale::{Change, Draft, Sale, end},
    time::Timestamp,
};

/// Why an order was not cancelled. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CancelRefusal {
    /// An attempt may still be charged; it is certain soon, and can be cancelled then.
    #[error("a payment is in progress")]
    InProgress,
    /// It was charged, and the gateway cannot give money back.
    #[error("the order is paid and its gateway has no refund call")]
    CannotRefund,
    /// It had ended before.
    #[error("order is {}", crate::words::Word::word(*.0))]
    Ended(OrderStatus),
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// Cancels an order that is certainly not charged. Cancelling it again is the same answer.
pub fn cancel(sale: &Sale, now: Timestamp, seed: u64) -> Result<Change, CancelRefusal> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    match (sale.order.status, sale.payment.state) {
        (OrderStatus::Cancelled, _) => {}
        (OrderStatus::Pending, PaymentState::Created) => {
            draft.fail(FailureReason::Cancelled, OrderStatus::Cancelled)?;
        }
        (OrderStatus::Pending, _) => return Err(CancelRefusal::InProgress),
        (OrderStatus::Completed, _) => return Err(CancelRefusal::CannotRefund),
        (OrderStatus::Failed, _) => return Err(CancelRefusal::Ended(sale.order.status)),
    }
    Ok(draft.finish(Cause::Cancelled))
}

/// Ends an order whose time for paying is over, if nothing is at a gateway.
///
/// Asked too early or about an order that is being paid, it only gives the lease back or ends the
/// obligation: a payment that returns to `created` owes a new one.
pub fn expire(sale: &Sale, lease: Lease, now: Timestamp, seed: u64) -> Result<Change, IllegalMove> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    let held = draft.sale.obligations.iter_mut().find(|owed| {
        owed.id == lease.obligation_id
            && owed.kind == ObligationType::Expire
            && owed.state == ObligationState::Owed
            && owed.fence == lease.fence
    });
    let Some(owed) = held else {
        return Ok(draft.finish(Cause::Expired));
    };
    let is_open = sale.payment.state == PaymentState::Created;
    if is_open && now < sale.order.expires_at {
        owed.due_at = sale.order.expires_at;
        owed.leased_until = None;
        return Ok(draft.finish(Cause::Expired));
    }
    end(owed);
    if is_open {
        draft.fail(FailureReason::Expired, OrderStatus::Failed)?;
    }
    Ok(draft.finish(Cause::Expired))
}
