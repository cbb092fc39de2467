//! Everything that can be changed about the gateway. Defaults are the documented behaviour.
//!
//! Shares are percent, times are milliseconds. What can go wrong is in [`super::faults`].

use serde::{Deserialize, Serialize};

use super::faults::{Faults, WebhookFaults};
pub use crate::chance::{Millis, Percent};

/// The gateway's settings; unknown fields are refused, absent ones are the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Settings {
    /// Seed of every draw. The same seed and the same requests give the same run.
    pub seed: u64,
    /// Wall clock at the start, Unix milliseconds; the machine's own when absent.
    pub started_at_ms: Option<u64>,
    /// The merchant's API key; `test_…` allows `TossPayments-Test-Code`.
    pub secret_key: String,
    /// The merchant's key for browsers.
    pub client_key: String,
    /// The merchant's id, at most 14 characters.
    pub m_id: String,
    /// The shop's name on the payment page.
    pub shop_name: String,
    /// How long an ordinary call takes before it is carried out. Default none.
    pub latency_ms: Millis,
    /// §8: whether a 5xx answer stays bound to its idempotency key. Undocumented; default no.
    pub bind_server_errors: bool,
    /// §12.
    pub webhooks: Webhooks,
    /// §9: refusals above a number of calls a minute.
    pub rate_limit: RateLimit,
    /// §13.
    pub settlement: Settlement,
    /// What goes wrong; nothing by default. [`super::faults::Profile`] names whole sets.
    pub faults: Faults,
}

/// Where webhooks go and how, §12.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Webhooks {
    /// The registered endpoint; without one nothing is sent.
    pub url: Option<String>,
    /// Key of `payout.changed` signatures, 64 hexadecimal characters.
    pub security_key: String,
    /// Whether that key is decoded from hexadecimal before it signs. Undocumented; default no.
    pub decode_security_key: bool,
    /// Factor on the 1, 4, 16, … minutes between attempts. Default 1.
    pub time_scale: f64,
    /// How long an answer may take. Default 10 s.
    pub answer_limit_ms: u64,
    /// What goes wrong with them; nothing by default.
    pub faults: WebhookFaults,
}

/// Calls a minute, counted for every operation on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct RateLimit {
    /// More than this in a minute of the clock is answered 429 and not carried out.
    pub per_minute: Option<u32>,
    /// Share of these refusals without a JSON body.
    pub without_body: Percent,
}

/// How settlement lines are made, §13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Settlement {
    /// The base fee with its VAT, in hundredths of a percent of the amount. Default 330.
    pub fee_basis_points: u32,
    /// Days from the accounting day to the payout. Default 2.
    pub paid_out_after_days: u64,
    /// The sign on lines of cancels, also in transactions. Undocumented; default negative.
    pub cancel_lines: Sign,
}

/// The sign of an amount that goes back to the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sign {
    /// As it was charged.
    Positive,
    /// Below zero.
    Negative,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            started_at_ms: None,
            secret_key: "test_sk_payonce_simulator".to_owned(),
            client_key: "test_ck_payonce_simulator".to_owned(),
            m_id: "payoncesim".to_owned(),
            shop_name: "payonce 상점".to_owned(),
            latency_ms: Millis::ZERO,
            bind_server_errors: false,
            webhooks: Webhooks::default(),
            rate_limit: RateLimit::default(),
            settlement: Settlement::default(),
            faults: Faults::default(),
        }
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            url: None,
            security_key: "5a1d0c4e".repeat(8),
            decode_security_key: false,
            time_scale: 1.0,
            answer_limit_ms: 10_000,
            faults: WebhookFaults::default(),
        }
    }
}

impl Default for Settlement {
    fn default() -> Self {
        Self { fee_basis_points: 330, paid_out_after_days: 2, cancel_lines: Sign::Negative }
    }
}

impl Settings {
    /// The default gateway with this seed.
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// What is impossible about the settings, for people.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=14).contains(&self.m_id.chars().count()) {
            return Err(format!("mId is {}, expected 1 to 14 characters", self.m_id));
        }
        let scale = self.webhooks.time_scale;
        if !(scale.is_finite() && scale >= 0.0) {
            return Err(format!("webhooks.timeScale is {scale}, expected zero or more"));
        }
        let key = &self.webhooks.security_key;
        if key.len() != 64 || !key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("webhooks.securityKey is not 64 hexadecimal characters".to_owned());
        }
        if self.settlement.fee_basis_points > 10_000 {
            let points = self.settlement.fee_basis_points;
            return Err(format!("settlement.feeBasisPoints is {points}, expected at most 10000"));
        }
        self.faults.check()
    }

    /// Whether the merchant's key is one of the test environment, §9.
    pub(crate) fn is_test(&self) -> bool {
        self.secret_key.starts_with("test_")
    }
}
