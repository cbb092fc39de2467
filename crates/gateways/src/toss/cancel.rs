//! Giving back (§4.3): a cancel of the payment that carries our name for it in its reason, so that a
//! look-up finds it again among the payment's cancels.

use payonce_domain::{
    ids::RefundId,
    money::Money,
    refund::{
        Refund,
        evidence::{Given, RefundOutcome, RefundSighting},
    },
};

use super::{
    amount, fitting,
    wire::{Cancel, CancelRequest, CancelStatus, Payment},
};
use crate::quoted::quotable;

/// Longest `cancelReason` (§2).
const REASON_AT_MOST: usize = 200;
/// Longest `transactionKey` (§2).
const MOVEMENT_AT_MOST: usize = 64;

/// What asks for this refund. The gateway gives nothing back unless it has `balance` left.
pub(super) fn request(refund: &Refund, balance: Money) -> CancelRequest {
    CancelRequest {
        cancel_reason: reason(refund),
        cancel_amount: refund.amount.minor,
        refundable_amount: balance.minor,
    }
}

/// People's words and our marker: `changed their mind [rfd_…]`. The words are cut, never the marker.
pub(super) fn reason(refund: &Refund) -> String {
    let marker = format!("[{}]", refund.id);
    let words = fitting(&quotable(&refund.reason), REASON_AT_MOST - marker.len() - 1);
    if words.is_empty() { marker } else { format!("{words} {marker}") }
}

/// Our name for a cancel, if its reason ends with one.
pub(super) fn marked(reason: &str) -> Option<RefundId> {
    reason.trim_end().strip_suffix(']')?.rsplit_once('[')?.1.parse().ok()
}

/// What a payment that the gateway answered a refund with says of it.
pub(super) fn outcome(payment: &Payment, refund: &Refund) -> RefundOutcome {
    match cancel_of(payment, refund) {
        Some(cancel) => told(payment, cancel, refund),
        None => {
            RefundOutcome::Unknown { text: "the answer has no cancel with our marker".to_owned() }
        }
    }
}

/// What a payment that was read after a certain refusal says: it may have been given back before.
pub(super) fn read_back(payment: &Payment, refund: &Refund, refusal: String) -> RefundOutcome {
    match cancel_of(payment, refund) {
        Some(cancel) => told(payment, cancel, refund),
        None => RefundOutcome::NotDone { text: refusal },
    }
}

/// Everything that was given back of a payment.
pub(super) fn sighting(payment: &Payment, refund: &Refund) -> RefundSighting {
    let mut seen = Vec::new();
    for cancel in cancels(payment) {
        let given = match Standing::of(payment, cancel) {
            Standing::Given(given) => given,
            Standing::NotGiven => continue,
            Standing::UnderWay if !is_marked(cancel, refund) => continue,
            Standing::UnderWay => {
                return RefundSighting::Unknown {
                    text: "the gateway is giving it back at the moment".to_owned(),
                };
            }
            Standing::Unreadable => {
                return RefundSighting::Unknown {
                    text: "the payment has a cancel that cannot be read".to_owned(),
                };
            }
        };
        seen.push(given);
    }
    RefundSighting::Seen(seen)
}

fn told(payment: &Payment, cancel: &Cancel, refund: &Refund) -> RefundOutcome {
    let text = match Standing::of(payment, cancel) {
        Standing::Given(given) if given.amount == refund.amount => {
            return RefundOutcome::Done { reference: given.reference };
        }
        Standing::Given(given) => {
            format!("{} gives back {} instead", given.reference, given.amount.minor)
        }
        Standing::UnderWay => "the gateway is giving it back at the moment".to_owned(),
        Standing::NotGiven => "the gateway began to give it back and did not".to_owned(),
        Standing::Unreadable => "the cancel with our marker cannot be read".to_owned(),
    };
    RefundOutcome::Unknown { text }
}

/// Where one cancel stands.
enum Standing {
    Given(Given),
    UnderWay,
    NotGiven,
    Unreadable,
}

impl Standing {
    fn of(payment: &Payment, cancel: &Cancel) -> Self {
        match cancel.cancel_status {
            Some(CancelStatus::Done) | None => {
                given(payment, cancel).map_or(Self::Unreadable, Self::Given)
            }
            Some(CancelStatus::InProgress) => Self::UnderWay,
            Some(CancelStatus::Aborted) => Self::NotGiven,
            Some(CancelStatus::Unheard) => Self::Unreadable,
        }
    }
}

fn given(payment: &Payment, cancel: &Cancel) -> Option<Given> {
    let currency = payment.currency.as_deref().unwrap_or("KRW");
    let reference = &cancel.transaction_key;
    let is_named = !reference.is_empty() && reference.len() <= MOVEMENT_AT_MOST;
    is_named.then_some(Given {
        reference: reference.clone(),
        amount: amount::read(&cancel.cancel_amount, currency)?,
        refund_id: cancel.cancel_reason.as_deref().and_then(marked),
    })
}

fn cancels(payment: &Payment) -> &[Cancel] {
    payment.cancels.as_deref().unwrap_or_default()
}

/// The cancel that carries our marker; of several the one that was not aborted.
fn cancel_of<'a>(payment: &'a Payment, refund: &Refund) -> Option<&'a Cancel> {
    let marked = || cancels(payment).iter().filter(|cancel| is_marked(cancel, refund));
    let is_aborted = |cancel: &&Cancel| cancel.cancel_status == Some(CancelStatus::Aborted);
    marked().find(|cancel| !is_aborted(cancel)).or_else(|| marked().next())
}

fn is_marked(cancel: &Cancel, refund: &Refund) -> bool {
    cancel.cancel_reason.as_deref().and_then(marked) == Some(refund.id)
}
