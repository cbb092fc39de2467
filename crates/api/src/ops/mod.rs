//! What the shop's people look at: operators and server keys only.

pub(crate) mod gateways;
pub(crate) mod incidents;
pub(crate) mod invariants;
pub(crate) mod obligations;
