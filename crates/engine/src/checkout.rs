//! Checkout: placing an order and paying an open one again. Durable first, then sent.

use std::time::Duration;

use payonce_domain::{
    checkout::{self, Item, NewOrder, PlaceRefusal},
    gateway::GatewayName,
    ids::{OrderId, ProductId, UserId},
    payment::{AttemptState, renew::{self, NewAttempt, RenewRefusal}},
    sale::Sale,
};
use payonce_ports::{
    gateway::{Card, Gateway, Refusal},
    store::{IdempotencyKey, IdempotencyRow, Keys, RememberedReply, StoreError, World},
};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
    charging::Charge,
};

/// A call that may come twice: its key and a digest of what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The caller's name for it.
    pub key: IdempotencyKey,
    /// Digest of the request.
    pub fingerprint: String,
}

/// What a buyer orders and pays.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    /// The call.
    pub call: Call,
    /// Whose order it will be.
    pub owner: UserId,
    /// What and how much.
    pub items: Vec<Item>,
    /// The card to charge.
    pub card: Card,
    /// Where, if not at the default gateway.
    pub gateway: Option<GatewayName>,
    /// The shop's own notes, a JSON object.
    pub metadata: String,
}

/// Another try to pay an open order.
#[derive(Debug, Clone)]
pub struct PayAgain {
    /// The call.
    pub call: Call,
    /// Which order.
    pub order_id: OrderId,
    /// The card to charge.
    pub card: Card,
    /// Where, if not at the default gateway.
    pub gateway: Option<GatewayName>,
}

/// What became of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is durable, and its charge is on the way.
    Now(OrderId),
    /// The same call came before and made this order; nothing new was done.
    Before {
        /// The order.
        order_id: OrderId,
        /// Whether its request is being sent right now.
        is_running: bool,
    },
    /// The same call came before and has its final answer.
    Answered(RememberedReply),
}

/// Why nothing was done. Nothing is held, nothing was charged, unless the variant says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckoutError {
    /// The same key came before with another body.
    #[error("the key was used for another request")]
    KeyReused,
    /// There is no such gateway, or it is switched off.
    #[error("no gateway {0}")]
    NoSuchGateway(GatewayName),
    /// The gateway takes no charges now.
    #[error("the gateway takes no charges now: {}", .0.reason)]
    GatewayRefuses(Refusal),
    /// The order cannot be placed.
    #[error(transparent)]
    Place(#[from] PlaceRefusal),
    /// There is no such order.
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    /// The order cannot be paid now.
    #[error(transparent)]
    Renew(#[from] RenewRefusal),
    /// The books could not be written; see there what that means.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The books could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Places an order, holds its stock, records the first attempt, and sends the charge.
    ///
    /// Returns when the order is durable; the charge goes on in a task that the process owns,
    /// whether or not the caller stays. Coming again with the same key does nothing new.
    pub async fn place(&self, request: PlaceOrder) -> Result<Taken, CheckoutError> {
        let started = self.parts.clock.monotonic_micros();
        let gateway = self.charging_gateway(request.gateway.as_ref(), &request.call).await?;
        let (gateway, early) = match gateway {
            Ok(gateway) => (gateway, None),
            Err(taken) => return Ok(taken),
        };
        debug_assert!(early.is_none::<()>());
        let mut mint = self.mint();
        let attempt = new_attempt(&mut mint, &*gateway, &request.card);
        let command = Place {
            call: request.call,
            order: NewOrder {
                order_id: mint.id(),
                payment_id: mint.id(),
                owner: request.owner,
                items: request.items,
                attempt,
                open_for: self.parts.settings.open_for,
                metadata: request.metadata,
            },
            seed: mint.number(),
        };
        let reply = self.batcher.submit(command).await??;
        self.send(reply, gateway, request.card, started)
    }
}
