//! The layers around every gateway, from outside in:
//!
//! 1. deadline of the whole operation: nothing is begun that could outlive it;
//! 2. circuit breaker, one for charges and one for look-ups;
//! 3. retry, of certain failures only, within a budget, under the same gateway order id;
//! 4. bulkhead, one for charges and one for look-ups;
//! 5. timeout of one call;
//! 6. the wire.
//!
//! An unknown outcome ends a charge at once: repeating it could charge twice.

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    payment::{
        Attempt,
        evidence::{Outcome, Sighting},
    },
};
use payonce_ports::{
    clock::Clock,
    entropy::Entropy,
    gateway::{Card, Gateway, Refusal},
};
use payonce_resilience::{
    Chance, Moment,
    backoff::{Backoff, Schedule},
    breaker::{self, Event, SharedBreaker, Span},
    bulkhead::Bulkhead,
    deadline::Deadline,
    retry_budget::{BudgetSettings, RetryBudget},
};

/// The numbers of one gateway's layers.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Breaker of charges. One charge is one call to it, however many tries it takes.
    pub charge_breaker: breaker::Settings,
    /// Breaker of look-ups.
    pub look_up_breaker: breaker::Settings,
    /// Most charges in flight.
    pub charges_at_once: usize,
    /// Most look-ups in flight.
    pub look_ups_at_once: usize,
    /// Tries of one charge, the first included.
    pub tries: u32,
    /// Wait before a retry.
    pub backoff: Backoff,
    /// What retries may add to the load.
    pub budget: BudgetSettings,
    /// Longest wait for the answer to one call.
    pub call_within: Duration,
}

impl Default for Settings {
    /// For a gateway that answers within half a second and fails certainly in two of five calls.
    ///
    /// Six tries of a 40 % failure leave 0.4 % of charges unaccepted, and one call of the breaker
    /// fails as seldom. A gateway that hangs on a third of calls must not stop the other two thirds:
    /// 60 % of thirty calls is reached then once in three hundred times. Retries may add one and a half times the load (0.66 is normal there). A
    /// breaker that opened asks again after 5 s, then later, at most a minute.
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
            look_up_breaker: breaker,
            charges_at_once: 256,
            look_ups_at_once: 64,
            tries: 6,
            backoff: Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1) },
            budget: BudgetSettings {
                percent: 150,
                reserve_per_second: 10,
                ttl_seconds: number(10),
            },
            call_within: Duration::from_secs(3),
        }
    }
}

fn number(value: u16) -> NonZeroU16 {
    NonZeroU16::new(value).unwrap_or(NonZeroU16::MIN)
}

/// A gateway with its layers.
pub struct Guarded {
    inner: Arc<dyn Gateway>,
    settings: Settings,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    charges: SharedBreaker,
    look_ups: SharedBreaker,
    charge_seats: Bulkhead,
    look_up_seats: Bulkhead,
    budget: Mutex<RetryBudget>,
}

impl Guarded {
    /// Puts the layers around a gateway.
    pub fn new(
        inner: Arc<dyn Gateway>,
        settings: Settings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            charges: SharedBreaker::new(settings.charge_breaker),
            look_ups: SharedBreaker::new(settings.look_up_breaker),
            charge_seats: Bulkhead::new(settings.charges_at_once),
            look_up_seats: Bulkhead::new(settings.look_ups_at_once),
            budget: Mutex::new(RetryBudget::new(settings.budget)),
            inner,
            settings,
            clock,
            entropy,
        }
    }

    /// The breaker of charges, for showing and for operators.
    pub fn charge_breaker(&self) -> &SharedBreaker {
        &self.charges
    }

    /// The breaker of look-ups, for showing and for operators.
    pub fn look_up_breaker(&self) -> &SharedBreaker {
        &self.look_ups
    }

    fn now(&self) -> Moment {
        Moment::from_micros(self.clock.monotonic_micros())
    }

    fn chance(&self) -> Chance {
        Chance::from_bits(self.entropy.number())
    }

    fn tell(&self, operation: &'static str, events: &[Event]) {
        for event in events {
            match event {
                Event::Moved { from, to, reason, counts, .. } => tracing::warn!(
                    gateway.name = %self.inner.name(), operation,
                    from = from.name(), to = to.name(), %reason,
                    calls = counts.calls, failed = counts.failed, slow = counts.slow,
                    "circuit breaker moved"
                ),
                Event::WouldHaveOpened { rate, .. } => tracing::warn!(
                    gateway.name = %self.inner.name(), operation, rate,
                    "circuit breaker would have opened"
                ),
            }
        }
    }

    /// Layers 3 to 6 of a charge, and what the breaker is told of it.
    async fn charge_with_retries(
        &self,
        attempt: &Attempt,
        card: &Card,
        deadline: Deadline,
    ) -> (Outcome, breaker::Outcome) {
        self.budget.lock().deposit(self.now());
        let mut tries = 0;
        loop {
            tries += 1;
            let outcome = match self.charge_once(attempt, card, deadline).await {
                Ok(outcome) => outcome,
                Err(ours) => return (Outcome::NotSent { text: ours }, breaker::Outcome::Ignored),
            };
            match &outcome {
                Outcome::Accepted { .. } | Outcome::Decided(_) => {
                    return (outcome, breaker::Outcome::Success);
                }
                Outcome::Rejected { .. } => return (outcome, breaker::Outcome::Ignored),
                Outcome::Unknown { .. } => return (outcome, breaker::Outcome::Failure),
                Outcome::NotCreated { text } | Outcome::NotSent { text } => {
                    tracing::debug!(attempt.id = %attempt.id, tries, %text, "certainly not charged");
                }
            }
            let wait = self.settings.backoff.wait(tries, self.chance());
            let now = self.now();
            let may_retry = tries < self.settings.tries
                && deadline.leaves(now, wait + self.settings.call_within)
                && self.budget.lock().withdraw(now);
            if !may_retry {
                return (outcome, breaker::Outcome::Failure);
            }
            self.clock.sleep(wait).await;
        }
    }

    /// One call. An error is a refusal by our own layers: nothing left us, and the gateway has
    /// nothing to do with it.
    async fn charge_once(
        &self,
        attempt: &Attempt,
        card: &Card,
        deadline: Deadline,
    ) -> Result<Outcome, String> {
        let _seat = self.charge_seats.enter().map_err(|_| "too many charges in flight")?;
        let within = deadline.remaining(self.now()).min(self.settings.call_within);
        if within.is_zero() {
            return Err("no time left".to_owned());
        }
        let answer = self.inner.charge(attempt, card, within);
        Ok(in_time(&*self.clock, within, answer).await.unwrap_or_else(|| Outcome::Unknown {
            text: format!("no answer within {} ms", within.as_millis()),
        }))
    }
}

