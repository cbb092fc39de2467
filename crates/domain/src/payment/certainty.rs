//! Certainty: what is known of one attempt, and when silence may be read as absence.

use serde::{Deserialize, Serialize};

use super::Attempt;
use crate::{gateway::Manners, time::Timestamp, words::Word};

/// What is known of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// The buyer is at the gateway's page. Nothing was sent that charges, so nothing is charged.
    Recorded,
    /// Recorded; from this commit on its request may be on the way.
    Sent,
    /// The gateway has it and will decide.
    Accepted,
    /// Sent, and no answer that we can read. It describes us, not the money.
    Unknown,
    /// Charged.
    Approved,
    /// Refused by the card or its issuer.
    Declined,
    /// Nothing was charged: never left us, was refused as wrong, or was never made.
    NotCharged,
}

impl AttemptState {
    /// Whether money may still move: no other attempt may start while one is live.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Recorded | Self::Sent | Self::Accepted | Self::Unknown => true,
            Self::Approved | Self::Declined | Self::NotCharged => false,
        }
    }

    /// Whether a request that charges has left us, or may have, and its end is not known.
    pub const fn is_at_gateway(self) -> bool {
        match self {
            Self::Sent | Self::Accepted | Self::Unknown => true,
            Self::Recorded | Self::Approved | Self::Declined | Self::NotCharged => false,
        }
    }
}

impl Word for AttemptState {
    const ALL: &'static [Self] = &[
        Self::Recorded,
        Self::Sent,
        Self::Accepted,
        Self::Unknown,
        Self::Approved,
        Self::Declined,
        Self::NotCharged,
    ];
    const SET: &'static str = "attempt state";

    fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::Approved => "approved",
            Self::Declined => "declined",
            Self::NotCharged => "not_charged",
        }
    }
}

/// Absences in a row that it takes to believe one.
const ABSENCES_TO_BELIEVE: u32 = 2;

/// Whether "the gateway has no such transaction", asked at this moment, proves that nothing was
/// charged. An answer may be written down long after it was given: only the asking counts.
///
/// Only when the last byte that we could have sent has outlived the longest life of a request
/// inside the gateway, and the gateway had said so before. A transaction that the gateway once
/// acknowledged is never proved absent: gateways lose their books.
pub fn absence_is_proof(attempt: &Attempt, manners: &Manners, asked_at: Timestamp) -> bool {
    attempt.reference.is_none()
        && asked_at >= attempt.send_before.after(manners.request_life)
        && attempt.absences + 1 >= ABSENCES_TO_BELIEVE
}

/// When to ask the gateway again, `tries` look-ups after the attempt was recorded.
///
/// Young: from the time a verdict usually takes, growing by half, up to the manners' longest wait.
/// Beyond the horizon: as long again as it has been beyond it, which doubles each time, up to the
/// wait for unresolved payments. `chance` spreads neighbours by up to a tenth.
pub fn next_look_up(
    attempt: &Attempt,
    manners: &Manners,
    tries: u32,
    now: Timestamp,
    chance: u64,
) -> Timestamp {
    let horizon = attempt.recorded_at.after(manners.horizon);
    let wait = if now < horizon {
        grown(manners.verdict_after, tries.min(32)).min(manners.look_up_at_most_every)
    } else {
        // Not by the number of tries: the many while it was young would count for the longest wait.
        now.since(horizon).max(manners.look_up_at_most_every).min(manners.unresolved_every)
    };
    let thousandths = u32::try_from(chance % 1_000).unwrap_or(0);
    let spread = wait.saturating_mul(thousandths) / 10_000;
    now.after(wait + spread)
}

/// Half as long again, so many times.
fn grown(first: std::time::Duration, times: u32) -> std::time::Duration {
    (0..times).fold(first, |wait, _| wait.saturating_mul(3) / 2)
}
