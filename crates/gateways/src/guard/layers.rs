//! The layers around one operation: breaker, retry, bulkhead, timeout. One story for charges, refunds
//! and look-ups; what an outcome means to it is in `weight`.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use payonce_domain::gateway::GatewayName;
use payonce_ports::{clock::Clock, entropy::Entropy};
use payonce_resilience::{
    Chance, Moment,
    backoff::Backoff,
    breaker::{self, Event, Refusal, SharedBreaker},
    bulkhead::Bulkhead,
    deadline::Deadline,
    retry_budget::RetryBudget,
};

use super::{
    settings::{Retried, Settings},
    weight::Weighed,
};

/// What all layers of one gateway see of the world.
pub(super) struct Surroundings {
    pub gateway: GatewayName,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Surroundings {
    pub(super) fn now(&self) -> Moment {
        Moment::from_micros(self.clock.monotonic_micros())
    }

    fn chance(&self) -> Chance {
        Chance::from_bits(self.entropy.number())
    }
}

/// The layers around one operation of one gateway. They share nothing with another's.
pub(super) struct Layers {
    operation: &'static str,
    breaker: SharedBreaker,
    seats: Bulkhead,
    call_within: Duration,
    retries: Option<Retries>,
}

/// When and how often a certain failure is tried again.
pub(super) struct Retries {
    tries: u32,
    retried: Retried,
    backoff: Backoff,
    budget: Mutex<RetryBudget>,
}

impl Retries {
    pub(super) fn of(settings: &Settings, retried: Retried) -> Self {
        Self {
            tries: settings.tries,
            retried,
            backoff: settings.backoff,
            budget: Mutex::new(RetryBudget::new(settings.budget)),
        }
    }
}

impl Layers {
    /// Layers that try once.
    pub(super) fn new(
        operation: &'static str,
        breaker: breaker::Settings,
        at_once: usize,
        call_within: Duration,
    ) -> Self {
        Self {
            operation,
            breaker: SharedBreaker::new(breaker),
            seats: Bulkhead::new(at_once),
            call_within,
            retries: None,
        }
    }

    /// The same, trying again.
    pub(super) fn with_retries(self, retries: Retries) -> Self {
        Self { retries: Some(retries), ..self }
    }

    pub(super) fn breaker(&self) -> &SharedBreaker {
        &self.breaker
    }

    pub(super) fn call_within(&self) -> Duration {
        self.call_within
    }

    /// Why the breaker would refuse a call now, if so.
    pub(super) fn refusal(&self, around: &Surroundings) -> Option<Refusal> {
        let now = around.now();
        self.tell(around, &self.breaker.tick(now));
        self.breaker.refusal(now)
    }

    /// Calls with all layers. Everything is over within `within`.
    pub(super) async fn call<O, F>(
        &self,
        around: &Surroundings,
        within: Duration,
        operation: impl Fn(Duration) -> F + Send + Sync,
    ) -> O
    where
        O: Weighed,
        F: Future<Output = O> + Send,
    {
        let started = around.now();
        let deadline = Deadline::after(started, within);
        let admission = self.breaker.acquire(started, around.chance());
        self.tell(around, &admission.events);
        let permit = match admission.answer {
            Ok(permit) => permit,
            Err(refusal) => return O::not_sent(refusal.to_string()),
        };
        let (outcome, counted) = self.with_tries(around, deadline, &operation).await;
        let now = around.now();
        self.tell(around, &permit.record(counted, now.since(started), now));
        outcome
    }

    /// The last outcome of as many tries as are allowed, and what the breaker is told of it.
    async fn with_tries<O, F>(
        &self,
        around: &Surroundings,
        deadline: Deadline,
        operation: &(impl Fn(Duration) -> F + Send + Sync),
    ) -> (O, breaker::Outcome)
    where
        O: Weighed,
        F: Future<Output = O> + Send,
    {
        if let Some(retries) = &self.retries {
            retries.budget.lock().deposit(around.now());
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let outcome = match self.once(around, deadline, operation).await {
                Ok(outcome) => outcome,
                Err(ours) => return (O::not_sent(ours), breaker::Outcome::Ignored),
            };
            let Some(wait) = self.retry_after(around, deadline, tries, &outcome) else {
                let counted = outcome.weight();
                return (outcome, counted);
            };
            around.clock.sleep(wait).await;
        }
    }

    /// How long to wait before this is tried again; `None` if it is not.
    fn retry_after(
        &self,
        around: &Surroundings,
        deadline: Deadline,
        tries: u32,
        outcome: &impl Weighed,
    ) -> Option<Duration> {
        let retries = self.retries.as_ref()?;
        let text = outcome.retried(retries.retried)?;
        tracing::debug!(
            gateway.name = %around.gateway, operation = self.operation, tries, %text,
            "certainly not done"
        );
        let wait = retries.backoff.wait(tries, around.chance());
        let now = around.now();
        let may_retry = tries < retries.tries
            && deadline.leaves(now, wait + self.call_within)
            && retries.budget.lock().withdraw(now);
        may_retry.then_some(wait)
    }

    /// One call. An error is a refusal by our own layers: nothing left us, and the gateway has
    /// nothing to do with it.
    async fn once<O, F>(
        &self,
        around: &Surroundings,
        deadline: Deadline,
        operation: &(impl Fn(Duration) -> F + Send + Sync),
    ) -> Result<O, String>
    where
        O: Weighed,
        F: Future<Output = O> + Send,
    {
        let full = |_| format!("too many calls in flight ({})", self.operation);
        let _seat = self.seats.enter().map_err(full)?;
        let within = deadline.remaining(around.now()).min(self.call_within);
        if within.is_zero() {
            return Err("no time left".to_owned());
        }
        let answer = in_time(&*around.clock, within, operation(within)).await;
        let late = || O::unknown(format!("no answer within {} ms", within.as_millis()));
        Ok(answer.unwrap_or_else(late))
    }

    fn tell(&self, around: &Surroundings, events: &[Event]) {
        let operation = self.operation;
        for event in events {
            match event {
                Event::Moved { from, to, reason, counts, .. } => tracing::warn!(
                    gateway.name = %around.gateway, operation,
                    from = from.name(), to = to.name(), %reason,
                    calls = counts.calls, failed = counts.failed, slow = counts.slow,
                    "circuit breaker moved"
                ),
                Event::WouldHaveOpened { rate, .. } => tracing::warn!(
                    gateway.name = %around.gateway, operation, rate,
                    "circuit breaker would have opened"
                ),
            }
        }
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
