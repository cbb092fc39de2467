//! Giving up: cancelling an order, and ending one that nobody paid in time.

use std::collections::BTreeSet;

use payonce_domain::{
    ids::{OrderId, ProductId, RefundId},
    obligation::Lease,
    payment::{
        give_up::{self, CancelRefusal},
        transitions::IllegalMove,
    },
    sale::Sale,
};
use payonce_ports::store::{Keys, ProductNotLoaded, StoreError, World};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
};

/// Why an order was not given up. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GiveUpError {
    /// There is no such order.
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    /// It cannot be cancelled as it stands.
    #[error(transparent)]
    Refused(#[from] CancelRefusal),
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// A defect of ours.
    #[error(transparent)]
    Defect(#[from] ProductNotLoaded),
    /// The books could not be written; see there what that means.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The books could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Cancels an order, whole: uncharged it ends now, in doubt the wish is kept until that is certain,
    /// charged its money goes back. Twice is once.
    pub async fn cancel(&self, order_id: OrderId, reason: &str) -> Result<(), GiveUpError> {
        let sale = self.parts.store.sale(order_id).await?;
        let sale = sale.ok_or(GiveUpError::NoSuchOrder(order_id))?;
        let refund_id = self.mint().id();
        let can_refund = self.can_refund(&sale);
        let reason = reason.to_owned();
        self.give_up(&sale, Why::Cancelled { refund_id, reason, can_refund }).await
    }

    /// Whether the gateway of the attempt that was charged, or last tried, can give money back.
    pub(crate) fn can_refund(&self, sale: &Sale) -> bool {
        let attempt = sale.paying_attempt().or_else(|| sale.last_attempt());
        let gateway = attempt.and_then(|attempt| self.parts.gateways.get(&attempt.gateway));
        gateway.is_some_and(|gateway| gateway.manners().can_refund)
    }

    pub(crate) async fn expire(&self, sale: &Sale, lease: Lease) {
        if let Err(error) = self.give_up(sale, Why::Expired(lease)).await {
            tracing::warn!(order.id = %sale.order.id, %error, "not expired: tried again later");
        }
    }

    async fn give_up(&self, sale: &Sale, why: Why) -> Result<(), GiveUpError> {
        let command = GiveUp {
            order_id: sale.order.id,
            products: sale.products(),
            why,
            seed: self.parts.entropy.number(),
        };
        self.batcher.submit(command).await??;
        self.waiters.changed(sale.order.id);
        Ok(())
    }
}

enum Why {
    Cancelled { refund_id: RefundId, reason: String, can_refund: bool },
    Expired(Lease),
}

struct GiveUp {
    order_id: OrderId,
    products: BTreeSet<ProductId>,
    why: Why,
    seed: u64,
}

impl Command for GiveUp {
    type Reply = Result<(), GiveUpError>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), products: self.products.clone(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(GiveUpError::NoSuchOrder(self.order_id))?;
        let change = match &self.why {
            Why::Cancelled { refund_id, reason, can_refund } => {
                give_up::cancel(sale, *refund_id, reason, *can_refund, world.now, self.seed)?
            }
            Why::Expired(lease) => give_up::expire(sale, *lease, world.now, self.seed)?,
        };
        world.apply(change)?;
        Ok(())
    }
}
