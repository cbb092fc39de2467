//! Checkout: placing an order and paying an open one again. Durable first, then sent.

use std::sync::Arc;

use payonce_domain::{
    checkout::{self, Item, NewOrder, PlaceRefusal},
    gateway::GatewayName,
    ids::{Mint, OrderId, UserId},
    payment::{
        Attempt, Means,
        renew::{self, NewAttempt, RenewRefusal},
    },
    sale::Sale,
};
use payonce_ports::{
    gateway::{Card, Gateway, Refusal},
    store::{
        IdempotencyKey, IdempotencyRow, Keys, ProductNotLoaded, RememberedReply, StoreError, World,
    },
};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
};

/// A call that may come twice: its key and a digest of what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The caller's name for it.
    pub key: IdempotencyKey,
    /// Digest of the request.
    pub fingerprint: String,
}

/// How a buyer pays.
#[derive(Debug, Clone)]
pub enum PayWith {
    /// With this card, at once.
    Card(Card),
    /// By agreeing on the gateway's own page.
    Page,
}

impl PayWith {
    fn means(&self) -> Means {
        match self {
            Self::Card(card) => Means::Card { company: card.company.clone() },
            Self::Page => Means::Page { authentication: None },
        }
    }

    fn is_taken_by(&self, gateway: &dyn Gateway) -> bool {
        matches!(self, Self::Page) == gateway.manners().has_page
    }
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
    /// How it is charged.
    pub pay_with: PayWith,
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
    /// How it is charged.
    pub pay_with: PayWith,
    /// Where, if not at the default gateway.
    pub gateway: Option<GatewayName>,
}

/// What became of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is durable, and its charge is on the way.
    Now(OrderId),
    /// The same call came before, for this order; nothing new was done.
    Before(OrderId),
    /// The same call came before and had its final answer.
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
    /// The gateway is not paid in this way.
    #[error("{0} is not paid in this way")]
    WrongMeans(GatewayName),
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
    /// Places an order, holds its stock, records the first attempt, and sends the charge, or leaves it
    /// to the buyer to agree on the gateway's page.
    ///
    /// Returns when the order is durable; the charge goes on in a task that the process owns,
    /// whether or not the caller stays. Coming again with the same key does nothing new.
    pub async fn place(&self, request: PlaceOrder) -> Result<Taken, CheckoutError> {
        let engine = self.clone();
        self.to_the_end(async move { engine.place_and_send(request).await }).await
    }

    async fn place_and_send(&self, request: PlaceOrder) -> Result<Taken, CheckoutError> {
        let started = self.parts.clock.monotonic_micros();
        let gateway = self.gateway_to_charge(request.gateway.as_ref(), &request.pay_with)?;
        if let Some(refusal) = gateway.refuses_charges() {
            return self.answer_before(&request.call, refusal).await;
        }
        let mut mint = self.mint();
        let order = NewOrder {
            order_id: mint.id(),
            payment_id: mint.id(),
            owner: request.owner,
            items: request.items,
            attempt: new_attempt(&mut mint, &*gateway, &request.pay_with),
            open_for: self.parts.settings.open_for,
            metadata: request.metadata,
        };
        let command = Place { call: request.call, order, seed: mint.number() };
        let recorded = self.batcher.submit(command).await??;
        Ok(self.send(recorded, gateway, request.pay_with, started))
    }

    /// Charges an open order again, as a new attempt. The earlier ones are certainly not charged.
    pub async fn pay_again(&self, request: PayAgain) -> Result<Taken, CheckoutError> {
        let engine = self.clone();
        self.to_the_end(async move { engine.renew_and_send(request).await }).await
    }

    async fn renew_and_send(&self, request: PayAgain) -> Result<Taken, CheckoutError> {
        let started = self.parts.clock.monotonic_micros();
        let gateway = self.gateway_to_charge(request.gateway.as_ref(), &request.pay_with)?;
        if let Some(refusal) = gateway.refuses_charges() {
            return self.answer_before(&request.call, refusal).await;
        }
        let mut mint = self.mint();
        let attempt = new_attempt(&mut mint, &*gateway, &request.pay_with);
        let order_id = request.order_id;
        let command = Renew { call: request.call, order_id, attempt, seed: mint.number() };
        let recorded = self.batcher.submit(command).await??;
        Ok(self.send(recorded, gateway, request.pay_with, started))
    }

    /// Where to charge; nothing new is begun once the engine stops.
    fn gateway_to_charge(
        &self,
        wanted: Option<&GatewayName>,
        pay_with: &PayWith,
    ) -> Result<Arc<dyn Gateway>, CheckoutError> {
        if self.is_stopping() {
            return Err(BatchError::Stopping.into());
        }
        let name = wanted.unwrap_or(&self.parts.default_gateway);
        let gateway = self.parts.gateways.get(name);
        let gateway = gateway.ok_or_else(|| CheckoutError::NoSuchGateway(name.clone()))?;
        if !pay_with.is_taken_by(&**gateway) {
            return Err(CheckoutError::WrongMeans(name.clone()));
        }
        Ok(Arc::clone(gateway))
    }

    /// The gateway takes no charges now: nothing new is begun, but a call that came before still
    /// gets its answer.
    async fn answer_before(&self, call: &Call, refusal: Refusal) -> Result<Taken, CheckoutError> {
        let Some(row) = self.parts.store.idempotency(&call.key).await? else {
            return Err(CheckoutError::GatewayRefuses(refusal));
        };
        recall(call, &row)
    }

    fn send(
        &self,
        recorded: Recorded,
        gateway: Arc<dyn Gateway>,
        pay_with: PayWith,
        started: i64,
    ) -> Taken {
        match recorded {
            Recorded::Before(taken) => taken,
            Recorded::Now(sale, attempt) => {
                let order_id = sale.order.id;
                // Whoever pays on a page is charged when they come back.
                if let PayWith::Card(card) = pay_with {
                    self.charge(*sale, *attempt, gateway, Some(card), started);
                }
                Taken::Now(order_id)
            }
        }
    }
}

