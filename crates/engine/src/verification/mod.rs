//! Verification: reading all our books, checking every invariant, and comparing each transaction of
//! a gateway's books with our attempts. Changes nothing.
//!
//! [`books`] walks our own books; [`gateway`] is the pure comparison with a gateway's.

pub mod books;
pub mod gateway;

use payonce_domain::{invariants::Violation, money::Money};

pub use books::verify;
pub use gateway::{Difference, GatewayTransaction, GatewayVerdict};

/// What verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Orders read.
    pub orders: u64,
    /// Orders by status word.
    pub by_status: std::collections::BTreeMap<&'static str, u64>,
    /// Attempts read.
    pub attempts: u64,
    /// Attempts that are not certain yet. No fault, but not the end either.
    pub undecided: u64,
    /// Attempts that ended approved.
    pub approved: u64,
    /// Sum of the approved attempts in minor units, by currency code.
    pub charged: std::collections::BTreeMap<&'static str, i64>,
    /// Sum of what was given back in minor units, by currency code.
    pub refunded: std::collections::BTreeMap<&'static str, i64>,
    /// Refunds that are not certain yet.
    pub undecided_refunds: u64,
    /// Transactions of gateways that were compared; `None` if no books were given.
    pub gateway_transactions: Option<u64>,
    /// Rules of our own books that do not hold.
    pub violations: Vec<Violation>,
    /// Where the gateway's books and ours differ.
    pub differences: Vec<Difference>,
}

impl Verdict {
    /// Whether all rules hold and no difference was found.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.differences.is_empty()
    }

    fn charge(&mut self, amount: Money) {
        *self.charged.entry(amount.currency.code()).or_default() += amount.minor;
    }

    fn give_back(&mut self, amount: Money) {
        *self.refunded.entry(amount.currency.code()).or_default() += amount.minor;
    }
}
