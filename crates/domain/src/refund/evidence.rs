//! What may move a refund.

use std::time::Duration;

use crate::{ids::RefundId, money::Money, payment::evidence::Source, time::Timestamp};

/// News about one refund, with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundEvidence {
    /// The refund it is about.
    pub refund_id: RefundId,
    /// How we came to know.
    pub source: Source,
    /// Which sending of its request this tells of: the refund's `send_before` as it was when the
    /// gateway was called. `None` if whoever tells knows of none.
    pub sending: Option<Timestamp>,
    /// What was said.
    pub finding: RefundFinding,
}

/// What was said about a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundFinding {
    /// The outcome of the refund call itself.
    Answer(RefundOutcome),
    /// What a look-up of the charge saw.
    Sighting(RefundSighting),
}

/// The outcome of a refund call, classified once, in the gateway's own folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOutcome {
    /// Given back.
    Done {
        /// The gateway's name for it.
        reference: String,
    },
    /// The gateway will not, and asking again will not help.
    Refused {
        /// What the gateway said.
        text: String,
    },
    /// Certainly not given back now; a new request may be.
    NotDone {
        /// What the gateway said.
        text: String,
    },
    /// Nothing left us.
    NotSent {
        /// Why not.
        text: String,
    },
    /// The gateway answered, and nothing follows from it for the money: a look-up tells. The same
    /// request would hear the same again.
    Unclear {
        /// What the gateway said.
        text: String,
    },
    /// Everything else. It describes us, not the money.
    Unknown {
        /// What happened instead of an answer.
        text: String,
    },
}

/// What a look-up of a charge saw of its refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundSighting {
    /// Everything that was given back of the charge; may be empty.
    Seen(Vec<Given>),
    /// The look-up itself had no readable answer.
    Unknown {
        /// What happened instead.
        text: String,
    },
    /// The gateway was not asked: it permits only so many look-ups. There is room again later.
    NotAsked {
        /// When.
        again_in: Duration,
    },
}

/// One refund as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The gateway's name for it.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// Our name for it, if it carries one.
    pub refund_id: Option<RefundId>,
}