/// The answer, or `None` if the wait was over first.
///
/// Time is looked at before the answer is: a process that was stopped in the middle of sending and
/// wakes when the wait is over drops the request instead of sending it late.
async fn in_time<T>(
    clock: &dyn Clock,
    within: Duration,
    answer: impl Future<Output = T> + Send,
) -> Option<T> {
    let within_micros = i64::try_from(within.as_micros()).unwrap_or(i64::MAX);
    let ends = clock.monotonic_micros().saturating_add(within_micros);
    let (mut answer, mut wait) = (std::pin::pin!(answer), clock.sleep(within));
    std::future::poll_fn(|context| {
        if clock.monotonic_micros() >= ends {
            return std::task::Poll::Ready(None);
        }
        if let std::task::Poll::Ready(answer) = answer.as_mut().poll(context) {
            return std::task::Poll::Ready(Some(answer));
        }
        wait.as_mut().poll(context).map(|()| None)
    })
    .await
}

#[async_trait]
impl Gateway for Guarded {
    fn name(&self) -> &GatewayName {
        self.inner.name()
    }

    fn manners(&self) -> &Manners {
        self.inner.manners()
    }

    fn account(&self) -> &str {
        self.inner.account()
    }

    fn new_order_id(&self, chance: u64) -> String {
        self.inner.new_order_id(chance)
    }

    fn refuses_charges(&self) -> Option<Refusal> {
        let now = self.now();
        self.tell("charge", &self.charges.tick(now));
        let refusal = self.charges.refusal(now)?;
        Some(Refusal {
            reason: refusal.to_string(),
            retry_after: refusal.retry_after.unwrap_or(self.settings.call_within),
        })
    }

    async fn charge(&self, attempt: &Attempt, card: &Card, within: Duration) -> Outcome {
        let started = self.now();
        let deadline = Deadline::after(started, within);
        let admission = self.charges.acquire(started, self.chance());
        self.tell("charge", &admission.events);
        let permit = match admission.answer {
            Ok(permit) => permit,
            Err(refusal) => return Outcome::NotSent { text: refusal.to_string() },
        };
        let (outcome, counted) = self.charge_with_retries(attempt, card, deadline).await;
        let now = self.now();
        self.tell("charge", &permit.record(counted, now.since(started), now));
        outcome
    }

    async fn look_up(&self, attempt: &Attempt) -> Sighting {
        let started = self.now();
        let admission = self.look_ups.acquire(started, self.chance());
        self.tell("look_up", &admission.events);
        let permit = match admission.answer {
            Ok(permit) => permit,
            Err(refusal) => return Sighting::Unknown { text: refusal.to_string() },
        };
        let Ok(_seat) = self.look_up_seats.enter() else {
            let now = self.now();
            permit.record(breaker::Outcome::Ignored, now.since(started), now);
            return Sighting::Unknown { text: "too many look-ups in flight".to_owned() };
        };
        let within = self.settings.call_within;
        let sighting =
            in_time(&*self.clock, within, self.inner.look_up(attempt)).await.unwrap_or_else(|| {
                Sighting::Unknown { text: format!("no answer within {} ms", within.as_millis()) }
            });
        let counted = match &sighting {
            Sighting::Found(_) | Sighting::Absent => breaker::Outcome::Success,
            Sighting::Unknown { .. } => breaker::Outcome::Failure,
        };
        let now = self.now();
        self.tell("look_up", &permit.record(counted, now.since(started), now));
        sighting
    }
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("gateway", self.inner.name()).finish_non_exhaustive()
    }
}
