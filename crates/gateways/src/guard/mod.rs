//! The layers around every gateway, from outside in:
//!
//! 1. the gateway's own limit of look-ups, where it has one;
//! 2. deadline of the whole operation: nothing is begun that could outlive it;
//! 3. circuit breaker;
//! 4. retry, of certain failures only, within a budget, of the very same request;
//! 5. bulkhead;
//! 6. timeout of one call;
//! 7. the wire.
//!
//! Charges, refunds and look-ups have layers of their own: trouble with one stops none of the others.
//! Looking up refunds is a look-up. Going to the gateway's page and back passes straight through.
//!
//! An unknown outcome ends a charge or a refund at once: repeating it could do it twice.
//!
//! Read [`Settings`] (the numbers), `layers` (3 to 6, around any operation), `weight` (what an outcome
//! means to them).

mod layers;
mod look_up_limit;
mod settings;
#[cfg(test)]
mod tests;
mod weight;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    money::Money,
    payment::{
        Attempt,
        evidence::{Outcome, Sighting},
    },
    reconciliation::Date,
    refund::{
        Refund,
        evidence::{RefundOutcome, RefundSighting},
    },
    time::Timestamp,
};
use payonce_ports::{
    clock::Clock,
    entropy::Entropy,
    gateway::{Card, DayReport, Gateway, NoPage, Opening, Page, Refusal, Returned},
};
use payonce_resilience::{Moment, breaker::SharedBreaker};

use layers::{Layers, Retries, Surroundings};
use look_up_limit::{Asker, LookUpLimit};
pub use settings::{Retried, Settings};
use weight::Asked;

/// How long somebody waits for what was sent: its look-ups are a buyer's until then.
const PATIENCE: Duration = Duration::from_mins(2);

/// A gateway with its layers.
pub struct Guarded {
    inner: Arc<dyn Gateway>,
    surroundings: Surroundings,
    charges: Layers,
    refunds: Layers,
    look_ups: Layers,
    look_up_limit: LookUpLimit,
    settings: Settings,
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
            surroundings: Surroundings { gateway: inner.name().clone(), clock, entropy },
            charges: Layers::new(
                "charge",
                settings.charge_breaker,
                settings.charges_at_once,
                settings.call_within,
            )
            .with_retries(Retries::of(&settings, settings.retried)),
            refunds: Layers::new(
                "refund",
                settings.refund_breaker,
                settings.refunds_at_once,
                settings.refund_within,
            )
            .with_retries(Retries::of(&settings, Retried::NotSent)),
            look_ups: Layers::new(
                "look_up",
                settings.look_up_breaker,
                settings.look_ups_at_once,
                settings.call_within,
            ),
            look_up_limit: LookUpLimit::of(inner.manners()),
            inner,
            settings,
        }
    }

    /// The numbers of the layers, for showing.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The breaker of charges, for showing and for operators.
    pub fn charge_breaker(&self) -> &SharedBreaker {
        self.charges.breaker()
    }

    /// The breaker of refunds, for showing and for operators.
    pub fn refund_breaker(&self) -> &SharedBreaker {
        self.refunds.breaker()
    }

    /// The breaker of look-ups, for showing and for operators.
    pub fn look_up_breaker(&self) -> &SharedBreaker {
        self.look_ups.breaker()
    }

    /// How many look-ups the gateway's own limit has kept back since the start.
    pub fn look_ups_kept_back(&self) -> u64 {
        self.look_up_limit.kept_back()
    }

    fn now(&self) -> Moment {
        self.surroundings.now()
    }

    /// A question with the layers of look-ups: asked once, and only if the gateway permits one more.
    /// `since` is when it was last sent, or owed.
    async fn ask<S, F>(&self, since: Timestamp, question: impl Fn() -> F + Send + Sync) -> S
    where
        S: Asked,
        F: Future<Output = S> + Send,
    {
        let is_waited_for = self.surroundings.clock.now() < since.after(PATIENCE);
        let asker = if is_waited_for { Asker::Buyer } else { Asker::Backlog };
        if let Err(again_in) = self.look_up_limit.acquire(asker, self.now()) {
            return S::not_asked(again_in);
        }
        let within = self.look_ups.call_within();
        self.look_ups.call(&self.surroundings, within, |_within| question()).await
    }
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
        let refusal = self.charges.refusal(&self.surroundings)?;
        Some(Refusal {
            reason: refusal.to_string(),
            retry_after: refusal.retry_after.unwrap_or(self.charges.call_within()),
        })
    }

    async fn charge(&self, attempt: &Attempt, card: Option<&Card>, within: Duration) -> Outcome {
        let charge = |within| self.inner.charge(attempt, card, within);
        self.charges.call(&self.surroundings, within, charge).await
    }

    fn has_room_for_look_ups(&self) -> bool {
        self.look_up_limit.has_room(self.now())
    }

    async fn look_up(&self, attempt: &Attempt) -> Sighting {
        self.ask(attempt.send_before, || self.inner.look_up(attempt)).await
    }

    async fn open_page(&self, attempt: &Attempt, opening: &Opening) -> Result<Page, NoPage> {
        self.inner.open_page(attempt, opening).await
    }

    fn read_return(&self, fields: &[(String, String)]) -> Option<Returned> {
        self.inner.read_return(fields)
    }

    async fn refund(
        &self,
        attempt: &Attempt,
        refund: &Refund,
        balance: Money,
        within: Duration,
    ) -> RefundOutcome {
        let give_back = |within| self.inner.refund(attempt, refund, balance, within);
        self.refunds.call(&self.surroundings, within, give_back).await
    }

    async fn look_up_refunds(&self, attempt: &Attempt, refund: &Refund) -> RefundSighting {
        self.ask(refund.send_before, || self.inner.look_up_refunds(attempt, refund)).await
    }

    fn reports_days(&self) -> bool {
        self.inner.reports_days()
    }

    /// Straight through: it moves nothing, and who reads it says how long it may take.
    async fn settlement(&self, day: Date) -> Result<DayReport, String> {
        self.inner.settlement(day).await
    }
}

impl std::fmt::Debug for Guarded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").field("gateway", self.inner.name()).finish_non_exhaustive()
    }
}
