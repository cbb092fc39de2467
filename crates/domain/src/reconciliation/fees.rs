//! Fees: what is wrong with one, and what one that is right amounts to.

use super::{Difference, Expectations, MovementType, OurMovement, Settled, SettlementLine};
use crate::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId, RefundId},
    money::Money,
    words::Word,
};

/// A fee that agrees with its schedule; how it is posted: [`super::posting`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledFee {
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
    pub refund_id: Option<RefundId>,
    /// What the gateway keeps, VAT included; negative where it gives back.
    pub kept: Money,
    /// The VAT in it.
    pub vat: Money,
}

impl SettledFee {
    /// Its unique name: a movement has one fee, whichever day reports it.
    pub fn key(&self) -> String {
        format!("fee:{}:{}:{}", self.gateway, self.kind.word(), self.movement)
    }

    /// The fee of a settled line that was judged and found right; a fee of nothing is none.
    pub(super) fn of(line: &SettlementLine, settled: &Settled, ours: &OurMovement) -> Option<Self> {
        if settled.fee.minor == 0 {
            return None;
        }
        Some(Self {
            gateway: line.gateway.clone(),
            movement: line.movement.clone(),
            kind: line.kind,
            order_id: ours.order_id,
            attempt_id: ours.attempt_id,
            refund_id: ours.refund_id,
            kept: kept(line.kind, settled.fee),
            vat: kept(line.kind, settled.vat),
        })
    }
}

/// A sum that goes along with a movement, seen from the gateway: what it keeps of a charge, it gives
/// back of a refund. The other way round as well.
pub(super) const fn kept(kind: MovementType, sum: Money) -> Money {
    match kind {
        MovementType::Charge => sum,
        MovementType::Refund => sum.negated(),
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
