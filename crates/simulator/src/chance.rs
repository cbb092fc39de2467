//! How chance is written in settings: a share in percent, and a span of milliseconds.
//!
//! Every draw takes the generator as an argument, so that a seed repeats a run.

use serde::{Deserialize, Serialize};

/// A probability in percent, 0 to 100, fractions allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Percent(pub(crate) f64);

impl Percent {
    /// Never.
    pub const NEVER: Self = Self(0.0);
    /// Always.
    pub const ALWAYS: Self = Self(100.0);

    /// `None` outside 0 to 100.
    pub fn new(percent: f64) -> Option<Self> {
        (0.0..=100.0).contains(&percent).then_some(Self(percent))
    }

    /// Draws; certainty in either direction takes nothing from the generator.
    pub(crate) fn draw(self, chance: &mut fastrand::Rng) -> bool {
        self.0 > 0.0 && (self.0 >= 100.0 || chance.f64() * 100.0 < self.0)
    }

    /// The number itself.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Percent {
    type Error = String;

    fn try_from(percent: f64) -> Result<Self, String> {
        Self::new(percent)
            .ok_or_else(|| format!("{percent} is not a percentage, expected 0 to 100"))
    }
}

impl From<Percent> for f64 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

/// Whole milliseconds drawn uniformly, both ends included. JSON: `{"from":100,"to":500}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Ends", into = "Ends")]
pub struct Millis {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self { from: 0, to: 0 };

    /// Always the same.
    pub const fn exactly(ms: u64) -> Self {
        Self { from: ms, to: ms }
    }

    /// `None` when the ends are the wrong way round.
    pub const fn between(from: u64, to: u64) -> Option<Self> {
        if from <= to { Some(Self { from, to }) } else { None }
    }

    /// Draws; a single value takes nothing from the generator.
    pub(crate) fn draw(self, chance: &mut fastrand::Rng) -> u64 {
        if self.from == self.to { self.from } else { chance.u64(self.from..=self.to) }
    }
}

/// As written: `8000`, or `{"from": 100, "to": 500}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "milliseconds, or {\"from\", \"to\"} in them")]
enum Ends {
    Same(u64),
    Two { from: u64, to: u64 },
}

impl TryFrom<Ends> for Millis {
    type Error = String;

    fn try_from(ends: Ends) -> Result<Self, String> {
        match ends {
            Ends::Same(millis) => Ok(Self::exactly(millis)),
            Ends::Two { from, to } => Self::between(from, to)
                .ok_or_else(|| format!("{from} to {to} ms is no range, expected from <= to")),
        }
    }
}

impl From<Millis> for Ends {
    fn from(Millis { from, to }: Millis) -> Self {
        Self::Two { from, to }
    }
}
