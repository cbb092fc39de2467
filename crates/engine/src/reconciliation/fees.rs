//! Fees: one command an order, many orders side by side.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use payonce_domain::{
    ids::{EventId, OrderId},
    reconciliation::{
        SettledFee,
        posting::{self, PostingRefusal},
    },
};
use payonce_ports::store::{AuditEntry, Keys, ProductNotLoaded, World};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
    ruling::Act,
};

/// Orders whose fees are under way at once: enough for full batches.
const ORDERS_AT_ONCE: usize = 128;

impl Engine {
    /// Posts these fees; says how many were not there before. One that is refused is told, and found
    /// again by the next reconciliation.
    pub(super) async fn post_fees(&self, fees: &[SettledFee]) -> Result<u64, BatchError> {
        self.move_fees(fees, None).await
    }

    /// Takes these fees back.
    pub(super) async fn unpost_fees(
        &self,
        fees: &[SettledFee],
        act: &Act,
    ) -> Result<u64, BatchError> {
        self.move_fees(fees, Some(act)).await
    }

    async fn move_fees(&self, fees: &[SettledFee], back: Option<&Act>) -> Result<u64, BatchError> {
        let mut by_order: BTreeMap<OrderId, Vec<SettledFee>> = BTreeMap::new();
        for fee in fees {
            by_order.entry(fee.order_id).or_default().push(fee.clone());
        }
        let commands = by_order.into_iter().map(|(order_id, fees)| MoveFees {
            order_id,
            fees,
            back: back.map(|act| (act.clone(), self.mint().id())),
            seed: self.parts.entropy.number(),
        });
        let mut moving = stream::iter(commands.map(|command| self.batcher.submit(command)))
            .buffer_unordered(ORDERS_AT_ONCE);
        let mut moved = 0;
        while let Some(reply) = moving.next().await {
            match reply? {
                Ok(count) => moved += count,
                Err(error) => tracing::warn!(%error, "fees were not posted"),
            }
        }
        Ok(moved)
    }
}

struct MoveFees {
    order_id: OrderId,
    fees: Vec<SettledFee>,
    /// Who takes them back, if they are taken back.
    back: Option<(Act, EventId)>,
    seed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
enum FeesError {
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    #[error(transparent)]
    Refused(#[from] PostingRefusal),
    #[error(transparent)]
    Defect(#[from] ProductNotLoaded),
}

impl Command for MoveFees {
    type Reply = Result<u64, FeesError>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(FeesError::NoSuchOrder(self.order_id))?;
        let change = match &self.back {
            None => posting::post(sale, &self.fees, world.now, self.seed)?,
            Some(_) => posting::unpost(sale, &self.fees, world.now, self.seed)?,
        };
        // An entry has two legs.
        let moved = change.postings.len() as u64 / 2;
        world.apply(change)?;
        if let Some((act, audit_id)) = &self.back
            && moved > 0
        {
            world.audit.push(AuditEntry {
                id: *audit_id,
                at: world.now,
                actor: act.actor.clone(),
                action: "reconciliation.undo".to_owned(),
                subject: self.order_id.to_string(),
                detail: act.detail.clone(),
            });
        }
        Ok(moved)
    }
}
