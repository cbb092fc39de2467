//! Evidence: what may move an attempt. A clock, a timeout or a missing row is never evidence.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Problem, ruling::Ruled};
use crate::{ids::AttemptId, money::Money, time::Timestamp};

/// News about one attempt, with where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The attempt it is about.
    pub attempt_id: AttemptId,
    /// How we came to know.
    pub source: Source,
    /// Which sending of its request this tells of: the attempt's `send_before` as it was when the
    /// gateway was called or asked. `None` if whoever tells knows of none.
    pub sending: Option<Timestamp>,
    /// What was said.
    pub finding: Finding,
}

/// How we came to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The gateway's own answer to the charge.
    Response,
    /// A look-up because its time had come, or the sweep over all open payments asked for it.
    LookUp,
    /// A look-up because the gateway called back. The callback itself proves nothing.
    CallbackLookUp,
    /// A look-up because somebody asked now.
    CheckLookUp,
    /// A line of the gateway's settlement.
    Settlement,
    /// Operators decided, with reason and evidence of their own.
    Operator,
}

/// What was said about an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The outcome of the charge call itself.
    Answer(Outcome),
    /// What a look-up saw.
    Sighting(Sighting),
    /// What operators decided.
    Ruled(Ruled),
}

/// The outcome of a charge call, classified once, in the gateway's own folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway has it; the verdict comes later.
    Accepted {
        /// The gateway's name for the transaction.
        reference: String,
    },
    /// Charged or refused at once.
    Decided(Transaction),
    /// Our request was wrong. Certain and final.
    Rejected {
        /// What the gateway said.
        text: String,
    },
    /// The gateway says for certain that nothing was made.
    NotCreated {
        /// What the gateway said.
        text: String,
    },
    /// Nothing left us.
    NotSent {
        /// Why not.
        text: String,
    },
    /// Everything else. It describes us, not the money.
    Unknown {
        /// What happened instead of an answer.
        text: String,
    },
}

impl Outcome {
    /// Whether it proves that the attempt charged nothing and never will, so that what is held
    /// for its order goes back.
    pub fn ends_uncharged(&self) -> bool {
        match self {
            Self::Rejected { .. } | Self::NotCreated { .. } | Self::NotSent { .. } => true,
            Self::Accepted { .. } | Self::Decided(_) | Self::Unknown { .. } => false,
        }
    }
}

/// What a look-up saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    /// Transactions under the attempt's gateway order id or reference; at least one.
    Found(Vec<Transaction>),
    /// The gateway has none. What that proves: [`super::certainty::absence_is_proof`].
    Absent,
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

/// A transaction as the gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The gateway's name for it.
    pub reference: String,
    /// The order id it carries; must be the attempt's.
    pub gateway_order_id: String,
    /// What it charges; must be the attempt's.
    pub amount: Money,
    /// What the gateway decided.
    pub verdict: Verdict,
}

/// What the gateway decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet.
    Pending,
    /// Nothing yet, and nothing will be charged unless we confirm: the buyer agreed on the gateway's
    /// page, or has not even done that.
    Unconfirmed,
    /// Charged.
    Approved,
    /// Refused, and why.
    Declined(Problem),
}
