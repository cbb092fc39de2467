//! What may go wrong beyond the gateway's own habits, as probabilities. All off by default.
//!
//! [`super::script`] brings about the same faults on demand.

use serde::{Deserialize, Serialize};

use super::settings::{Millis, Percent};

/// Faults of `POST /api/v1/payments`, drawn for valid requests.
///
/// The first three concern time and are independent. The others decide how the answer is
/// spoiled; they are drawn in this order for POSTs that would be accepted, and the first wins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct PostFaults {
    /// Hangs for `hang_ms` before acceptance, then creates the transaction for certain.
    pub hang: Percent,
    /// How long a hung POST hangs. Default 60 s.
    pub hang_ms: Millis,
    /// Creates the transaction, then waits `late_answer_ms` with the answer.
    pub late_answer: Percent,
    /// How late a late answer is. Default 10 s.
    pub late_answer_ms: Millis,
    /// Processes the transaction only after `long_pending_ms`.
    pub long_pending: Percent,
    /// How long a long pending transaction takes. Default 10 min.
    pub long_pending_ms: Millis,
    /// Accepts and never processes.
    pub never_process: Percent,
    /// Creates the transaction, then drops the connection.
    pub drop_response: Percent,
    /// Creates nothing and drops the connection.
    pub drop_request: Percent,
    /// Creates the transaction, answers 502 with an HTML page.
    pub foreign_5xx_created: Percent,
    /// Creates nothing, answers 502 with an HTML page.
    pub foreign_5xx_not_created: Percent,
    /// Creates the transaction, answers the generic 500.
    pub generic_500_created: Percent,
    /// Creates nothing, answers the generic 500.
    pub generic_500_not_created: Percent,
    /// Creates the transaction, answers 200 with half an envelope.
    pub undecodable: Percent,
}

impl Default for PostFaults {
    fn default() -> Self {
        Self {
            hang: Percent::NEVER,
            hang_ms: Millis::exactly(60_000),
            late_answer: Percent::NEVER,
            late_answer_ms: Millis::exactly(10_000),
            long_pending: Percent::NEVER,
            long_pending_ms: Millis::exactly(600_000),
            never_process: Percent::NEVER,
            drop_response: Percent::NEVER,
            drop_request: Percent::NEVER,
            foreign_5xx_created: Percent::NEVER,
            foreign_5xx_not_created: Percent::NEVER,
            generic_500_created: Percent::NEVER,
            generic_500_not_created: Percent::NEVER,
            undecodable: Percent::NEVER,
        }
    }
}

/// Faults of both look-ups, drawn in this order; the first wins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct LookUpFaults {
    /// Answers 404 although the transaction exists.
    pub not_found: Percent,
    /// Answers with another order.
    pub wrong_order: Percent,
    /// Answers with another amount (single look-up only: the list carries none).
    pub wrong_amount: Percent,
    /// Answers the generic 500.
    pub generic_500: Percent,
    /// Answers 502 with an HTML page.
    pub foreign_5xx: Percent,
    /// Answers 200 with half an envelope.
    pub undecodable: Percent,
    /// Drops the connection.
    pub drop_response: Percent,
    /// Answers truthfully after `hang_ms`.
    pub hang: Percent,
    /// How long a hung look-up hangs. Default 60 s.
    pub hang_ms: Millis,
}

impl Default for LookUpFaults {
    fn default() -> Self {
        Self {
            not_found: Percent::NEVER,
            wrong_order: Percent::NEVER,
            wrong_amount: Percent::NEVER,
            generic_500: Percent::NEVER,
            foreign_5xx: Percent::NEVER,
            undecodable: Percent::NEVER,
            drop_response: Percent::NEVER,
            hang: Percent::NEVER,
            hang_ms: Millis::exactly(60_000),
        }
    }
}

/// Faults of callbacks, each drawn independently for every accepted POST.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct CallbackFaults {
    /// Is never sent.
    pub drop: Percent,
    /// Is sent twice.
    pub duplicate: Percent,
    /// Is sent `delay_ms` late.
    pub delay: Percent,
    /// How late a delayed callback is. Default 30 s.
    pub delay_ms: Millis,
    /// Is held back until another transaction's callback was sent, at most 10 s.
    pub reorder: Percent,
    /// The verdict is reached at once and its callback is answered before the POST is.
    pub early: Percent,
    /// Carries another amount.
    pub wrong_amount: Percent,
    /// Carries another order.
    pub wrong_order: Percent,
    /// A forged approval of this transaction arrives while it is still pending.
    pub forged_before_verdict: Percent,
    /// A forged approval for a key the gateway never issued arrives at the same URL.
    pub forged_unknown_key: Percent,
}

impl Default for CallbackFaults {
    fn default() -> Self {
        Self {
            drop: Percent::NEVER,
            duplicate: Percent::NEVER,
            delay: Percent::NEVER,
            delay_ms: Millis::exactly(30_000),
            reorder: Percent::NEVER,
            early: Percent::NEVER,
            wrong_amount: Percent::NEVER,
            wrong_order: Percent::NEVER,
            forged_before_verdict: Percent::NEVER,
            forged_unknown_key: Percent::NEVER,
        }
    }
}
