//! What our books say of one charge attempt or of one refund.

use super::MovementType;
use crate::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId, PaymentId},
    money::Money,
    payment::AttemptState,
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
    pub refund: Option<String>,
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
    /// When it was recorded; if certain, when it became so.
    pub at: Timestamp,
    /// The gateway's fee for it in our ledger, VAT included.
    pub posted_fee: Option<Money>,
}
