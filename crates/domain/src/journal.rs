//! The journal: the append-only history of every order and payment. One entry a decision.

use serde::{Deserialize, Serialize};

use crate::{
    hold::HoldState,
    ids::{AttemptId, EventId, OrderId, PaymentId, ProductId, RefundId},
    incident::IncidentType,
    order::OrderStatus,
    payment::{AttemptState, FailureReason, PaymentState, Problem, evidence::Source},
    refund::{RefundPurpose, RefundState},
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
    /// The buyer came back from the gateway's page.
    Returned,
    /// A request whose outcome is unknown is sent again.
    Repeated,
    /// An operator decided about a payment in doubt.
    Ruled,
    /// Time for paying ran out.
    Expired,
    /// The buyer or the shop gave up.
    Cancelled,
    /// The buyer or the shop asked for money back.
    RefundRequested,
    /// A refund is about to be sent.
    RefundSent,
    /// An operator commanded it.
    Commanded,
    /// The gateway's settlement was compared with the books.
    Reconciled,
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
    /// Somebody wished to cancel while it was not certain whether it was charged.
    CancelWished,
    /// The order had been cancelled meanwhile, but was charged at a gateway that cannot give money
    /// back: it is served.
    CancelLapsed,
    /// An operator decided about an attempt in doubt.
    Ruling {
        /// Which.
        attempt_id: AttemptId,
        /// `charged` or `not_charged`.
        verdict: String,
        /// Who decided.
        by: String,
        /// Who agreed, where two must.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        second: Option<String>,
        /// Why.
        reason: String,
        /// On which evidence.
        evidence: String,
    },
    /// Money is to go back.
    RefundOwed {
        /// Which refund.
        refund_id: RefundId,
        /// Of which attempt's charge.
        attempt_id: AttemptId,
        /// Minor units.
        amount: i64,
        /// Whether somebody asked, or it may not be kept.
        purpose: RefundPurpose,
        /// Why, for people.
        reason: String,
    },
    /// A refund moved.
    RefundMoved {
        /// Which.
        refund_id: RefundId,
        /// From,
        from: RefundState,
        /// to,
        to: RefundState,
        /// the gateway's name for it,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reference: Option<String>,
        /// and what stood against it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        problem: Option<Problem>,
    },
    /// Pieces came back to stock with their money.
    PiecesReturned {
        /// Of which product.
        product_id: ProductId,
        /// How many.
        quantity: u32,
    },
    /// The gateway kept a fee, by its settlement.
    FeePosted {
        /// For the charge of this attempt or a refund of it.
        attempt_id: AttemptId,
        /// The refund, if it is for one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        refund_id: Option<RefundId>,
        /// Minor units; negative where it gave some back, or where a fee is taken out again.
        amount: i64,
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
