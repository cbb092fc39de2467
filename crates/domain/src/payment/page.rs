//! The buyer at the gateway's own page: back with something to confirm, back without, or never back.
//!
//! What the page hands the buyer comes through the buyer's hands: it may be forged, replayed or come
//! twice. It only names what we ask the gateway to confirm, for our amount and our order id; what the
//! gateway answers is the evidence. Until a confirmation is recorded here, nothing can be charged.

use thiserror::Error;

use super::{
    Attempt, AttemptState, Means, PaymentState, Problem, ProblemCode, transitions::IllegalMove,
};
use crate::{
    gateway::Manners,
    ids::{AttemptId, Mint},
    journal::Cause,
    money::Money,
    obligation::ObligationType,
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// What the buyer brought back from the gateway's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// The order id that it names; must be the attempt's.
    pub gateway_order_id: String,
    /// The amount that it names, if it names one; must be the attempt's.
    pub amount: Option<Money>,
    /// What to confirm.
    pub authentication: String,
}

/// What a return comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// Recorded: this attempt is to be confirmed now.
    Send(Box<Attempt>),
    /// It came before; nothing new is done.
    Before,
}

/// Why a return is not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReturnRefusal {
    /// No attempt of this order was sent to a page under this order id.
    #[error("this payment did not go to a page under that order id")]
    NotOurs,
    /// The amount is not what we sent the buyer to the page with.
    #[error("the amount is {actual}, not {claimed}")]
    Amount {
        /// Minor units of the attempt.
        actual: i64,
        /// Minor units that came back.
        claimed: i64,
    },
    /// Another one was confirmed for the same attempt.
    #[error("another authentication was confirmed for this attempt")]
    Another,
    /// The attempt has ended: the buyer may pay again.
    #[error("this attempt has ended")]
    Over,
    /// The time for paying is over.
    #[error("the order could be paid until {}", .0.micros())]
    Expired(Timestamp),
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// Records that a return is about to be confirmed, or recognises that it was before.
pub fn confirm(
    sale: &Sale,
    returned: &Return,
    manners: &Manners,
    now: Timestamp,
    seed: u64,
) -> Result<(Change, Confirm), ReturnRefusal> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    let attempt = sale
        .attempts
        .iter()
        .find(|attempt| attempt.gateway_order_id == returned.gateway_order_id)
        .filter(|attempt| attempt.means.is_page())
        .ok_or(ReturnRefusal::NotOurs)?;
    if let Some(claimed) = returned.amount
        && claimed != attempt.amount
    {
        let (actual, claimed) = (attempt.amount.minor, claimed.minor);
        return Err(ReturnRefusal::Amount { actual, claimed });
    }
    let known = attempt.means.authentication();
    let same = known == Some(returned.authentication.as_str());
    match attempt.state {
        AttemptState::Recorded => {}
        AttemptState::Declined | AttemptState::NotCharged if !same => {
            return Err(ReturnRefusal::Over);
        }
        _ if same => return Ok((draft.finish(Cause::Returned), Confirm::Before)),
        _ => return Err(ReturnRefusal::Another),
    }
    if now >= sale.order.expires_at {
        return Err(ReturnRefusal::Expired(sale.order.expires_at));
    }
    let id = attempt.id;
    draft.confirming(id, &returned.authentication, manners)?;
    let attempt = draft.sale.attempt(id).cloned();
    let sent = attempt.ok_or(ReturnRefusal::NotOurs)?;
    Ok((draft.finish(Cause::Returned), Confirm::Send(Box::new(sent))))
}

/// The buyer turned the payment down on the page, or the page could not authenticate them. Nothing
/// was confirmed, so nothing is charged; the order stays open.
pub fn turned_down(
    sale: &Sale,
    gateway_order_id: &str,
    text: &str,
    now: Timestamp,
    seed: u64,
) -> Result<Change, ReturnRefusal> {
    let attempt = sale
        .attempts
        .iter()
        .find(|attempt| attempt.gateway_order_id == gateway_order_id)
        .filter(|attempt| attempt.means.is_page())
        .ok_or(ReturnRefusal::NotOurs)?;
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    if attempt.state == AttemptState::Recorded {
        draft.leave_page(ProblemCode::TurnedDown, text)?;
        draft.move_payment(PaymentState::Created, None)?;
        draft.owe_expiry();
    }
    Ok(draft.finish(Cause::Returned))
}

impl Draft {
    fn confirming(
        &mut self,
        id: AttemptId,
        authentication: &str,
        manners: &Manners,
    ) -> Result<(), IllegalMove> {
        let send_before = self.now.after(manners.charge_within);
        if let Some(attempt) = self.attempt_mut(id) {
            attempt.means = Means::Page { authentication: Some(authentication.to_owned()) };
            attempt.send_before = send_before;
        }
        self.move_attempt(id, AttemptState::Sent, None)?;
        self.move_payment(PaymentState::Processing, None)?;
        self.end_obligations(ObligationType::Expire);
        self.owe(ObligationType::LookUp, Some(id), send_before);
        Ok(())
    }

    /// Ends the attempt that waits at a gateway's page, if one does: it was never confirmed.
    pub(crate) fn leave_page(&mut self, code: ProblemCode, text: &str) -> Result<(), IllegalMove> {
        let waiting =
            self.sale.attempts.iter().find(|attempt| attempt.state == AttemptState::Recorded);
        let Some(id) = waiting.map(|attempt| attempt.id) else { return Ok(()) };
        let problem = Problem::new(code, text);
        self.move_attempt(id, AttemptState::NotCharged, Some(problem))
    }
}
