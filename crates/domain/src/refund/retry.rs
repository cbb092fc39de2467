//! When a refund is tried again: three times quickly, then patiently, for ever; and on command.

use std::time::Duration;

use thiserror::Error;

use super::{Refund, RefundPurpose, RefundState};
use crate::{
    gateway::Manners,
    ids::{Mint, ProductId, RefundId},
    journal::Cause,
    obligation::ObligationState,
    payment::transitions::IllegalMove,
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// Tries that follow each other quickly.
pub const QUICK_TRIES: u32 = 3;
/// The wait after the first try; doubles while tries are quick.
pub const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The first patient wait; grows by half.
const PATIENT_WAIT: Duration = Duration::from_secs(30);

/// When to try again, `tries` after it was owed. `chance` spreads neighbours by up to a tenth.
pub fn next_try(manners: &Manners, tries: u32, now: Timestamp, chance: u64) -> Timestamp {
    let wait = if tries <= QUICK_TRIES {
        FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1))
    } else {
        let patient = tries - QUICK_TRIES - 1;
        (0..patient.min(32)).fold(PATIENT_WAIT, |wait, _| wait.saturating_mul(3) / 2)
    };
    let wait = wait.min(manners.unresolved_every);
    let thousandths = u32::try_from(chance % 1_000).unwrap_or(0);
    now.after(wait + wait.saturating_mul(thousandths) / 10_000)
}

/// Whether automatics have had their time: people are told, and it is still tried.
pub fn is_overdue(refund: &Refund, manners: &Manners, tries: u32, now: Timestamp) -> bool {
    tries > QUICK_TRIES && now >= refund.requested_at.after(manners.horizon)
}

/// Why a refund is not tried again on command. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RetryRefusal {
    /// There is no such refund.
    #[error("no refund {0}")]
    NoSuchRefund(RefundId),
    /// It is done.
    #[error("the money is back already")]
    Done,
    /// The gateway has no way to give money back.
    #[error("the order's gateway has no refund call")]
    CannotRefund,
    /// Less is left of the charge than it would give back.
    #[error("{0} is left to refund")]
    TooMuch(i64),
    /// The buyer has given its pieces back since, or is about to, with another refund.
    #[error("{left} pieces of {product_id} are left to refund")]
    TooManyPieces {
        /// Of which product.
        product_id: ProductId,
        /// What is left.
        left: u32,
    },
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

impl Sale {
    /// Whether a refused refund can never be tried again: others have given its money or its pieces
    /// back since, or are about to.
    pub fn is_replaced(&self, refund: &Refund) -> bool {
        self.expect_room_for(refund).is_err()
    }

    /// A refused refund set nothing aside; what it asked for must still be there.
    fn expect_room_for(&self, refund: &Refund) -> Result<(), RetryRefusal> {
        if refund.state != RefundState::Refused || refund.purpose != RefundPurpose::Requested {
            return Ok(());
        }
        let left = self.refundable().minor;
        if refund.amount.minor > left {
            return Err(RetryRefusal::TooMuch(left));
        }
        for pieces in &refund.pieces {
            let product_id = pieces.product_id;
            let left = self.refundable_pieces(product_id);
            if pieces.quantity > left {
                return Err(RetryRefusal::TooManyPieces { product_id, left });
            }
        }
        Ok(())
    }
}

/// Tries a refund again now, whether it was refused or waits for its next turn.
pub fn retry(
    sale: &Sale,
    refund_id: RefundId,
    can_refund: bool,
    now: Timestamp,
    seed: u64,
) -> Result<Change, RetryRefusal> {
    let refund = sale.refund(refund_id).ok_or(RetryRefusal::NoSuchRefund(refund_id))?;
    if refund.state == RefundState::Done {
        return Err(RetryRefusal::Done);
    }
    if !can_refund {
        return Err(RetryRefusal::CannotRefund);
    }
    let refused = refund.state == RefundState::Refused;
    sale.expect_room_for(refund)?;
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    if refused {
        if let Some(refund) = draft.refund_mut(refund_id) {
            // The refusal was certain, so this is another request to the gateway.
            refund.request += 1;
            refund.requested_at = now;
            refund.send_before = now;
            refund.alarmed_at = None;
        }
        draft.move_refund(refund_id, RefundState::Owed, None)?;
    }
    if let Some(owed) = draft.owed_refund_mut(refund_id) {
        owed.state = ObligationState::Owed;
        if owed.leased_until.is_none() {
            owed.due_at = now;
        }
        if refused {
            owed.tries = 0;
        }
    }
    if draft.sale.payment.state == crate::payment::PaymentState::CompensationFailed {
        let reason = draft.sale.payment.reason;
        draft.move_payment(crate::payment::PaymentState::Cancelling, reason)?;
    }
    draft.follow_refunds()?;
    Ok(draft.finish(Cause::Commanded))
}
