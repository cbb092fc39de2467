//! What the shop's people look at: operators and server keys only. What they decide about a payment
//! in doubt, [`resolve`] and [`withdraw`], and running a [`reconciliation`], is for operators in person.

pub(crate) mod audit;
pub(crate) mod gateways;
pub(crate) mod incidents;
pub(crate) mod invariants;
pub(crate) mod obligations;
pub(crate) mod reconciliation;
pub(crate) mod refunds;
pub(crate) mod resolve;
pub(crate) mod retry_refund;
pub(crate) mod unresolved;
pub(crate) mod withdraw;
