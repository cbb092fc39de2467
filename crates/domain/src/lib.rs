//! What is true about orders and money: values, states and rules.
//!
//! Read in this order: [`sale`] (everything about one order), [`payment`] (certainty, evidence,
//! transitions, the decision), [`checkout`] (how an order begins), [`refund`] (how money goes back),
//! [`ledger`], [`invariants`].
//! Nothing here waits, reads a clock, draws a random number or knows a database: time and chance
//! come in as values, and what is decided goes out as a [`sale::Change`].

pub mod checkout;
pub mod fulfilment;
pub mod gateway;
pub mod hold;
pub mod ids;
pub mod incident;
pub mod invariants;
pub mod journal;
pub mod ledger;
pub mod money;
pub mod obligation;
pub mod order;
pub mod payment;
pub mod product;
pub mod reconciliation;
pub mod refund;
pub mod sale;
#[cfg(test)]
mod story;
pub mod time;
pub mod words;
