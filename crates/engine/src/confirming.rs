//! Confirming: the buyer goes to the gateway's page and comes back, with something to confirm or
//! without. A return is recorded first, confirmed once, and recognised when it comes again.

use std::sync::Arc;

use payonce_domain::{
    gateway::{GatewayName, Manners},
    ids::OrderId,
    payment::{
        AttemptState,
        page::{self, Confirm, Return, ReturnRefusal},
    },
};
use payonce_ports::{
    gateway::{Gateway, NoPage, Opening, Page, Refusal, Returned},
    store::{Keys, ProductNotLoaded, StoreError, World},
};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
};

/// Why a return was not taken, or a page not opened. Nothing was charged by it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReturnError {
    /// There is no such order, or it has no attempt that went to a page.
    #[error("no payment waits at a gateway's page")]
    NoSuchPayment,
    /// What came back cannot be read as this gateway's return.
    #[error("this is not what the gateway's page hands over")]
    Unreadable,
    /// The gateway confirms nothing now; the buyer's agreement still stands for a while.
    #[error("the gateway confirms nothing now: {}", .0.reason)]
    GatewayRefuses(Refusal),
    /// The gateway's page cannot be opened.
    #[error("the gateway's page cannot be opened")]
    NoPage(NoPage),
    /// The decision refused it.
    #[error(transparent)]
    Refused(#[from] ReturnRefusal),
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
    /// Where the buyer of this order agrees to pay.
    pub async fn open_page(
        &self,
        order_id: OrderId,
        opening: &Opening,
    ) -> Result<Page, ReturnError> {
        let sale = self.parts.store.sale(order_id).await?.ok_or(ReturnError::NoSuchPayment)?;
        let waiting = sale.live_attempt().filter(|live| live.state == AttemptState::Recorded);
        let attempt = waiting.ok_or(ReturnError::NoSuchPayment)?;
        let gateway = self.parts.gateways.get(&attempt.gateway);
        let gateway = gateway.ok_or(ReturnError::NoSuchPayment)?;
        gateway.open_page(attempt, opening).await.map_err(ReturnError::NoPage)
    }

    /// A buyer came back from a gateway's page with these names and values. Says whose order it is.
    ///
    /// Returns when the return is durable; the confirmation goes on in a task that the process owns.
    pub async fn returned(
        &self,
        gateway: &GatewayName,
        fields: &[(String, String)],
    ) -> Result<OrderId, ReturnError> {
        let connector = self.parts.gateways.get(gateway).ok_or(ReturnError::NoSuchPayment)?;
        let returned = connector.read_return(fields).ok_or(ReturnError::Unreadable)?;
        let named = match &returned {
            Returned::Agreed(agreed) => &agreed.gateway_order_id,
            Returned::TurnedDown { gateway_order_id, .. } => gateway_order_id,
        };
        let found = self.parts.store.attempt_at_gateway(gateway, named).await?;
        let (order_id, _attempt) = found.ok_or(ReturnError::NoSuchPayment)?;
        let (engine, connector) = (self.clone(), Arc::clone(connector));
        self.to_the_end(async move { engine.take_return(order_id, returned, connector).await })
            .await?;
        Ok(order_id)
    }

    async fn take_return(
        &self,
        order_id: OrderId,
        returned: Returned,
        gateway: Arc<dyn Gateway>,
    ) -> Result<(), ReturnError> {
        let started = self.parts.clock.monotonic_micros();
        if self.is_stopping() {
            return Err(BatchError::Stopping.into());
        }
        let command = TakeReturn {
            order_id,
            manners: gateway.manners().clone(),
            refusal: gateway.refuses_charges(),
            returned,
            seed: self.parts.entropy.number(),
        };
        let confirm = self.batcher.submit(command).await??;
        self.waiters.changed(order_id);
        if let Confirm::Send(attempt) = confirm
            && let Some(sale) = self.parts.store.sale(order_id).await?
        {
            self.charge(sale, *attempt, gateway, None, started);
        }
        Ok(())
    }
}

struct TakeReturn {
    order_id: OrderId,
    returned: Returned,
    manners: Manners,
    /// Why nothing could be confirmed now.
    refusal: Option<Refusal>,
    seed: u64,
}

impl TakeReturn {
    fn agreed(&self, world: &mut World, agreed: &Return) -> Result<Confirm, ReturnError> {
        let sale = world.sales.get(&self.order_id).ok_or(ReturnError::NoSuchPayment)?;
        let (change, confirm) = page::confirm(sale, agreed, &self.manners, world.now, self.seed)?;
        if let (Confirm::Send(_), Some(refusal)) = (&confirm, &self.refusal) {
            return Err(ReturnError::GatewayRefuses(refusal.clone()));
        }
        world.apply(change)?;
        Ok(confirm)
    }
}

impl Command for TakeReturn {
    type Reply = Result<Confirm, ReturnError>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        match &self.returned {
            Returned::Agreed(agreed) => self.agreed(world, agreed),
            Returned::TurnedDown { gateway_order_id, text } => {
                let sale = world.sales.get(&self.order_id).ok_or(ReturnError::NoSuchPayment)?;
                let change = page::turned_down(sale, gateway_order_id, text, world.now, self.seed)?;
                world.apply(change)?;
                Ok(Confirm::Before)
            }
        }
    }
}
