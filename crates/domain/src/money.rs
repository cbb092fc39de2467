//! Money: an integer in minor units with its currency. Nothing here rounds or overflows silently.

pub use iso_currency::Currency;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An amount in minor units (won for KRW, cents for USD) of one currency (ISO 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units; negative in the ledger's credit legs only.
    pub minor: i64,
    /// Whose minor units.
    pub currency: Currency,
}

/// Why two amounts have no sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// The sum does not fit 64 bits.
    #[error("amount is too large")]
    TooLarge,
    /// Won and cents have no sum.
    #[error("cannot mix {left} and {right}", left = .left.code(), right = .right.code())]
    Mixed {
        /// The currency that was there.
        left: Currency,
        /// The currency that was added.
        right: Currency,
    },
}

impl Money {
    /// `minor` units of `currency`.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Korean won, which have no minor unit.
    pub const fn krw(won: i64) -> Self {
        Self::new(won, Currency::KRW)
    }

    /// The sum, or why there is none.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed { left: self.currency, right: other.currency });
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// This amount `count` times.
    pub fn times(self, count: u32) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(i64::from(count)).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// The same amount on the other side of the ledger.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { minor: self.minor.saturating_neg(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_or_refused() {
        assert_eq!(Money::krw(2).plus(Money::krw(3)), Ok(Money::krw(5)));
        assert_eq!(Money::krw(i64::MAX).plus(Money::krw(1)), Err(MoneyError::TooLarge));
        assert_eq!(Money::krw(i64::MAX / 2).times(3), Err(MoneyError::TooLarge));
        assert!(Money::krw(1).plus(Money::new(1, Currency::USD)).is_err());
    }
}
