//! Payments: how they stand, their history, asking the gateway now, and what buyers bring back from
//! gateways' pages: [`returning`] is the one door for that, [`confirm`] the call.

pub(crate) mod check;
pub(crate) mod confirm;
pub(crate) mod read;
pub(crate) mod returning;
pub(crate) mod timeline;
