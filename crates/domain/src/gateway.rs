//! A gateway as the rules see it: a name and its manners.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The name of a gateway, as in settings, metrics and the API, e.g. `pg_simulator`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GatewayName(String);

impl GatewayName {
    /// A gateway of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GatewayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a gateway is known to do. The decision reads this; no guarantee rests on anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manners {
    /// The longest one charge may take us, with all its tries: after it we send no byte of that attempt.
    pub charge_within: Duration,
    /// The longest a request can live inside the gateway before it shows in a look-up.
    /// Absence means nothing earlier than this after our last possible byte.
    pub request_life: Duration,
    /// When a verdict usually comes after acceptance: the first look-up waits this long.
    pub verdict_after: Duration,
    /// The longest wait between two look-ups while the payment is young.
    pub look_up_at_most_every: Duration,
    /// How long a payment may stay in doubt before people are alarmed.
    pub horizon: Duration,
    /// The longest wait between two look-ups beyond the horizon.
    pub unresolved_every: Duration,
    /// How long an absence that was believed is still asked about.
    pub doubt_absence_for: Duration,
    /// Whether money can be given back through it.
    pub can_refund: bool,
    /// Whether the buyer agrees on the gateway's own page, so that we confirm instead of charging.
    pub has_page: bool,
    /// How long the same request, under the same key, may be sent again without doing it twice;
    /// `None` if a repeat may do it twice.
    pub repeat_within: Option<Duration>,
    /// Look-ups a minute that it permits; `None` if it sets no limit.
    pub look_ups_per_minute: Option<u32>,
}

impl Manners {
    /// Whether what was first sent at this moment may be sent again, exactly as it was.
    pub fn may_repeat(&self, first_sent: Timestamp, now: Timestamp) -> bool {
        self.repeat_within.is_some_and(|window| now < first_sent.after(window))
    }
}
