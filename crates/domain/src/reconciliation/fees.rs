//! Fees: what is wrong with one, and how one that is right is posted.

use super::{Difference, Expectations, MovementType, OurMovement, Settled, SettlementLine};
use crate::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId},
    ledger,
    money::Money,
    words::Word,
};

/// The account of the VAT in gateways' fees, which the tax office owes us.
pub const VAT_PAID: &str = "vat:paid";

/// The account of what one gateway has kept for itself.
pub fn fees_account(gateway: &GatewayName) -> String {
    format!("gateway:{gateway}:fees")
}

/// One leg of an entry: debit positive, credit negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// Which account moves.
    pub account: String,
    /// By how much.
    pub amount: Money,
}

/// A fee that agrees with its schedule and is not in the ledger yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeToPost {
    /// Who keeps it.
    pub gateway: GatewayName,
    /// The gateway's name of the movement.
    pub movement: String,
    /// Charge or refund: the fee of a refund comes back to us.
    pub kind: MovementType,
    /// For which order.
    pub order_id: OrderId,
    /// For which attempt.
    pub attempt_id: AttemptId,
    /// For which refund; a charge has none.
    pub refund: Option<String>,
    /// The fee, VAT included.
    pub fee: Money,
    /// What to post; sums to zero.
    pub entry: Vec<Leg>,
}

impl FeeToPost {
    /// The unique key under which it is posted: a movement has one fee, whichever day reports it.
    pub fn key(&self) -> String {
        format!("fee:{}:{}:{}", self.gateway, self.kind.word(), self.movement)
    }

    /// The entry that takes [`Self::entry`] back.
    pub fn reversal(&self) -> Vec<Leg> {
        self.entry
            .iter()
            .map(|leg| Leg { account: leg.account.clone(), amount: leg.amount.negated() })
            .collect()
    }

    /// The fee of a settled line that was judged and found right; a fee of nothing is not posted.
    pub(super) fn of(line: &SettlementLine, settled: &Settled, ours: &OurMovement) -> Option<Self> {
        if settled.fee.minor == 0 {
            return None;
        }
        let supply = settled.fee.plus(settled.vat.negated()).ok()?;
        let legs = [
            (fees_account(&line.gateway), supply),
            (VAT_PAID.to_owned(), settled.vat),
            (ledger::receivable(&line.gateway), settled.fee.negated()),
        ];
        let entry = legs
            .into_iter()
            .filter(|(_, amount)| amount.minor != 0)
            .map(|(account, amount)| match line.kind {
                MovementType::Charge => Leg { account, amount },
                MovementType::Refund => Leg { account, amount: amount.negated() },
            })
            .collect();
        Some(Self {
            gateway: line.gateway.clone(),
            movement: line.movement.clone(),
            kind: line.kind,
            order_id: ours.order_id,
            attempt_id: ours.attempt_id,
            refund: ours.refund.clone(),
            fee: settled.fee,
            entry,
        })
    }
}

/// What is wrong with a fee.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) difference: Difference,
    pub(super) expected: Option<Money>,
    pub(super) seen: Money,
}

/// The first thing that is wrong with what this line pays out. Its sums must agree with each other
/// under any schedule and without one.
pub(super) fn fault(
    line: &SettlementLine,
    settled: &Settled,
    ours: &OurMovement,
    expectations: &Expectations,
) -> Option<Fault> {
    let Settled { fee, vat, pay_out, .. } = *settled;
    let schedule = expectations.fees.get(&line.gateway);
    let fault = |difference, expected, seen| Some(Fault { difference, expected, seen });
    let left = line.amount.plus(fee.negated()).ok();
    if left != Some(pay_out) {
        return fault(Difference::PayOut, left, pay_out);
    }
    if vat.currency != fee.currency || vat.minor < 0 || vat.minor > fee.minor {
        return fault(Difference::Vat, None, vat);
    }
    if schedule.is_some_and(|schedule| !schedule.allows(line.kind, line.amount, settled)) {
        let agreed = schedule.and_then(|schedule| schedule.fee(line.kind, line.amount));
        return fault(Difference::FeeRate, agreed, fee);
    }
    match ours.posted_fee {
        Some(posted) if posted != fee => fault(Difference::FeePosted, Some(posted), fee),
        Some(_) | None => None,
    }
}
