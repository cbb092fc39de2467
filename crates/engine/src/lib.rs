//! Load, decide, save; and what is owed.
//!
//! Read [`batch`] (commands in, one commit for many, replies out), [`checkout`] (placing and paying
//! again), [`confirming`] (back from a gateway's page), [`settling`] (news in), [`refunds`] (money back),
//! [`obligations`] (the one background loop), [`reconciliation`] (a gateway's day held against the
//! books). The engine knows no gateway, database or HTTP by name: it sees [`payonce_ports`].

pub mod adjustment;
pub mod batch;
pub mod catalogue;
pub mod charging;
pub mod checkout;
pub mod confirming;
pub mod engine;
pub mod giving_up;
pub mod look_ups;
pub mod obligations;
pub mod reconciliation;
pub mod refunds;
pub mod remembering;
pub mod repeating;
pub mod ruling;
pub mod settling;
pub mod verification;
pub mod waiting;

pub use engine::{Engine, Parts, Settings};
