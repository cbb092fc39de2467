//! Looking up: asking the gateway what became of an attempt, and settling what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::Mutex;
use payonce_domain::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId},
    obligation::Lease,
    payment::{
        Attempt, AttemptState,
        evidence::{Evidence, Finding, Source},
    },
    sale::Sale,
};
use payonce_ports::store::StoreError;

use crate::{
    Engine,
    settling::{Asked, Settle},
};

/// Attempts that this process is asking about: a burst of triggers is one look-up and one more.
#[derive(Debug, Default)]
pub struct InFlight(Mutex<BTreeMap<AttemptId, bool>>);

impl InFlight {
    /// Whether the caller should ask; if somebody does already, they will ask once more.
    fn begin(&self, id: AttemptId) -> bool {
        let mut map = self.0.lock();
        if let Some(again) = map.get_mut(&id) {
            *again = true;
            return false;
        }
        map.insert(id, false);
        true
    }

    /// Whether somebody wanted a look-up while this one was under way.
    fn end(&self, id: AttemptId) -> bool {
        let mut map = self.0.lock();
        match map.get_mut(&id) {
            Some(again) if *again => {
                *again = false;
                true
            }
            _ => {
                map.remove(&id);
                false
            }
        }
    }
}

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalledBack {
    /// It is about an attempt that has no verdict of the gateway, undecided or believed uncharged:
    /// a look-up is on the way.
    LookingUp,
    /// It is about an attempt that has its verdict already.
    AlreadyCertain,
    /// No attempt of ours has this order id.
    NotOurs,
}

impl Engine {
    /// A gateway called back about this order id. That is a trigger, never evidence: the gateway is
    /// asked. A durable look-up is owed for every undecided attempt, so nothing is lost if we die.
    pub async fn called_back(
        &self,
        gateway: &GatewayName,
        gateway_order_id: &str,
    ) -> Result<CalledBack, StoreError> {
        let found = self.parts.store.attempt_at_gateway(gateway, gateway_order_id).await?;
        let Some((order_id, attempt)) = found else { return Ok(CalledBack::NotOurs) };
        // A gateway that calls back about what it never made, by its own word, is asked as well.
        if matches!(attempt.state, AttemptState::Approved | AttemptState::Declined) {
            return Ok(CalledBack::AlreadyCertain);
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            engine.look_up_now(order_id, attempt, Source::CallbackLookUp).await;
        });
        Ok(CalledBack::LookingUp)
    }

    /// Asks about the order's live attempt now and returns the order as it is then.
    pub async fn check(&self, order_id: OrderId) -> Result<Option<Sale>, StoreError> {
        let Some(sale) = self.parts.store.sale(order_id).await? else { return Ok(None) };
        let Some(attempt) = sale.live_attempt().cloned() else {
            return Ok(Some(sale));
        };
        let engine = self.clone();
        // The look-up belongs to the process: a caller that leaves does not stop it.
        let asked = self.tasks.spawn(async move {
            engine.look_up_now(order_id, attempt, Source::CheckLookUp).await;
        });
        let _ended = asked.await;
        self.parts.store.sale(order_id).await
    }

    async fn look_up_now(&self, order_id: OrderId, attempt: Attempt, source: Source) {
        let id = attempt.id;
        if !self.in_flight.begin(id) {
            return;
        }
        let mut asking = Some(attempt);
        while let Some(attempt) = asking.take() {
            self.look_up(order_id, &attempt, source, None).await;
            if self.in_flight.end(id) {
                let sale = self.parts.store.sale(order_id).await.ok().flatten();
                asking = sale.and_then(|sale| sale.attempt(id).cloned());
                if asking.is_none() {
                    while self.in_flight.end(id) {}
                }
            }
        }
    }

    /// Asks the gateway once and settles what it says. Whatever fails is left to the look-up owed.
    pub(crate) async fn look_up(
        &self,
        order_id: OrderId,
        attempt: &Attempt,
        source: Source,
        lease: Option<Lease>,
    ) {
        let attempt_id = attempt.id;
        let Some(gateway) = self.parts.gateways.get(&attempt.gateway).map(Arc::clone) else {
            tracing::error!(attempt.id = %attempt_id, gateway.name = %attempt.gateway,
                "gateway is switched off: its attempts cannot be looked up");
            return;
        };
        let asked = Asked::now(&self.parts.clock);
        let sighting = gateway.look_up(attempt).await;
        let settle = Settle {
            order_id,
            products: BTreeSet::new(),
            evidence: Evidence { attempt_id, source, finding: Finding::Sighting(sighting) },
            manners: gateway.manners().clone(),
            lease,
            asked,
            seed: self.parts.entropy.number(),
        };
        if let Err(error) = self.settle(settle).await {
            tracing::warn!(attempt.id = %attempt_id, %error, "sighting not written: asked again later");
        }
    }
}
