//! Payments: how they stand, their history, and asking the gateway now.

pub(crate) mod check;
pub(crate) mod read;
pub(crate) mod timeline;
