//! Giving an uncharged order up: nobody paid in time, or somebody cancelled.
//!
//! Only what is provably uncharged is given up. While a charge may be at the gateway a cancel is a
//! wish that is kept; once money moved it is a refund. An attempt at the gateway's page was never
//! confirmed, which our own books prove: it charges nothing.

use thiserror::Error;

use super::{FailureReason, PaymentState, ProblemCode, transitions::IllegalMove};
use crate::{
    ids::{Mint, RefundId},
    journal::{Cause, Fact},
    obligation::{Lease, ObligationState, ObligationType},
    order::OrderStatus,
    refund::request::{HowMuch, RefundRefusal, RefundRequest},
    sale::{Change, Draft, Sale, end},
    time::Timestamp,
};

/// Why an order was not cancelled. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CancelRefusal {
    /// It was charged, and the gateway cannot give money back.
    #[error("the order is paid and its gateway has no refund call")]
    CannotRefund,
    /// It had ended before.
    #[error("order is {}", crate::words::Word::word(*.0))]
    Ended(OrderStatus),
    /// Money cannot be given back as it stands.
    #[error(transparent)]
    Refund(RefundRefusal),
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// Cancels an order, whole. Uncharged, it ends now. While it is being charged the wish is recorded,
/// and executed when that is certain. Charged, all that is left of the charge goes back. Cancelling
/// it again is the same answer.
pub fn cancel(
    sale: &Sale,
    refund_id: RefundId,
    reason: &str,
    can_refund: bool,
    now: Timestamp,
    seed: u64,
) -> Result<Change, CancelRefusal> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    match (sale.order.status, sale.payment.state) {
        (OrderStatus::Cancelled, _) => {}
        (OrderStatus::Pending, PaymentState::Created | PaymentState::RequiresAction) => {
            draft.leave_page(ProblemCode::Abandoned, "the order was cancelled")?;
            draft.fail(FailureReason::Cancelled, OrderStatus::Cancelled)?;
        }
        (OrderStatus::Pending, _) => {
            if sale.order.cancel_wished_at.is_none() {
                draft.sale.order.cancel_wished_at = Some(now);
                draft.tell(Fact::CancelWished);
            }
        }
        // All of it is on its way back already.
        (OrderStatus::Completed, _) if sale.refundable().minor == 0 => {}
        (OrderStatus::Completed, _) => {
            let request = RefundRequest {
                id: refund_id,
                how_much: HowMuch::Rest,
                expected_refundable: None,
                reason: reason.to_owned(),
                can_refund,
            };
            draft.request_refund(&request).map_err(|refusal| match refusal {
                RefundRefusal::CannotRefund => CancelRefusal::CannotRefund,
                other => CancelRefusal::Refund(other),
            })?;
        }
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
    let is_open =
        matches!(sale.payment.state, PaymentState::Created | PaymentState::RequiresAction);
    if is_open && now < sale.order.expires_at {
        owed.due_at = sale.order.expires_at;
        owed.leased_until = None;
        return Ok(draft.finish(Cause::Expired));
    }
    end(owed);
    if is_open {
        draft.leave_page(ProblemCode::Abandoned, "nobody came back from the gateway's page")?;
        draft.fail(FailureReason::Expired, OrderStatus::Failed)?;
    }
    Ok(draft.finish(Cause::Expired))
}
