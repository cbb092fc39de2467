//! Obligations: the one background loop. What is due is leased, done by kind, and ended by evidence.
//!
//! Each item runs in its own task: one that fails, hangs or panics delays nobody, and its lease runs
//! out. Nothing is remembered in memory but which leases to give back at the end.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use payonce_domain::{
    ids::ObligationId,
    obligation::{Lease, Obligation, ObligationType},
    payment::evidence::Source,
};
use payonce_ports::store::StoreError;
use tokio::{sync::Semaphore, task::JoinHandle};

use crate::Engine;

/// The leases that this process holds.
#[derive(Debug, Default)]
pub struct HeldLeases(Mutex<BTreeMap<ObligationId, Obligation>>);

impl HeldLeases {
    pub(crate) fn all(&self) -> Vec<Obligation> {
        self.0.lock().values().cloned().collect()
    }

    fn take(self: &Arc<Self>, obligation: &Obligation) -> Holding {
        self.0.lock().insert(obligation.id, obligation.clone());
        Holding { held: Arc::clone(self), id: obligation.id }
    }
}

struct Holding {
    held: Arc<HeldLeases>,
    id: ObligationId,
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.held.0.lock().remove(&self.id);
    }
}

impl Engine {
    /// Leases what is due, up to what the seats allow, and works on each in a task of its own.
    pub async fn obligations_turn(
        &self,
        seats: &Arc<Semaphore>,
    ) -> Result<Vec<JoinHandle<()>>, StoreError> {
        let free = u32::try_from(seats.available_permits()).unwrap_or(u32::MAX);
        if free == 0 {
            return Ok(Vec::new());
        }
        let claimed = self.parts.store.claim(free, self.parts.settings.lease).await?;
        let mut working = Vec::with_capacity(claimed.len());
        for obligation in claimed {
            let holding = self.leases.take(&obligation);
            let seat = Arc::clone(seats).try_acquire_owned();
            let engine = self.clone();
            working.push(self.tasks.spawn(async move {
                engine.work(&obligation).await;
                drop((holding, seat));
            }));
        }
        Ok(working)
    }

    /// Turn after turn until the engine stops.
    pub(crate) async fn work_obligations(&self) {
        let seats = Arc::new(Semaphore::new(self.parts.settings.obligations_at_once));
        while !self.is_stopping() {
            if let Err(error) = self.obligations_turn(&seats).await {
                tracing::warn!(%error, "no obligations could be leased");
            }
            tokio::select! {
                () = self.parts.clock.sleep(self.parts.settings.obligations_every) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }

    async fn work(&self, obligation: &Obligation) {
        let lease = Lease { obligation_id: obligation.id, fence: obligation.fence };
        let sale = match self.parts.store.sale(obligation.order_id).await {
            Ok(Some(sale)) => sale,
            Ok(None) => {
                tracing::error!(obligation.id = %obligation.id, order.id = %obligation.order_id,
                    "owed for an order that does not exist");
                return;
            }
            Err(error) => {
                tracing::warn!(obligation.id = %obligation.id, %error, "left until its lease ends");
                return;
            }
        };
        match (obligation.kind, obligation.attempt_id) {
            (ObligationType::LookUp, Some(attempt_id)) => {
                let Some(attempt) = sale.attempt(attempt_id) else { return };
                self.look_up(sale.order.id, attempt, Source::LookUp, Some(lease)).await;
            }
            (ObligationType::Expire, _) => self.expire(&sale, lease).await,
            (ObligationType::Refund, _) if obligation.refund_id.is_some() => {
                let Some(refund_id) = obligation.refund_id else { return };
                self.refund_turn(&sale, refund_id, lease).await;
            }
            (ObligationType::LookUp, None) | (ObligationType::Refund, _) => {
                tracing::error!(obligation.id = %obligation.id, "nobody can work on this");
            }
        }
    }
}
