//! Where Toss is, and as whom we call it.

use std::time::Duration;

use payonce_domain::gateway::Manners;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// Toss's own host; the key decides between test and live (§1).
pub const BASE_URL: &str = "https://api.tosspayments.com";
/// Toss's browser SDK, version 2.
pub const SCRIPT_URL: &str = "https://js.tosspayments.com/v2/standard";

/// Where Toss is, and as whom we call it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// [`BASE_URL`], or a simulator's.
    pub base_url: String,
    /// [`SCRIPT_URL`], or a simulator's.
    pub script_url: String,
    /// `test_sk_…` or `live_sk_…` (§1).
    pub secret_key: SecretString,
    /// `test_ck_…` or `live_ck_…`: for browsers, not secret (§1).
    pub client_key: String,
    /// Signs the few webhooks that are signed (§12).
    pub security_key: Option<SecretString>,
    /// What attempts are kept under, e.g. the merchant id. Another one is another account.
    pub account: String,
    /// Asks for this error instead of a result (§9). Test keys only.
    pub test_code: Option<String>,
    /// Its manners, [`stock_manners`] unless there is a reason.
    pub manners: Manners,
}

/// Whether money moves (§1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// It does not.
    Test,
    /// It does.
    Live,
}

/// Why these settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadSettings {
    /// Not a secret key of the core API.
    #[error("the secret key begins with neither test_sk_ nor live_sk_")]
    SecretKey,
    /// Not a client key, or one of the other kind.
    #[error("the client key does not begin with {0}")]
    ClientKey(&'static str),
    /// Every charge would fail.
    #[error("a test code cannot be used with a live key")]
    TestCodeWithLiveKey,
    /// It cannot travel in a header.
    #[error("a test code has capital letters, digits and underscores only")]
    TestCode,
}

impl Keys {
    /// By its prefix; `None` for widget keys and whatever else is none of the core API's.
    pub fn of(secret_key: &SecretString) -> Option<Self> {
        let key = secret_key.expose_secret();
        if key.starts_with("test_sk_") {
            Some(Self::Test)
        } else if key.starts_with("live_sk_") {
            Some(Self::Live)
        } else {
            None
        }
    }

    const fn client_prefix(self) -> &'static str {
        match self {
            Self::Test => "test_ck_",
            Self::Live => "live_ck_",
        }
    }
}

impl Settings {
    /// Which keys they have, or why they cannot be used.
    pub fn check(&self) -> Result<Keys, BadSettings> {
        let keys = Keys::of(&self.secret_key).ok_or(BadSettings::SecretKey)?;
        if !self.client_key.starts_with(keys.client_prefix()) {
            return Err(BadSettings::ClientKey(keys.client_prefix()));
        }
        let Some(code) = &self.test_code else { return Ok(keys) };
        let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        if keys == Keys::Live {
            Err(BadSettings::TestCodeWithLiveKey)
        } else if code.is_empty() || !code.bytes().all(is_code) {
            Err(BadSettings::TestCode)
        } else {
            Ok(keys)
        }
    }
}

/// The manners of Toss Payments.
pub fn stock_manners(keys: Keys) -> Manners {
    Manners {
        // Two tries of ten seconds and the wait between them: a confirmed payment is good for ten
        // minutes (§3), a buyer's patience is not.
        charge_within: Duration::from_secs(25),
        // Reads of 60 s are documented (§11); nothing is believed absent before twice that.
        request_life: Duration::from_mins(2),
        // A confirmation is answered with the verdict; whoever did not hear it asks soon.
        verdict_after: Duration::from_secs(3),
        look_up_at_most_every: Duration::from_secs(30),
        // Unconfirmed, it expires ten minutes after the buyer agreed (§3). What is still in doubt five
        // minutes later needs people.
        horizon: Duration::from_mins(15),
        unresolved_every: Duration::from_mins(15),
        doubt_absence_for: Duration::from_hours(6),
        can_refund: true,
        has_page: true,
        // An idempotency key lives 15 days (§8); a day less, for clocks and for what is under way.
        repeat_within: Some(Duration::from_hours(14 * 24)),
        // Of each kind of request (§9). Nothing is published for live keys: abuse gets a 429.
        look_ups_per_minute: match keys {
            Keys::Test => Some(100),
            Keys::Live => None,
        },
    }
}
