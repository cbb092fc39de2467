//! Rulings: operators decide what became of a payment in doubt, through the one settle path.

use std::collections::BTreeSet;

use payonce_domain::{
    gateway::Manners,
    ids::{AttemptId, EventId, OrderId, ProductId},
    payment::{
        ruling::{self, Heard, Ruling, RulingRefusal},
        settle::{Circumstances, SettleError},
    },
};
use payonce_ports::store::{AuditEntry, Keys, ProductNotLoaded, StoreError, World};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
    settling::log,
};

/// Who does something privileged, and what they say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// A user's id, or the hint of a server key.
    pub actor: String,
    /// A JSON object with what was said.
    pub detail: String,
}

/// Why a ruling was not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RulingError {
    /// There is no such order.
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    /// The attempt's gateway is switched off: its manners are not known.
    #[error("the attempt's gateway is switched off")]
    NoGateway,
    /// The decision refused it.
    #[error(transparent)]
    Refused(#[from] RulingRefusal),
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

/// What an operator wants to do about a ruling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Rule, or agree with what another one ruled.
    Rule(Ruling),
    /// Withdraw what waits for a second person.
    Withdraw,
}

impl Engine {
    /// Hears an operator about the order's attempt in doubt. A privileged act.
    pub async fn rule(
        &self,
        order_id: OrderId,
        wish: Wish,
        act: Act,
    ) -> Result<Heard, RulingError> {
        let sale = self.parts.store.sale(order_id).await?;
        let sale = sale.ok_or(RulingError::NoSuchOrder(order_id))?;
        let live = sale.live_attempt().ok_or(RulingRefusal::NotInDoubt)?;
        let gateway = self.parts.gateways.get(&live.gateway).ok_or(RulingError::NoGateway)?;
        let from = self.parts.settings.second_person_from;
        let command = Rule {
            order_id,
            attempt_id: live.id,
            products: sale.products(),
            wish,
            needs_second: from.is_some_and(|from| live.amount.minor >= from),
            manners: gateway.manners().clone(),
            act,
            audit_id: self.mint().id(),
            seed: self.parts.entropy.number(),
        };
        let heard = self.batcher.submit(command).await??;
        self.waiters.changed(order_id);
        Ok(heard)
    }
}

struct Rule {
    order_id: OrderId,
    attempt_id: AttemptId,
    products: BTreeSet<ProductId>,
    wish: Wish,
    needs_second: bool,
    manners: Manners,
    act: Act,
    audit_id: EventId,
    seed: u64,
}

impl Command for Rule {
    type Reply = Result<Heard, RulingError>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), products: self.products.clone(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(RulingError::NoSuchOrder(self.order_id))?;
        let available = world.available();
        let circumstances = Circumstances {
            manners: &self.manners,
            lease: None,
            asked_at: world.now,
            available: &available,
            now: world.now,
            seed: self.seed,
        };
        let (change, heard, action) = match &self.wish {
            Wish::Rule(ruling) => {
                let (change, heard) = ruling::rule(
                    sale,
                    self.attempt_id,
                    Ruling { at: world.now, ..ruling.clone() },
                    self.needs_second,
                    &circumstances,
                )?;
                (change, heard, "payment.rule")
            }
            Wish::Withdraw => {
                let change = ruling::withdraw(sale, self.attempt_id, world.now, self.seed)?;
                (change, Heard::AwaitsSecond, "payment.withdraw_ruling")
            }
        };
        log(&change);
        let subject = change.sale.payment.id.to_string();
        world.apply(change)?;
        world.audit.push(AuditEntry {
            id: self.audit_id,
            at: world.now,
            actor: self.act.actor.clone(),
            action: action.to_owned(),
            subject,
            detail: self.act.detail.clone(),
        });
        Ok(heard)
    }
}

impl From<SettleError> for RulingError {
    fn from(error: SettleError) -> Self {
        Self::Refused(error.into())
    }
}
