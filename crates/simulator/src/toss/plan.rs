//! What becomes of one call, drawn when it is about to be carried out. Nothing here acts.

use serde::{Deserialize, Serialize};

use super::faults::{CallFaults, WebhookFaults};

/// The course of one call. JSON: `"lost"`, `{"hang":{"ms":60000,"doneAfterMs":20000}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Course {
    /// Does it and answers.
    Execute,
    /// Does it this much later and answers.
    Slow {
        /// Milliseconds until it is done and answered.
        ms: u64,
    },
    /// Answers `FAILED_INTERNAL_SYSTEM_PROCESSING` and does nothing.
    Fail,
    /// Does it, then answers `FAILED_INTERNAL_SYSTEM_PROCESSING`.
    FailAfter,
    /// Answers late; it is done meanwhile.
    Hang {
        /// Milliseconds until the answer.
        ms: u64,
        /// Milliseconds until it is done, at most `ms`.
        done_after_ms: u64,
    },
    /// Does it, then drops the connection.
    Lost,
    /// Drops the connection and does nothing.
    DropBefore,
    /// Drops the connection and does it later.
    Late {
        /// Milliseconds until it is done.
        ms: u64,
    },
    /// Answers this error code and does nothing.
    Answer {
        /// A code of §10.
        code: String,
    },
    /// A proxy answers 502 with an HTML page; nothing is done.
    Foreign,
    /// Does it, and a proxy answers 504 with an HTML page.
    ForeignAfter,
    /// Answers 429 and does nothing.
    TooMany {
        /// Whether the answer carries a JSON body.
        with_body: bool,
    },
}

impl Course {
    /// One draw decides which share the call falls into, further ones how long it takes.
    pub(crate) fn draw(faults: &CallFaults, chance: &mut fastrand::Rng) -> Self {
        if faults.shares().iter().all(|share| share.get() <= 0.0) {
            return Self::Execute;
        }
        let mut left = chance.f64() * 100.0;
        let fallen = faults.shares().into_iter().position(|share| {
            left -= share.get();
            left < 0.0
        });
        match fallen {
            Some(0) => Self::Fail,
            Some(1) => Self::FailAfter,
            Some(2) => {
                let ms = faults.hang_ms.draw(chance);
                Self::Hang { ms, done_after_ms: chance.u64(0..=ms) }
            }
            Some(3) => Self::Lost,
            Some(4) => Self::DropBefore,
            Some(5) => Self::Slow { ms: faults.slow_ms.draw(chance) },
            Some(6) => Self::Late { ms: faults.late_ms.draw(chance) },
            _ => Self::Execute,
        }
    }
}

/// The course of one webhook.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent faults, each drawn on its own")]
pub(crate) struct WebhookPlan {
    pub(crate) drop: bool,
    pub(crate) duplicate: bool,
    pub(crate) delay_ms: u64,
    pub(crate) reorder: bool,
    pub(crate) forged: bool,
}

impl WebhookPlan {
    pub(crate) fn draw(faults: &WebhookFaults, chance: &mut fastrand::Rng) -> Self {
        Self {
            drop: faults.drop.draw(chance),
            duplicate: faults.duplicate.draw(chance),
            delay_ms: if faults.delay.draw(chance) { faults.delay_ms.draw(chance) } else { 0 },
            reorder: faults.reorder.draw(chance),
            forged: faults.forged.draw(chance),
        }
    }
}
