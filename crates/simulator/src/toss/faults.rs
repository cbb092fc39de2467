//! What may go wrong, as data: shares drawn from the seed, and named sets of them.
//!
//! [`super::script`] brings about the same on demand for single calls.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::chance::{Millis, Percent};

/// Faults by what is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Faults {
    /// `POST /v1/payments/confirm`.
    pub confirm: CallFaults,
    /// `POST /v1/payments/{paymentKey}/cancel`.
    pub cancel: CallFaults,
    /// Both queries of a payment.
    pub query: CallFaults,
    /// Charges of billing keys and card numbers.
    pub billing: CallFaults,
    /// Share of payments, drawn when they are made, that queries answer 404 for. Settlements
    /// know them.
    pub hidden_payments: Percent,
}

/// Faults of one operation: exclusive shares of the calls that are about to be carried out.
///
/// A call repeated under an idempotency key that has its answer meets none of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct CallFaults {
    /// Answers 500 and does nothing.
    pub fail: Percent,
    /// Does it, then answers 500.
    pub fail_after: Percent,
    /// Answers after `hangMs`; it is done at a moment drawn from the time before.
    pub hang: Percent,
    /// How long a hung call hangs. Default 60 s.
    pub hang_ms: Millis,
    /// Does it, then drops the connection.
    pub lost: Percent,
    /// Does the first call for every payment, then drops its connection.
    pub first_lost: bool,
    /// Drops the connection and does nothing.
    pub drop_before: Percent,
    /// Does it after `slowMs`, then answers.
    pub slow: Percent,
    /// How slow a slow call is. Default 3 s.
    pub slow_ms: Millis,
    /// Drops the connection at once and does it `lateMs` later.
    pub late: Percent,
    /// How late a late call is done. Default 90 s.
    pub late_ms: Millis,
}

impl Default for CallFaults {
    fn default() -> Self {
        Self {
            fail: Percent::NEVER,
            fail_after: Percent::NEVER,
            hang: Percent::NEVER,
            hang_ms: Millis::exactly(60_000),
            lost: Percent::NEVER,
            first_lost: false,
            drop_before: Percent::NEVER,
            slow: Percent::NEVER,
            slow_ms: Millis::exactly(3_000),
            late: Percent::NEVER,
            late_ms: Millis::exactly(90_000),
        }
    }
}

/// Faults of `PAYMENT_STATUS_CHANGED`, each drawn independently for every change.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct WebhookFaults {
    /// Is never sent.
    pub drop: Percent,
    /// Is sent twice.
    pub duplicate: Percent,
    /// Is first sent `delayMs` late.
    pub delay: Percent,
    /// How late a delayed webhook is. Default 30 s.
    pub delay_ms: Millis,
    /// Is held back until another webhook was sent, at most 10 s.
    pub reorder: Percent,
    /// A forgery with another `secret` and status `DONE` comes before it.
    pub forged: Percent,
}

impl Default for WebhookFaults {
    fn default() -> Self {
        Self {
            drop: Percent::NEVER,
            duplicate: Percent::NEVER,
            delay: Percent::NEVER,
            delay_ms: Millis::exactly(30_000),
            reorder: Percent::NEVER,
            forged: Percent::NEVER,
        }
    }
}

/// A named set of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Nothing goes wrong.
    Calm,
    /// A third of confirms and cancels fails with a 500, half of these after doing it; a third
    /// hangs for 60 s and is done meanwhile; a third is fine.
    Bookstore,
    /// The first confirm and cancel of every payment is done and its answer lost.
    LostResponse,
    /// Confirms and cancels lose their connection at once and are done 90 s later.
    LateCompletion,
    /// A third of confirms and cancels is done and answered 500, and queries deny or fail:
    /// only settlements tell.
    SettlementOnly,
}

impl Profile {
    /// Every profile with its name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("calm", Self::Calm),
        ("bookstore", Self::Bookstore),
        ("lost_response", Self::LostResponse),
        ("late_completion", Self::LateCompletion),
        ("settlement_only", Self::SettlementOnly),
    ];

    /// The faults it stands for.
    pub fn faults(self) -> Faults {
        let calls = match self {
            Self::Calm => CallFaults::default(),
            Self::Bookstore => CallFaults {
                fail: Percent(50.0 / 3.0),
                fail_after: Percent(50.0 / 3.0),
                hang: Percent(100.0 / 3.0),
                ..CallFaults::default()
            },
            Self::LostResponse => CallFaults { first_lost: true, ..CallFaults::default() },
            Self::LateCompletion => CallFaults { late: Percent::ALWAYS, ..CallFaults::default() },
            Self::SettlementOnly => {
                CallFaults { fail_after: Percent(100.0 / 3.0), ..CallFaults::default() }
            }
        };
        let faults = Faults { confirm: calls, cancel: calls, ..Faults::default() };
        match self {
            Self::Calm | Self::Bookstore | Self::LostResponse | Self::LateCompletion => faults,
            Self::SettlementOnly => Faults {
                query: CallFaults { fail: Percent(100.0 / 3.0), ..CallFaults::default() },
                hidden_payments: Percent(100.0 / 3.0),
                ..faults
            },
        }
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, profile)| profile).ok_or_else(|| {
            let names = Self::ALL.map(|(name, _)| name).join(", ");
            format!("no profile {name}, expected one of {names}")
        })
    }
}

impl Faults {
    /// What is impossible about them, for people.
    pub(crate) fn check(&self) -> Result<(), String> {
        let named = [
            ("confirm", &self.confirm),
            ("cancel", &self.cancel),
            ("query", &self.query),
            ("billing", &self.billing),
        ];
        for (name, faults) in named {
            let sum: f64 = faults.shares().iter().map(|share| share.get()).sum();
            if sum > 100.0 + 1e-6 {
                return Err(format!("faults.{name} adds up to {sum}, expected at most 100"));
            }
        }
        Ok(())
    }
}

impl CallFaults {
    /// The exclusive shares, in the order in which [`super::plan`] draws them.
    pub(crate) fn shares(&self) -> [Percent; 7] {
        [self.fail, self.fail_after, self.hang, self.lost, self.drop_before, self.slow, self.late]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_possible_and_found_by_its_name() {
        for (name, profile) in Profile::ALL {
            assert_eq!(name.parse(), Ok(profile));
            assert_eq!(profile.faults().check(), Ok(()));
            assert_eq!(serde_json::to_value(profile).unwrap(), name);
        }
        assert!("stormy".parse::<Profile>().unwrap_err().contains("bookstore"));
    }
}
