//! Paying an open order again, after a decline or a proved absence: a new attempt, never a repeat.

use std::time::Duration;

use thiserror::Error;

use super::{Attempt, AttemptState, Means, PaymentState, ProblemCode, transitions::IllegalMove};
use crate::{
    gateway::GatewayName,
    ids::{AttemptId, Mint},
    journal::{Cause, Fact},
    obligation::{ObligationState, ObligationType},
    order::OrderStatus,
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// What is needed to record an attempt. The card's number is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttempt {
    /// Its name.
    pub id: AttemptId,
    /// Where to charge.
    pub gateway: GatewayName,
    /// The order id for the gateway; used for this attempt only.
    pub gateway_order_id: String,
    /// The account at the gateway.
    pub gateway_user_id: String,
    /// With what it is charged.
    pub means: Means,
    /// How long after it is recorded a byte of it may still leave us.
    pub send_within: Duration,
}

/// Why an order cannot be paid now. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenewRefusal {
    /// The order has ended.
    #[error("order is {}", crate::words::Word::word(*.0))]
    Ended(OrderStatus),
    /// An attempt is still at the gateway: another one could charge twice.
    #[error("an earlier attempt may still be charged")]
    InProgress,
    /// The time for paying is over.
    #[error("order could be paid until {}", .0.micros())]
    Expired(Timestamp),
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// Records the next attempt of an open order. One that waits at a gateway's page, and was never
/// confirmed, makes room.
pub fn pay_again(
    sale: &Sale,
    attempt: &NewAttempt,
    now: Timestamp,
    seed: u64,
) -> Result<Change, RenewRefusal> {
    match (sale.order.status, sale.payment.state) {
        (OrderStatus::Pending, PaymentState::Created | PaymentState::RequiresAction) => {}
        (OrderStatus::Pending, _) => return Err(RenewRefusal::InProgress),
        (status, _) => return Err(RenewRefusal::Ended(status)),
    }
    if sale.order.cancel_wished_at.is_some()
        || sale.live_attempt().is_some_and(|live| live.state.is_at_gateway())
    {
        return Err(RenewRefusal::InProgress);
    }
    if now >= sale.order.expires_at {
        return Err(RenewRefusal::Expired(sale.order.expires_at));
    }
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    draft.leave_page(ProblemCode::Superseded, "the buyer pays in another way")?;
    draft.record_attempt(attempt)?;
    Ok(draft.finish(Cause::PaidAgain))
}

impl Draft {
    /// Records an attempt. One that is sent now owes its look-up: should we die now, the look-up tells
    /// all. One that waits at the gateway's page ends with the order's time for paying.
    pub(crate) fn record_attempt(&mut self, new: &NewAttempt) -> Result<(), IllegalMove> {
        let number = u32::try_from(self.sale.attempts.len()).unwrap_or(u32::MAX).saturating_add(1);
        let waits = new.means.is_page();
        let send_before = if waits { self.now } else { self.now.after(new.send_within) };
        self.tell(Fact::AttemptRecorded {
            attempt_id: new.id,
            number,
            gateway: new.gateway.to_string(),
            gateway_order_id: new.gateway_order_id.clone(),
        });
        self.sale.attempts.push(Attempt {
            id: new.id,
            number,
            gateway: new.gateway.clone(),
            gateway_order_id: new.gateway_order_id.clone(),
            gateway_user_id: new.gateway_user_id.clone(),
            amount: self.sale.payment.amount,
            means: new.means.clone(),
            state: if waits { AttemptState::Recorded } else { AttemptState::Sent },
            reference: None,
            problem: None,
            absences: 0,
            request: 1,
            recorded_at: self.now,
            send_before,
            certain_at: None,
            fee: None,
            ruling: None,
        });
        if waits {
            self.owe_expiry();
            return self.move_payment(PaymentState::RequiresAction, None);
        }
        self.end_obligations(ObligationType::Expire);
        self.owe(ObligationType::LookUp, Some(new.id), send_before);
        self.move_payment(PaymentState::Processing, None)
    }

    /// Owes the end of an order that nobody pays, once.
    pub(crate) fn owe_expiry(&mut self) {
        let owed =
            self.sale.obligations.iter().any(|owed| {
                owed.kind == ObligationType::Expire && owed.state == ObligationState::Owed
            });
        if !owed {
            let expires_at = self.sale.order.expires_at;
            self.owe(ObligationType::Expire, None, expires_at);
        }
    }
}