fn new_attempt(mint: &mut Mint, gateway: &dyn Gateway, pay_with: &PayWith) -> NewAttempt {
    NewAttempt {
        id: mint.id(),
        gateway: gateway.name().clone(),
        gateway_order_id: gateway.new_order_id(mint.number()),
        gateway_user_id: gateway.account().to_owned(),
        means: pay_with.means(),
        send_within: gateway.manners().charge_within,
    }
}

/// What a checkout command leaves behind.
enum Recorded {
    Now(Box<Sale>, Box<Attempt>),
    Before(Taken),
}

/// What is known of a call whose key was used before.
pub(crate) fn recall(call: &Call, row: &IdempotencyRow) -> Result<Taken, CheckoutError> {
    if row.fingerprint != call.fingerprint {
        return Err(CheckoutError::KeyReused);
    }
    match (&row.reply, row.order_id) {
        (Some(reply), _) => Ok(Taken::Answered(reply.clone())),
        (None, Some(order_id)) => Ok(Taken::Before(order_id)),
        (None, None) => Err(CheckoutError::KeyReused),
    }
}

fn remember(world: &mut World, call: &Call, order_id: OrderId) {
    let row = IdempotencyRow {
        fingerprint: call.fingerprint.clone(),
        order_id: Some(order_id),
        refund_id: None,
        reply: None,
        created_at: world.now,
    };
    world.idempotency.insert(call.key.clone(), row);
}

fn recorded(world: &World, order_id: OrderId, attempt: &NewAttempt) -> Recorded {
    let found = world.sales.get(&order_id).and_then(|sale| {
        let attempt = sale.attempt(attempt.id)?;
        Some((Box::new(sale.clone()), Box::new(attempt.clone())))
    });
    match found {
        Some((sale, attempt)) => Recorded::Now(sale, attempt),
        None => Recorded::Before(Taken::Before(order_id)),
    }
}

struct Place {
    call: Call,
    order: NewOrder,
    seed: u64,
}

impl Command for Place {
    type Reply = Result<Recorded, CheckoutError>;

    fn keys(&self) -> Keys {
        Keys {
            idempotency: [self.call.key.clone()].into(),
            products: self.order.items.iter().map(|item| item.product_id).collect(),
            // Only after a commit in doubt is there such an order already.
            orders: [self.order.order_id].into(),
        }
    }

    fn affinity(&self) -> u64 {
        self.order.items.first().map_or(0, |item| affinity_of(&item.product_id))
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        if let Some(row) = world.idempotency.get(&self.call.key) {
            if row.order_id == Some(self.order.order_id) {
                return Ok(recorded(world, self.order.order_id, &self.order.attempt));
            }
            return Ok(Recorded::Before(recall(&self.call, row)?));
        }
        let change = checkout::place(&mut world.products, &self.order, world.now, self.seed)?;
        world.apply(change)?;
        remember(world, &self.call, self.order.order_id);
        Ok(recorded(world, self.order.order_id, &self.order.attempt))
    }
}

struct Renew {
    call: Call,
    order_id: OrderId,
    attempt: NewAttempt,
    seed: u64,
}

impl Command for Renew {
    type Reply = Result<Recorded, CheckoutError>;

    fn keys(&self) -> Keys {
        Keys {
            idempotency: [self.call.key.clone()].into(),
            orders: [self.order_id].into(),
            ..Keys::default()
        }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(CheckoutError::NoSuchOrder(self.order_id))?;
        if sale.attempt(self.attempt.id).is_some() {
            return Ok(recorded(world, self.order_id, &self.attempt));
        }
        if let Some(row) = world.idempotency.get(&self.call.key) {
            return Ok(Recorded::Before(recall(&self.call, row)?));
        }
        let change = renew::pay_again(sale, &self.attempt, world.now, self.seed)?;
        world.apply(change)?;
        remember(world, &self.call, self.order_id);
        Ok(recorded(world, self.order_id, &self.attempt))
    }
}
