//! Retry budget: retries as a share of calls, instead of a maximum per call.
//!
//! A maximum of three retries is fair while failures are rare and ruinous when they are not: a
//! gateway that fails every call is then called four times as often, just when it can least
//! bear it, and layers that each retry multiply. A budget counts over all callers: with 20 %,
//! a gateway in trouble sees at most a fifth more than its usual calls, however many callers
//! there are, while one unlucky call in a healthy hour may still be retried.
//!
//! A share of few calls is nothing, so a quiet service gets a reserve of some retries per
//! second. Deposits and withdrawals both age out after the same time to live: what was not
//! used in calm cannot be hoarded for the storm.

use std::num::NonZeroU16;
use std::ops::{AddAssign, SubAssign};

use crate::Moment;
use crate::seconds::Seconds;

/// How many retries are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetSettings {
    /// Retries allowed per hundred calls of the window.
    pub percent: u16,
    /// Retries allowed per second of the window even without calls.
    pub reserve_per_second: u16,
    /// Length of the window: how long a call backs retries and a retry is remembered.
    pub ttl_seconds: NonZeroU16,
}

impl Default for BudgetSettings {
    /// A fifth of the calls of the last ten seconds, and one retry per second in reserve.
    fn default() -> Self {
        const TEN: NonZeroU16 = NonZeroU16::new(10).unwrap();
        Self { percent: 20, reserve_per_second: 1, ttl_seconds: TEN }
    }
}

/// The budget of one gateway and operation, shared by all its callers.
///
/// Exact: integers, checked and spent in one step. Callers on several threads put it behind a
/// lock, which is why nothing can be spent between the check and the withdrawal.
#[derive(Debug, Clone)]
pub struct RetryBudget {
    settings: BudgetSettings,
    window: Seconds<Flow>,
}

/// What went through the window: u64, so that a share in percent cannot overflow.
#[derive(Debug, Clone, Copy, Default)]
struct Flow {
    calls: u64,
    retries: u64,
}

impl AddAssign for Flow {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.retries += other.retries;
    }
}

impl SubAssign for Flow {
    fn sub_assign(&mut self, other: Self) {
        self.calls -= other.calls;
        self.retries -= other.retries;
    }
}

impl RetryBudget {
    /// A budget whose reserve is full and to which no call has been deposited.
    pub fn new(settings: BudgetSettings) -> Self {
        Self { settings, window: Seconds::new(settings.ttl_seconds) }
    }

    /// Notes a first call. Retries are not deposited: they would pay for each other.
    pub fn deposit(&mut self, now: Moment) {
        self.window.add(Flow { calls: 1, retries: 0 }, now);
    }

    /// Spends one retry, or says that there is none left.
    #[must_use = "without a withdrawal the retry must not be made"]
    pub fn withdraw(&mut self, now: Moment) -> bool {
        let granted = self.balance(now) > 0;
        if granted {
            self.window.add(Flow { calls: 0, retries: 1 }, now);
        }
        granted
    }

    /// Retries that could be withdrawn now.
    pub fn balance(&mut self, now: Moment) -> u64 {
        let Flow { calls, retries } = self.window.total(now);
        let BudgetSettings { percent, reserve_per_second, ttl_seconds } = self.settings;
        let reserve = u64::from(reserve_per_second) * u64::from(ttl_seconds.get());
        (reserve + calls * u64::from(percent) / 100).saturating_sub(retries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget(percent: u16, reserve_per_second: u16, ttl: u16) -> RetryBudget {
        let ttl_seconds = NonZeroU16::new(ttl).unwrap();
        RetryBudget::new(BudgetSettings { percent, reserve_per_second, ttl_seconds })
    }

    fn second(second: i64) -> Moment {
        Moment::from_micros(second * 1_000_000)
    }

    #[test]
    fn a_gateway_that_fails_every_call_sees_only_a_fifth_more() {
        let mut budget = budget(20, 0, 10);
        let retries = (0..1_000).filter(|_| {
            budget.deposit(Moment::ZERO);
            budget.withdraw(Moment::ZERO)
        });
        assert_eq!(retries.count(), 200);
    }

    #[test]
    fn a_quiet_service_may_still_retry() {
        let mut budget = budget(20, 1, 10);
        let granted = (0..50).filter(|_| budget.withdraw(Moment::ZERO)).count();
        assert_eq!(granted, 10);
    }

    #[test]
    fn what_was_saved_in_calm_is_gone_when_its_time_is_over() {
        let mut budget = budget(100, 0, 10);
        (0..500).for_each(|_| budget.deposit(second(0)));
        assert_eq!(budget.balance(second(9)), 500);
        assert_eq!(budget.balance(second(10)), 0);
        assert!(!budget.withdraw(second(10)));
    }

    proptest! {
        /// Walking back from the last retry in windows of one time to live, each window's
        /// retries were backed inside it: so the whole run is bounded too.
        #[test]
        fn the_budget_never_overspends_and_never_refuses_what_is_there(
            percent in 0_u16..150,
            reserve in 0_u16..3,
            ttl in 1_u16..8,
            steps in prop::collection::vec((0_i64..3, any::<bool>()), 1..300),
        ) {
            let mut budget = budget(percent, reserve, ttl);
            let reserve = usize::from(reserve) * usize::from(ttl);
            let (mut now, mut calls, mut retries) = (0, Vec::new(), Vec::new());
            for (step, is_call) in steps {
                now += step;
                if is_call {
                    budget.deposit(second(now));
                    calls.push(now);
                    continue;
                }
                let within = |all: &[i64]| all.iter().filter(|at| **at > now - i64::from(ttl)).count();
                let allowed = reserve + within(&calls) * usize::from(percent) / 100;
                let granted = budget.withdraw(second(now));
                prop_assert_eq!(granted, within(&retries) < allowed);
                retries.extend(granted.then_some(now));
            }
            let windows = usize::try_from(now).unwrap() / usize::from(ttl) + 1;
            let bound = reserve * windows + calls.len() * usize::from(percent) / 100;
            prop_assert!(retries.len() <= bound, "{} retries, at most {bound}", retries.len());
        }
    }
}
