//! The numbers of one gateway's layers. Each gateway may have a set of its own.

use std::{num::NonZeroU16, time::Duration};

use payonce_resilience::{
    backoff::{Backoff, Schedule},
    breaker::{self, Span},
    retry_budget::BudgetSettings,
};

/// The numbers of one gateway's layers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Breaker of charges. One charge is one call to it, however many tries it takes.
    pub charge_breaker: breaker::Settings,
    /// Breaker of refunds.
    pub refund_breaker: breaker::Settings,
    /// Breaker of look-ups, those of refunds included.
    pub look_up_breaker: breaker::Settings,
    /// Most charges in flight.
    pub charges_at_once: usize,
    /// Most refunds in flight.
    pub refunds_at_once: usize,
    /// Most look-ups in flight.
    pub look_ups_at_once: usize,
    /// Tries of one charge or refund, the first included.
    pub tries: u32,
    /// Which outcomes of a charge are tried again at once; of a refund only those that never left us.
    pub retried: Retried,
    /// Wait before a retry.
    pub backoff: Backoff,
    /// What retries may add to the load; charges and refunds have this much each.
    pub budget: BudgetSettings,
    /// Longest wait for the answer to one charge or look-up.
    pub call_within: Duration,
    /// Longest wait for the answer to one refund.
    pub refund_within: Duration,
}

/// Which certain failures are tried again at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// Only what never left us.
    NotSent,
    /// Also what the gateway says it has not made. Senseless where it answers the same request with
    /// what it said before.
    NotCreatedToo,
}

impl Default for Settings {
    /// For a gateway that answers within half a second and fails certainly in two of five calls.
    ///
    /// Six tries of a 40 % failure leave 0.4 % of charges unaccepted, and one call of the breaker
    /// fails as seldom. A gateway that hangs on a third of calls must not stop the other two thirds:
    /// 60 % of thirty calls is reached then once in three hundred times. Retries may add one and a
    /// half times the load (0.66 is normal there). A breaker that opened asks again after 5 s, then
    /// later, at most a minute.
    fn default() -> Self {
        let usual = breaker::Settings::default();
        let breaker = breaker::Settings {
            failure_rate: breaker::Percent::new(60.0).unwrap_or(usual.failure_rate),
            span: Span::LastCalls(number(100)),
            minimum_calls: number(30),
            probes: number(5),
            open_wait: Schedule {
                initial: Duration::from_secs(5),
                factor: 2.0,
                max: Duration::from_mins(1),
                jitter: 0.2,
            },
            ..usual
        };
        Self {
            charge_breaker: breaker,
            refund_breaker: breaker,
            look_up_breaker: breaker,
            charges_at_once: 256,
            refunds_at_once: 32,
            look_ups_at_once: 64,
            tries: 6,
            retried: Retried::NotCreatedToo,
            backoff: Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1) },
            budget: BudgetSettings {
                percent: 150,
                reserve_per_second: 10,
                ttl_seconds: number(10),
            },
            call_within: Duration::from_secs(3),
            refund_within: Duration::from_secs(3),
        }
    }
}

impl Settings {
    /// For Toss Payments, which is asked to confirm and answers when the card company has.
    ///
    /// It documents reads of up to 60 s (§11); a card company usually takes one to three, so after 10 s
    /// the outcome is looked up instead of waited for. Three tries, of what never left us alone: an
    /// error is bound to the idempotency key (§8), so the same request would hear it again, and the
    /// next one is the engine's to number. That seldom happens, so retries may add a fifth of the load.
    ///
    /// A call that fails there costs a wait and no buyer, because the same request may be sent again.
    /// So the breakers of charges and refunds open only where next to nothing gets through: a gateway
    /// that fails two calls of three stays below nine in ten of thirty, and one that is down does not.
    pub fn for_toss() -> Self {
        let usual = Self::default();
        let patient = breaker::Settings {
            failure_rate: breaker::Percent::new(90.0).unwrap_or(usual.charge_breaker.failure_rate),
            ..usual.charge_breaker
        };
        Self {
            charge_breaker: patient,
            refund_breaker: patient,
            tries: 3,
            retried: Retried::NotSent,
            backoff: Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(2) },
            budget: BudgetSettings { percent: 20, reserve_per_second: 2, ttl_seconds: number(10) },
            call_within: Duration::from_secs(10),
            refund_within: Duration::from_secs(10),
            ..usual
        }
    }
}

fn number(value: u16) -> NonZeroU16 {
    NonZeroU16::new(value).unwrap_or(NonZeroU16::MIN)
}
