//! What a gateway tells: one row of its settlement or transaction report, in our words.

use super::Date;
use crate::{gateway::GatewayName, money::Money, time::Timestamp, words::Word};

/// Which way the money of one movement went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MovementType {
    /// From the buyer.
    Charge,
    /// Back to the buyer.
    Refund,
}

impl Word for MovementType {
    const ALL: &'static [Self] = &[Self::Charge, Self::Refund];
    const SET: &'static str = "movement type";

    fn word(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Refund => "refund",
        }
    }
}

/// Which report a line is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// What the gateway pays out, with its fees.
    Settlement,
    /// What moved, without fees.
    Transactions,
}

impl Word for Source {
    const ALL: &'static [Self] = &[Self::Settlement, Self::Transactions];
    const SET: &'static str = "report";

    fn word(self) -> &'static str {
        match self {
            Self::Settlement => "settlement",
            Self::Transactions => "transactions",
        }
    }
}

/// One movement as one report tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettlementLine {
    /// Whose report.
    pub gateway: GatewayName,
    /// The gateway's name of the payment.
    pub reference: String,
    /// The gateway's name of this one movement; of one kind, unique at a gateway.
    pub movement: String,
    /// The order id that the gateway knows the payment by.
    pub gateway_order_id: String,
    /// Which way the money went.
    pub kind: MovementType,
    /// How much moved. Positive in either direction: the border takes the sign off.
    pub amount: Money,
    /// When it moved, where the report says so.
    pub at: Option<Timestamp>,
    /// How it is paid out: what a settlement has and a list of transactions has not.
    pub settled: Option<Settled>,
}

/// How one movement is paid out. All sums have the sign of the movement's amount: of a refund,
/// `fee` is what the gateway gives back of its fee and `pay_out` is what it takes from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// All that the gateway keeps, VAT included.
    pub fee: Money,
    /// The VAT in the fee.
    pub vat: Money,
    /// What is left of the amount.
    pub pay_out: Money,
    /// The day it is booked on.
    pub sold_on: Date,
    /// The day it is paid out.
    pub paid_out_on: Date,
}

impl SettlementLine {
    /// Which report it is from.
    pub const fn source(&self) -> Source {
        match self.settled {
            Some(_) => Source::Settlement,
            None => Source::Transactions,
        }
    }

    /// The day it tells of, where it has one.
    pub fn day(&self) -> Option<Date> {
        self.at.map(Date::of_seoul).or(self.settled.map(|settled| settled.sold_on))
    }
}
