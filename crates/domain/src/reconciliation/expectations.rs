//! What a day's reports are expected to hold: which were read, from when on a movement is listed,
//! and what the gateway may keep.

use std::collections::BTreeMap;

use super::{Date, MovementType, Settled, Source};
use crate::{gateway::GatewayName, money::Money, time::Timestamp};

/// What the reports of one day are held against besides our books.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// The reports that were read to their end. Of any other, nothing can be missing.
    pub readings: Vec<Reading>,
    /// The agreed fees. Without a schedule, no rate is judged.
    pub fees: BTreeMap<GatewayName, FeeSchedule>,
}

/// One report that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Whose.
    pub gateway: GatewayName,
    /// Which.
    pub source: Source,
    /// The day on which it was read.
    pub read_on: Date,
    /// How many days after a movement the report lists it: 0 on the same day, 1 on the next.
    pub listed_after_days: u16,
}

impl Reading {
    /// The day from which on a movement of this moment is listed.
    pub fn listed_from(&self, at: Timestamp) -> Date {
        Date::of_seoul(at).plus_days(self.listed_after_days)
    }

    /// Whether this report, when it was read, must have had a movement of this moment.
    pub fn must_list(&self, at: Timestamp) -> bool {
        self.listed_from(at) <= self.read_on
    }
}

/// What becomes of the fee when money is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundedFee {
    /// The gateway gives its fee back with the amount.
    Returned,
    /// The gateway keeps it.
    Kept,
}

/// The fee that was agreed with a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeSchedule {
    /// Hundredths of a percent of the amount, before VAT.
    pub basis_points: u32,
    /// Percent of VAT on the fee.
    pub vat_percent: u32,
    /// How far a fee may be off in minor units: gateways round each in their own way.
    pub tolerance_minor: u32,
    /// What becomes of it on a refund.
    pub on_refund: RefundedFee,
}

impl FeeSchedule {
    /// The fee of this movement, VAT included, rounded half up; nothing if it does not fit.
    pub fn fee(&self, kind: MovementType, amount: Money) -> Option<Money> {
        let charged = match (kind, self.on_refund) {
            (MovementType::Charge, _) | (MovementType::Refund, RefundedFee::Returned) => {
                i128::from(amount.minor)
            }
            (MovementType::Refund, RefundedFee::Kept) => 0,
        };
        let supply = share(charged, self.basis_points, 10_000);
        let vat = share(supply, self.vat_percent, 100);
        Some(Money { minor: i64::try_from(supply + vat).ok()?, ..amount })
    }

    /// Whether this is the fee, give or take the tolerance.
    pub fn allows(&self, kind: MovementType, amount: Money, settled: &Settled) -> bool {
        self.fee(kind, amount).is_some_and(|fee| {
            fee.currency == settled.fee.currency
                && fee.minor.abs_diff(settled.fee.minor) <= u64::from(self.tolerance_minor)
        })
    }
}

fn share(of: i128, parts: u32, whole: i128) -> i128 {
    (of * i128::from(parts) + whole / 2).div_euclid(whole)
}
