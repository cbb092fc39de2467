//! What one reconciliation came to.

use super::{Date, Finding, MovementType, SettledFee};
use crate::gateway::GatewayName;

/// What one reconciliation came to. The same lines and books have the same report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The day.
    pub day: Date,
    /// How many of the gateway's movements are none of ours and need nothing: it took them back
    /// itself, or our books do.
    pub without_effect: u64,
    /// What agreed, by gateway, direction and currency.
    pub totals: Vec<Total>,
    /// What differs, the gravest first.
    pub findings: Vec<Finding>,
    /// Fees that agree and are not in the ledger yet.
    pub unposted: Vec<SettledFee>,
    /// Fees that agree and are in the ledger.
    pub posted: Vec<SettledFee>,
}

impl Report {
    /// Whether nothing differs. Fees may still be left to post.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// How many movements of this kind agreed.
    pub fn matched(&self, kind: MovementType) -> u64 {
        self.totals.iter().filter(|total| total.kind == kind).map(|total| total.matched).sum()
    }
}

/// The movements of one gateway, direction and currency that agreed. Sums are in minor units and
/// wide enough for any number of lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// At which gateway.
    pub gateway: GatewayName,
    /// Which way.
    pub kind: MovementType,
    /// The currency's code (ISO 4217).
    pub currency: &'static str,
    /// How many agreed.
    pub matched: u64,
    /// Their amounts.
    pub amount: i128,
    /// Of these, how many a settlement lists; the sums below are of them alone.
    pub settled: u64,
    /// Their fees, VAT included.
    pub fee: i128,
    /// The VAT in their fees.
    pub vat: i128,
    /// What is paid out for them, or of a refund taken back.
    pub pay_out: i128,
}
