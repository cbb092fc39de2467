//! Everything that can be changed about the gateway. Defaults are the stock gateway, §1–11.
//!
//! Probabilities are percent, times are milliseconds, and zero threads means "no limit".

use serde::{Deserialize, Serialize};

use super::faults::{CallbackFaults, LookUpFaults, PostFaults};
pub use crate::chance::{Millis, Percent};

/// The gateway's settings; unknown fields are refused, absent ones are stock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Settings {
    /// Seed of every draw. The same seed and the same requests give the same run.
    pub seed: u64,
    /// Wall clock at the start, Unix milliseconds; the machine's own when absent. The date is
    /// part of every transaction key, so a run to be repeated sets it.
    pub started_at_ms: Option<u64>,
    /// §9: share of valid POSTs answered 500 with nothing stored. Stock 40.
    pub acceptance_failure: Percent,
    /// §9: delay before the acceptance draw. Stock 100…500.
    pub acceptance_delay_ms: Millis,
    /// §9: delay from acceptance to verdict, without queueing. Stock 1000…5000.
    pub processing_delay_ms: Millis,
    /// §9: share of verdicts "limit exceeded". Stock 20.
    pub limit_exceeded: Percent,
    /// §9: share of verdicts "invalid card". Stock 10. What is left is approved.
    pub invalid_card: Percent,
    /// §10: threads that process transactions and send callbacks. Stock 8, 0 is no limit.
    pub workers: usize,
    /// §10: threads that answer requests. Stock 200, 0 is no limit.
    pub request_threads: usize,
    /// §4.1: what a callback URL must begin with. Stock `http://localhost:8080`.
    pub callback_prefix: String,
    /// Whether callbacks are sent at all. Stock true.
    pub callbacks: bool,
    /// §11: how long a callback may take in all. Stock is absent: a receiver that hangs holds
    /// its thread for ever.
    pub callback_timeout_ms: Option<u64>,
    /// §4.3: random bits in a transaction key. Stock 24; fewer bring collisions sooner.
    pub key_bits: u8,
    /// §10: whether a colliding key overwrites the earlier transaction (stock) or is redrawn.
    pub key_collisions: bool,
    /// Whether transactions outlive `POST /_sim/restart`. Stock false, the `local` profile.
    pub keep_over_restart: bool,
    /// Differences of known ports, §14.
    pub variants: Variants,
    /// Faults of `POST /api/v1/payments`; all off in the stock gateway.
    pub post_faults: PostFaults,
    /// Faults of both look-ups; all off in the stock gateway.
    pub look_up_faults: LookUpFaults,
    /// Faults of callbacks; all off in the stock gateway.
    pub callback_faults: CallbackFaults,
}

/// Known variants of the gateway, §14; all off in the stock gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent switches, each a row of the table in §14"
)]
pub struct Variants {
    /// A POST for an owner and order that exist returns that transaction at once.
    pub idempotent_by_order: bool,
    /// A required body field `idempotencyKey`; a repeated key returns its transaction.
    /// Order ids then only need to be non-blank.
    pub idempotency_key: bool,
    /// No acceptance failures, acceptance delay 150…300 ms.
    pub slow_mode: bool,
    /// The list look-up's `orderId` is a 64-bit integer, compared as a number.
    pub numeric_port: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            started_at_ms: None,
            acceptance_failure: Percent(40.0),
            acceptance_delay_ms: Millis { from: 100, to: 500 },
            processing_delay_ms: Millis { from: 1_000, to: 5_000 },
            limit_exceeded: Percent(20.0),
            invalid_card: Percent(10.0),
            workers: 8,
            request_threads: 200,
            callback_prefix: "http://localhost:8080".to_owned(),
            callbacks: true,
            callback_timeout_ms: None,
            key_bits: 24,
            key_collisions: true,
            keep_over_restart: false,
            variants: Variants::default(),
            post_faults: PostFaults::default(),
            look_up_faults: LookUpFaults::default(),
            callback_faults: CallbackFaults::default(),
        }
    }
}

impl Settings {
    /// The stock gateway with this seed.
    pub fn stock(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// No failures, no delays, no limits, everything approved, no key collisions: for measuring
    /// our own side.
    pub fn zero_latency() -> Self {
        Self {
            acceptance_failure: Percent::NEVER,
            acceptance_delay_ms: Millis::ZERO,
            processing_delay_ms: Millis::ZERO,
            limit_exceeded: Percent::NEVER,
            invalid_card: Percent::NEVER,
            workers: 0,
            request_threads: 0,
            key_collisions: false,
            ..Self::default()
        }
    }

    /// What is wrong with the settings taken together, for people.
    pub fn check(&self) -> Result<(), String> {
        let declined = self.limit_exceeded.get() + self.invalid_card.get();
        if declined > 100.0 {
            return Err(format!(
                "limitExceeded and invalidCard add up to {declined}, expected at most 100"
            ));
        }
        if !(1..=24).contains(&self.key_bits) {
            return Err(format!("keyBits is {}, expected 1 to 24", self.key_bits));
        }
        Ok(())
    }

    /// §9 and slow mode: share of POSTs refused.
    pub(crate) fn failure(&self) -> Percent {
        if self.variants.slow_mode { Percent::NEVER } else { self.acceptance_failure }
    }

    /// §9 and slow mode: time before the draw.
    pub(crate) fn delay_ms(&self) -> Millis {
        if self.variants.slow_mode {
            Millis { from: 150, to: 300 }
        } else {
            self.acceptance_delay_ms
        }
    }
}
