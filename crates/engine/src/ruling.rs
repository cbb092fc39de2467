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
use payonce_ports::store::{
    AuditEntry, IdempotencyKey, IdempotencyRow, Keys, ProductNotLoaded, StoreError, World,
};
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

/// The name under which a privileged act is recognised when it is decided again after a commit in doubt:
/// what it did may have been done by somebody else as well, and is audited once.
pub(crate) fn once(audit_id: EventId) -> IdempotencyKey {
    IdempotencyKey { scope: "act".to_owned(), key: audit_id.to_string() }
}

/// Remembers what came of an act.
pub(crate) fn remember(
    world: &mut World,
    audit_id: EventId,
    order_id: impl Into<Option<OrderId>>,
    came_of_it: &str,
) {
    let row = IdempotencyRow {
        fingerprint: came_of_it.to_owned(),
        order_id: order_id.into(),
        refund_id: None,
        reply: None,
        created_at: world.now,
    };
    world.idempotency.insert(once(audit_id), row);
}

const APPLIED: &str = "applied";
const AWAITS_SECOND: &str = "awaits_second";

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
        Keys {
            idempotency: [once(self.audit_id)].into(),
            orders: [self.order_id].into(),
            products: self.products.clone(),
        }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        if let Some(row) = world.idempotency.get(&once(self.audit_id)) {
            let applied = row.fingerprint == APPLIED;
            return Ok(if applied { Heard::Applied } else { Heard::AwaitsSecond });
        }
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
        let came_of_it = match heard {
            Heard::Applied => APPLIED,
            Heard::AwaitsSecond => AWAITS_SECOND,
        };
        remember(world, self.audit_id, self.order_id, came_of_it);
        Ok(heard)
    }
}

impl From<SettleError> for RulingError {
    fn from(error: SettleError) -> Self {
        Self::Refused(error.into())
    }
}

#[cfg(test)]
mod tests {
    use payonce_domain::{ids::Mint, payment::ruling::Ruled, time::Timestamp};

    use super::*;
    use crate::settling::tests::{books, manners};

    /// A ruling that is decided, committed in doubt, and decided again over what is there now.
    fn decided_again(needs_second: bool) -> Vec<Result<Heard, RulingError>> {
        let (mut world, order_id) = books();
        let mut mint = Mint::new(world.now, 9);
        let ruling = Ruling {
            ruled: Ruled::NotCharged,
            by: mint.id(),
            reason: "the gateway's support was asked".to_owned(),
            evidence: "seen in the gateway's console".to_owned(),
            at: Timestamp::from_micros(0),
        };
        let command = Rule {
            order_id,
            attempt_id: world.sales[&order_id].attempts[0].id,
            products: BTreeSet::new(),
            wish: Wish::Rule(ruling),
            needs_second,
            manners: manners(),
            act: Act { actor: "an operator".to_owned(), detail: "{}".to_owned() },
            audit_id: mint.id(),
            seed: 3,
        };
        assert!(command.keys().idempotency.contains(&once(command.audit_id)));
        let first = command.decide(&mut world);
        let sale = world.sales[&order_id].clone();
        assert_eq!(std::mem::take(&mut world.audit).len(), 1);
        let again = command.decide(&mut world);
        assert_eq!((&world.sales[&order_id], &world.audit[..]), (&sale, &[][..]));
        vec![first, again]
    }

    #[test]
    fn a_ruling_that_is_decided_again_is_heard_and_audited_once() {
        for (needs_second, heard) in [(false, Heard::Applied), (true, Heard::AwaitsSecond)] {
            assert_eq!(decided_again(needs_second), [Ok(heard), Ok(heard)]);
        }
    }
}
