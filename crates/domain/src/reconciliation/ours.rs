//! What our books say of one charge attempt or of one refund.

use super::{MovementType, fees::kept};
use crate::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId, PaymentId, RefundId},
    money::Money,
    payment::{Attempt, AttemptState},
    refund::{Refund, RefundState},
    sale::Sale,
    time::Timestamp,
    words::Word,
};

/// How sure our books are of one movement. In the order in which lines are matched: a line that
/// something certain explains confirms nothing in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OurCertainty {
    /// We hold it charged, or refunded.
    Certain,
    /// Sent, and no verdict yet.
    InDoubt,
    /// We hold that nothing was made of it, until evidence says otherwise.
    BelievedNot,
    /// The gateway itself refused it for good.
    Not,
}

impl From<AttemptState> for OurCertainty {
    fn from(state: AttemptState) -> Self {
        match state {
            AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown => Self::InDoubt,
            AttemptState::Approved => Self::Certain,
            AttemptState::Declined => Self::Not,
            AttemptState::Recorded | AttemptState::NotCharged => Self::BelievedNot,
        }
    }
}

impl From<RefundState> for OurCertainty {
    fn from(state: RefundState) -> Self {
        match state {
            RefundState::Sent | RefundState::Unknown => Self::InDoubt,
            RefundState::Done => Self::Certain,
            RefundState::Owed => Self::BelievedNot,
            RefundState::Refused => Self::Not,
        }
    }
}

impl Word for OurCertainty {
    const ALL: &'static [Self] = &[Self::Certain, Self::InDoubt, Self::BelievedNot, Self::Not];
    const SET: &'static str = "certainty";

    fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::InDoubt => "in_doubt",
            Self::BelievedNot => "believed_not",
            Self::Not => "not",
        }
    }
}

/// One movement as our books have it: a charge attempt, or a refund of one. An attempt is here once
/// as a charge, and once for each of its refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurMovement {
    /// At which gateway.
    pub gateway: GatewayName,
    /// The order.
    pub order_id: OrderId,
    /// How the order is paid.
    pub payment_id: PaymentId,
    /// The attempt that charges, or whose charge is given back.
    pub attempt_id: AttemptId,
    /// The refund; a charge has none.
    pub refund_id: Option<RefundId>,
    /// The order id that the gateway knows the attempt by.
    pub gateway_order_id: String,
    /// The gateway's name of the payment, once known.
    pub reference: Option<String>,
    /// The gateway's name of this one movement, once known.
    pub movement: Option<String>,
    /// Which way the money goes.
    pub kind: MovementType,
    /// How much.
    pub amount: Money,
    /// How sure we are.
    pub certainty: OurCertainty,
    /// When it was recorded: it did not move before.
    pub recorded_at: Timestamp,
    /// When it became certain, if it is; else when it was recorded.
    pub at: Timestamp,
    /// The gateway's fee for it in our ledger, VAT included, with the sign of the amount.
    pub posted_fee: Option<Money>,
}

/// Every movement of this sale at one gateway.
pub fn movements(sale: &Sale, gateway: &GatewayName) -> Vec<OurMovement> {
    let mut movements = Vec::new();
    for attempt in sale.attempts.iter().filter(|attempt| attempt.gateway == *gateway) {
        movements.push(charge(sale, attempt));
        let refunds = sale.refunds.iter().filter(|refund| refund.attempt_id == attempt.id);
        movements.extend(refunds.map(|refund| given_back(sale, attempt, refund)));
    }
    movements
}

fn charge(sale: &Sale, attempt: &Attempt) -> OurMovement {
    let certainty = OurCertainty::from(attempt.state);
    OurMovement {
        gateway: attempt.gateway.clone(),
        order_id: sale.order.id,
        payment_id: sale.payment.id,
        attempt_id: attempt.id,
        refund_id: None,
        gateway_order_id: attempt.gateway_order_id.clone(),
        reference: attempt.reference.clone(),
        movement: None,
        kind: MovementType::Charge,
        amount: attempt.amount,
        certainty,
        recorded_at: attempt.recorded_at,
        at: moment(certainty, attempt.certain_at, attempt.recorded_at),
        posted_fee: attempt.fee,
    }
}

fn given_back(sale: &Sale, attempt: &Attempt, refund: &Refund) -> OurMovement {
    let certainty = OurCertainty::from(refund.state);
    OurMovement {
        refund_id: Some(refund.id),
        reference: Some(refund.charge.clone()),
        movement: refund.reference.clone(),
        kind: MovementType::Refund,
        amount: refund.amount,
        certainty,
        recorded_at: refund.requested_at,
        at: moment(certainty, refund.certain_at, refund.requested_at),
        posted_fee: refund.fee.map(|fee| kept(MovementType::Refund, fee)),
        ..charge(sale, attempt)
    }
}

fn moment(
    certainty: OurCertainty,
    certain_at: Option<Timestamp>,
    recorded_at: Timestamp,
) -> Timestamp {
    match certainty {
        OurCertainty::Certain => certain_at.unwrap_or(recorded_at),
        OurCertainty::InDoubt | OurCertainty::BelievedNot | OurCertainty::Not => recorded_at,
    }
}
