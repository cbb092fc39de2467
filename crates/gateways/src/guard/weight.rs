//! What an outcome means to the layers: how the breaker counts it, and whether it is tried again.

use std::time::Duration;

use payonce_domain::{
    payment::evidence::{Outcome, Sighting},
    refund::evidence::{RefundOutcome, RefundSighting},
};
use payonce_resilience::breaker;

use super::settings::Retried;

/// An outcome as the layers see it, and the two that they make themselves.
pub(super) trait Weighed: Sized + Send {
    /// Refused by a layer: nothing left us.
    fn not_sent(text: String) -> Self;

    /// Sent, and not answered in time.
    fn unknown(text: String) -> Self;

    /// How the breaker counts it, once it is the last.
    fn weight(&self) -> breaker::Outcome;

    /// What it says if the same request may leave again; `None` if not.
    fn retried(&self, retried: Retried) -> Option<&str>;
}

/// The answer to a question, which the gateway's limit may keep back.
pub(super) trait Asked: Weighed {
    /// Not asked now.
    fn not_asked(again_in: Duration) -> Self;
}

impl Asked for Sighting {
    fn not_asked(again_in: Duration) -> Self {
        Self::NotAsked { again_in }
    }
}

impl Asked for RefundSighting {
    fn not_asked(again_in: Duration) -> Self {
        Self::NotAsked { again_in }
    }
}

impl Weighed for Outcome {
    fn not_sent(text: String) -> Self {
        Self::NotSent { text }
    }

    fn unknown(text: String) -> Self {
        Self::Unknown { text }
    }

    fn weight(&self) -> breaker::Outcome {
        match self {
            Self::Accepted { .. } | Self::Decided(_) => breaker::Outcome::Success,
            Self::Rejected { .. } => breaker::Outcome::Ignored,
            Self::NotCreated { .. } | Self::NotSent { .. } | Self::Unknown { .. } => {
                breaker::Outcome::Failure
            }
        }
    }

    fn retried(&self, retried: Retried) -> Option<&str> {
        match self {
            Self::NotSent { text } => Some(text),
            Self::NotCreated { text } if retried == Retried::NotCreatedToo => Some(text),
            Self::NotCreated { .. }
            | Self::Accepted { .. }
            | Self::Decided(_)
            | Self::Rejected { .. }
            | Self::Unknown { .. } => None,
        }
    }
}

impl Weighed for RefundOutcome {
    fn not_sent(text: String) -> Self {
        Self::NotSent { text }
    }

    fn unknown(text: String) -> Self {
        Self::Unknown { text }
    }

    fn weight(&self) -> breaker::Outcome {
        match self {
            Self::Done { .. } => breaker::Outcome::Success,
            Self::Refused { .. } => breaker::Outcome::Ignored,
            Self::NotDone { .. }
            | Self::NotSent { .. }
            | Self::Unclear { .. }
            | Self::Unknown { .. } => breaker::Outcome::Failure,
        }
    }

    /// Whatever the gateway said about money that goes back is for the books first.
    fn retried(&self, _retried: Retried) -> Option<&str> {
        match self {
            Self::NotSent { text } => Some(text),
            Self::Done { .. }
            | Self::Refused { .. }
            | Self::NotDone { .. }
            | Self::Unclear { .. }
            | Self::Unknown { .. } => None,
        }
    }
}

impl Weighed for Sighting {
    fn not_sent(text: String) -> Self {
        Self::Unknown { text }
    }

    fn unknown(text: String) -> Self {
        Self::Unknown { text }
    }

    fn weight(&self) -> breaker::Outcome {
        match self {
            Self::Found(_) | Self::Absent => breaker::Outcome::Success,
            Self::Unknown { .. } => breaker::Outcome::Failure,
            Self::NotAsked { .. } => breaker::Outcome::Ignored,
        }
    }

    /// Whoever asks has an appointment to ask again.
    fn retried(&self, _retried: Retried) -> Option<&str> {
        None
    }
}

impl Weighed for RefundSighting {
    fn not_sent(text: String) -> Self {
        Self::Unknown { text }
    }

    fn unknown(text: String) -> Self {
        Self::Unknown { text }
    }

    fn weight(&self) -> breaker::Outcome {
        match self {
            Self::Seen(_) => breaker::Outcome::Success,
            Self::Unknown { .. } => breaker::Outcome::Failure,
            Self::NotAsked { .. } => breaker::Outcome::Ignored,
        }
    }

    /// Whoever asks has an appointment to ask again.
    fn retried(&self, _retried: Retried) -> Option<&str> {
        None
    }
}
