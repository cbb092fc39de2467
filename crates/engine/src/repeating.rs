//! Repeating: the same request once more, where the gateway guarantees that it cannot charge twice.

use std::sync::Arc;

use payonce_domain::{
    gateway::Manners,
    ids::{AttemptId, OrderId},
    payment::{Attempt, repeat},
};
use payonce_ports::{
    gateway::Gateway,
    store::{Keys, World},
};

use crate::{
    Engine,
    batch::{Command, affinity_of},
};

impl Engine {
    /// Sends the confirmation again that the gateway has not seen, if it may be sent again. Whatever
    /// fails is left to the look-up that is owed.
    pub(crate) async fn repeat(
        &self,
        order_id: OrderId,
        attempt_id: AttemptId,
        gateway: Arc<dyn Gateway>,
    ) {
        let started = self.parts.clock.monotonic_micros();
        if gateway.refuses_charges().is_some() || self.is_stopping() {
            return;
        }
        let command = Repeat {
            order_id,
            attempt_id,
            manners: gateway.manners().clone(),
            seed: self.parts.entropy.number(),
        };
        let attempt = match self.batcher.submit(command).await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(attempt.id = %attempt_id, %error, "not repeated: looked up again later");
                return;
            }
        };
        if let Ok(Some(sale)) = self.parts.store.sale(order_id).await {
            self.charge(sale, *attempt, gateway, None, started);
        }
    }
}

struct Repeat {
    order_id: OrderId,
    attempt_id: AttemptId,
    manners: Manners,
    seed: u64,
}

impl Command for Repeat {
    type Reply = Option<Box<Attempt>>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id)?;
        let repeated = repeat::repeat(sale, self.attempt_id, &self.manners, world.now, self.seed);
        match repeated {
            Ok((change, attempt)) => {
                world.apply(change).ok()?;
                attempt
            }
            Err(error) => {
                tracing::error!(attempt.id = %self.attempt_id, %error, "not repeated");
                None
            }
        }
    }
}
