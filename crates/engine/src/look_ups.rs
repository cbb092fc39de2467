//! Looking up: asking the gateway what became of an attempt, and settling what it says.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use payonce_domain::{
    gateway::GatewayName,
    ids::{AttemptId, OrderId},
    obligation::Lease,
    payment::{
        AttemptState,
        evidence::{Evidence, Finding, Source},
    },
    sale::Sale,
};
use payonce_ports::store::{AttemptAddress, StoreError};

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
        let Some(address) = found else { return Ok(CalledBack::NotOurs) };
        let Some(sale) = self.parts.store.sale(address.order_id).await? else {
            return Ok(CalledBack::NotOurs);
        };
        // A gateway that calls back about what it never made, by its own word, is asked as well.
        let has_a_verdict = sale.attempt(address.attempt_id).is_none_or(|attempt| {
            matches!(attempt.state, AttemptState::Approved | AttemptState::Declined)
        });
        if has_a_verdict {
            return Ok(CalledBack::AlreadyCertain);
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            engine.look_up_now(sale, address, Source::CallbackLookUp).await;
        });
        Ok(CalledBack::LookingUp)
    }

    /// Asks about the order's live attempt now and returns the order as it is then.
    pub async fn check(&self, order_id: OrderId) -> Result<Option<Sale>, StoreError> {
        let Some(sale) = self.parts.store.sale(order_id).await? else { return Ok(None) };
        let Some(attempt_id) = sale.live_attempt().map(|attempt| attempt.id) else {
            return Ok(Some(sale));
        };
        let address = AttemptAddress { order_id, attempt_id };
        let engine = self.clone();
        // The look-up belongs to the process: a caller that leaves does not stop it.
        let asked = self.tasks.spawn(async move {
            engine.look_up_now(sale, address, Source::CheckLookUp).await;
        });
        let _ended = asked.await;
        self.parts.store.sale(order_id).await
    }

    async fn look_up_now(&self, sale: Sale, address: AttemptAddress, source: Source) {
        if !self.in_flight.begin(address.attempt_id) {
            return;
        }
        let mut sale = Some(sale);
        while let Some(now) = sale.take() {
            self.look_up(&now, address.attempt_id, source, None).await;
            if self.in_flight.end(address.attempt_id) {
                sale = self.parts.store.sale(address.order_id).await.ok().flatten();
                if sale.is_none() {
                    while self.in_flight.end(address.attempt_id) {}
                }
            }
        }
    }

    /// Asks the gateway once and settles what it says. Whatever fails is left to the look-up owed.
    pub(crate) async fn look_up(
        &self,
        sale: &Sale,
        attempt_id: AttemptId,
        source: Source,
        lease: Option<Lease>,
    ) {
        let Some(attempt) = sale.attempt(attempt_id) else { return };
        let Some(gateway) = self.parts.gateways.get(&attempt.gateway).map(Arc::clone) else {
            tracing::error!(attempt.id = %attempt_id, gateway.name = %attempt.gateway,
                "gateway is switched off: its attempts cannot be looked up");
            return;
        };
        let asked = Asked::now(&self.parts.clock);
        let sighting = gateway.look_up(attempt).await;
        let settle = Settle {
            order_id: sale.order.id,
            products: std::collections::BTreeSet::new(),
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
