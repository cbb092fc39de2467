//! The journal: the append-only history of every order and payment. One entry a decision.

use serde::{Deserialize, Serialize};

use crate::{
    hold::HoldState,
    ids::{AttemptId, EventId, OrderId, PaymentId},
    incident::IncidentType,
    order::OrderStatus,
    payment::{AttemptState, FailureReason, PaymentState, Problem, evidence::Source},
    time::Timestamp,
    words::Word,
};

/// One decision: why it was taken and what it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub id: EventId,
    /// Whose order.
    pub order_id: OrderId,
    /// Whose payment.
    pub payment_id: PaymentId,
    /// When it was decided.
    pub at: Timestamp,
    /// What it was decided on.
    pub cause: Cause,
    /// What it changed, in order.
    pub facts: Vec<Fact>,
}

/// What a decision was taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cause")]
pub enum Cause {
    /// A buyer ordered.
    Placed,
    /// A buyer paid an open order again.
    PaidAgain,
    /// News from the gateway.
    Evidence {
        /// How it reached us.
        source: Source,
    },
    /// Time for paying ran out.
    Expired,
    /// The buyer or the shop gave up.
    Cancelled,
}

/// One thing that a decision changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Fact {
    /// An order exists.
    OrderPlaced {
        /// Minor units.
        total: i64,
        /// ISO 4217.
        currency: String,
    },
    /// An attempt is durable; its request may leave from now on.
    AttemptRecorded {
        /// Which.
        attempt_id: AttemptId,
        /// Counts from 1.
        number: u32,
        /// Where.
        gateway: String,
        /// What the gateway knows it by.
        gateway_order_id: String,
    },
    /// An attempt moved.
    AttemptMoved {
        /// Which.
        attempt_id: AttemptId,
        /// From,
        from: AttemptState,
        /// to,
        to: AttemptState,
        /// the gateway's name for it,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reference: Option<String>,
        /// and why it was not approved.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        problem: Option<Problem>,
    },
    /// The payment moved.
    PaymentMoved {
        /// From,
        from: PaymentState,
        /// to,
        to: PaymentState,
        /// for this reason, if it failed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<FailureReason>,
    },
    /// All holds of the order moved.
    HoldsMoved {
        /// `taken` or `returned`.
        to: String,
    },
    /// The order ended.
    OrderEnded {
        /// How.
        status: OrderStatus,
    },
    /// Something a person should see.
    IncidentRaised {
        /// What.
        incident: String,
        /// What was seen and what was expected.
        detail: String,
    },
}

impl Fact {
    /// All holds are now `to`.
    pub fn holds(to: HoldState) -> Self {
        Self::HoldsMoved { to: to.word().to_owned() }
    }

    /// An incident was raised.
    pub fn incident(kind: IncidentType, detail: &str) -> Self {
        Self::IncidentRaised { incident: kind.word().to_owned(), detail: detail.to_owned() }
    }
}
