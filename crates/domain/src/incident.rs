//! Incidents: what must not happen, or needs a person. Raised by a decision, kept until dealt with.

use crate::{
    ids::{AttemptId, IncidentId, OrderId, PaymentId},
    time::Timestamp,
    words::Word,
};

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentType {
    /// The gateway answered about another order or amount; nothing was changed.
    EvidenceMismatch,
    /// More than one transaction of one order was charged.
    DuplicateCharge,
    /// A charge surfaced for an order that had already been given up.
    ChargedAfterGivenUp,
    /// The gateway now says something else than it finally said before.
    VerdictContradicted,
    /// In doubt beyond the gateway's horizon.
    Unresolved,
    /// Money is to be given back and automatics could not.
    CompensationFailed,
    /// The gateway gave back money that we did not ask it to.
    ForeignRefund,
    /// The gateway's settlement and our books differ, and no rule repairs it.
    Reconciliation,
}

impl Word for IncidentType {
    const ALL: &'static [Self] = &[
        Self::EvidenceMismatch,
        Self::DuplicateCharge,
        Self::ChargedAfterGivenUp,
        Self::VerdictContradicted,
        Self::Unresolved,
        Self::CompensationFailed,
        Self::ForeignRefund,
        Self::Reconciliation,
    ];
    const SET: &'static str = "incident type";

    fn word(self) -> &'static str {
        match self {
            Self::EvidenceMismatch => "evidence_mismatch",
            Self::DuplicateCharge => "duplicate_charge",
            Self::ChargedAfterGivenUp => "charged_after_given_up",
            Self::VerdictContradicted => "verdict_contradicted",
            Self::Unresolved => "unresolved",
            Self::CompensationFailed => "compensation_failed",
            Self::ForeignRefund => "foreign_refund",
            Self::Reconciliation => "reconciliation",
        }
    }
}

/// One thing that a person should see. The same thing is raised once: see [`Incident::once_per`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its name.
    pub id: IncidentId,
    /// What went wrong.
    pub kind: IncidentType,
    /// Whose order.
    pub order_id: OrderId,
    /// Which payment.
    pub payment_id: PaymentId,
    /// Which attempt.
    pub attempt_id: AttemptId,
    /// What was seen and what was expected, for people. Never a card number.
    pub detail: String,
    /// What makes it the same thing when it is seen again, e.g. the gateway's transaction.
    pub about: String,
    /// When it was first seen.
    pub at: Timestamp,
}

impl Incident {
    /// The unique key under which it is stored: seeing it again changes nothing.
    pub fn once_per(&self) -> String {
        format!("{}:{}:{}", self.kind.word(), self.attempt_id, self.about)
    }
}
