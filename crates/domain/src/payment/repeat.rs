//! Sending the same request once more, where the gateway guarantees that it cannot charge twice.

use super::{AttemptState, PaymentState, transitions::IllegalMove};
use crate::{
    gateway::Manners,
    ids::{AttemptId, Mint},
    journal::Cause,
    payment::Attempt,
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// Records that the same request leaves again; `None` if it may not.
///
/// Only an attempt whose outcome nobody will tell, whose gateway recognises a repeat for long enough, that
/// needs nothing which we do not keep, and that nobody wishes to cancel.
pub fn repeat(
    sale: &Sale,
    id: AttemptId,
    manners: &Manners,
    now: Timestamp,
    seed: u64,
) -> Result<(Change, Option<Box<Attempt>>), IllegalMove> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    let may = sale.attempt(id).is_some_and(|attempt| {
        let silent = match attempt.state {
            AttemptState::Unknown => true,
            // Whoever was to send it has died, or had to drop it.
            AttemptState::Sent => now >= attempt.send_before,
            _ => false,
        };
        silent
            && attempt.reference.is_none()
            && attempt.means.authentication().is_some()
            && manners.may_repeat(attempt.recorded_at, now)
    });
    if !may || sale.order.cancel_wished_at.is_some() {
        return Ok((draft.finish(Cause::Repeated), None));
    }
    let send_before = now.after(manners.charge_within);
    if let Some(attempt) = draft.attempt_mut(id) {
        attempt.send_before = send_before;
        attempt.absences = 0;
    }
    draft.move_attempt(id, AttemptState::Sent, None)?;
    draft.move_payment(PaymentState::Processing, None)?;
    let owed = draft.sale.obligations.iter_mut().find(|owed| {
        owed.kind == crate::obligation::ObligationType::LookUp
            && owed.attempt_id == Some(id)
            && owed.state == crate::obligation::ObligationState::Owed
    });
    if let Some(owed) = owed {
        // From now on what is certain of one request says nothing of the other.
        owed.tries = owed.tries.max(1);
        owed.due_at = owed.due_at.max(send_before);
        owed.leased_until = None;
        owed.fence += 1;
    }
    let attempt = draft.sale.attempt(id).cloned().map(Box::new);
    Ok((draft.finish(Cause::Repeated), attempt))
}
