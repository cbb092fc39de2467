//! Settling: bringing evidence to the one decision that news enters through.

use std::collections::BTreeSet;

use payonce_domain::{
    gateway::Manners,
    ids::{OrderId, ProductId},
    obligation::Lease,
    payment::{
        evidence::Evidence,
        settle::{self, Circumstances, SettleError},
    },
    sale::Change,
};
use payonce_ports::store::{Keys, ProductNotLoaded, World};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
};

/// Evidence for the books.
#[derive(Debug, Clone)]
pub(crate) struct Settle {
    pub(crate) order_id: OrderId,
    /// Whose stock may come back; empty where the evidence cannot end the order.
    pub(crate) products: BTreeSet<ProductId>,
    pub(crate) evidence: Evidence,
    pub(crate) manners: Manners,
    pub(crate) lease: Option<Lease>,
    pub(crate) seed: u64,
}

/// Why evidence changed nothing. Each is a defect of ours, and the look-up stays owed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsettled {
    /// There is no such order.
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    /// The decision refused it.
    #[error(transparent)]
    Refused(#[from] SettleError),
    /// Stock could not be given back.
    #[error(transparent)]
    Defect(#[from] ProductNotLoaded),
}

impl Engine {
    /// Takes evidence to the books. `Ok` means that what it proves is durable.
    pub(crate) async fn settle(&self, settle: Settle) -> Result<(), BatchError> {
        let order_id = settle.order_id;
        let attempt_id = settle.evidence.attempt_id;
        if let Err(error) = self.batcher.submit(settle).await? {
            tracing::error!(order.id = %order_id, attempt.id = %attempt_id, %error, "evidence not taken");
        }
        self.waiters.changed(order_id);
        Ok(())
    }
}

impl Command for Settle {
    type Reply = Result<(), Unsettled>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), products: self.products.clone(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id).ok_or(Unsettled::NoSuchOrder(self.order_id))?;
        let circumstances = Circumstances {
            manners: &self.manners,
            lease: self.lease,
            now: world.now,
            seed: self.seed,
        };
        let change = settle::settle(sale, &self.evidence, &circumstances)?;
        log(&change);
        world.apply(change)?;
        Ok(())
    }
}

fn log(change: &Change) {
    for incident in &change.incidents {
        tracing::error!(
            order.id = %incident.order_id,
            attempt.id = %incident.attempt_id,
            incident = payonce_domain::words::Word::word(incident.kind),
            detail = incident.detail,
            "incident"
        );
    }
}
