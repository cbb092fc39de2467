//! Refunds: asking for money back, and the worker that gives it back.
//!
//! A turn of the worker records a request before it leaves, sends it with nothing held, and settles
//! what came of it. What is not known is looked up first and asked for again, under the same key.

use std::{collections::BTreeSet, sync::Arc};

use payonce_domain::{
    gateway::Manners,
    ids::{OrderId, ProductId, RefundId},
    obligation::Lease,
    payment::{evidence::Source, settle::Circumstances, transitions::IllegalMove},
    refund::{
        evidence::{RefundEvidence, RefundFinding},
        perform::{self, Step},
        request::{self, HowMuch, RefundRefusal, RefundRequest},
        retry::{self, RetryRefusal},
        settle::{self, RefundSettleError},
    },
    sale::Sale,
};
use payonce_ports::store::{
    AuditEntry, IdempotencyRow, Keys, ProductNotLoaded, RememberedReply, StoreError, World,
};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
    checkout::Call,
    ruling::{Act, once, remember},
    settling::{Asked, log},
};

/// A wish for money back.
#[derive(Debug, Clone)]
pub struct AskRefund {
    /// The call.
    pub call: Call,
    /// Of which order.
    pub order_id: OrderId,
    /// How much.
    pub how_much: HowMuch,
    /// What the caller believes can be refunded, in minor units.
    pub expected_refundable: Option<i64>,
    /// Why, for people.
    pub reason: String,
}

/// What became of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundTaken {
    /// It is durable and will be given back.
    Owed(RefundId),
    /// The same call came before and had its final answer.
    Answered(RememberedReply),
}

/// Why no refund was begun. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RefundError {
    /// The same key came before with another body.
    #[error("the key was used for another request")]
    KeyReused,
    /// There is no such order.
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    /// There is no such refund.
    #[error("no refund {0}")]
    NoSuchRefund(RefundId),
    /// The decision refused it.
    #[error(transparent)]
    Refused(#[from] RefundRefusal),
    /// It is not tried again.
    #[error(transparent)]
    NotAgain(#[from] RetryRefusal),
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
    /// Owes a refund of a served order. The obligation loop gives it back from its next turn on.
    pub async fn ask_refund(&self, ask: AskRefund) -> Result<RefundTaken, RefundError> {
        let order_id = ask.order_id;
        let sale = self.parts.store.sale(order_id).await?;
        let sale = sale.ok_or(RefundError::NoSuchOrder(order_id))?;
        let command = Ask {
            call: ask.call,
            order_id,
            request: RefundRequest {
                id: self.mint().id(),
                how_much: ask.how_much,
                expected_refundable: ask.expected_refundable,
                reason: ask.reason,
                can_refund: self.can_refund(&sale),
            },
            seed: self.parts.entropy.number(),
        };
        let taken = self.batcher.submit(command).await??;
        self.waiters.changed(order_id);
        Ok(taken)
    }

    /// Tries a refund again now, whatever stood against it. A privileged act.
    pub async fn retry_refund(&self, id: RefundId, act: Act) -> Result<OrderId, RefundError> {
        let order_id = self.parts.store.order_of_refund(id).await?;
        let order_id = order_id.ok_or(RefundError::NoSuchRefund(id))?;
        let sale = self.parts.store.sale(order_id).await?;
        let sale = sale.ok_or(RefundError::NoSuchOrder(order_id))?;
        let can_refund = sale
            .refund(id)
            .and_then(|refund| sale.attempt(refund.attempt_id))
            .and_then(|attempt| self.parts.gateways.get(&attempt.gateway))
            .is_some_and(|gateway| gateway.manners().can_refund);
        let seed = self.parts.entropy.number();
        let audit_id = self.mint().id();
        let command = Retry { order_id, id, can_refund, act, audit_id, seed };
        self.batcher.submit(command).await??;
        self.waiters.changed(order_id);
        Ok(order_id)
    }

    /// One turn of the worker, under its lease.
    pub(crate) async fn refund_turn(&self, sale: &Sale, id: RefundId, lease: Lease) {
        let attempt = sale.refund(id).and_then(|refund| sale.attempt(refund.attempt_id));
        let Some(attempt) = attempt else { return };
        let Some(gateway) = self.parts.gateways.get(&attempt.gateway).map(Arc::clone) else {
            tracing::error!(refund.id = %id, gateway.name = %attempt.gateway,
                "gateway is switched off: money cannot go back through it");
            return;
        };
        let started = self.parts.clock.monotonic_micros();
        let begin = Begin {
            order_id: sale.order.id,
            id,
            lease,
            manners: gateway.manners().clone(),
            seed: self.parts.entropy.number(),
        };
        let step = match self.batcher.submit(begin).await {
            Ok(Ok(step)) => step,
            Ok(Err(error)) => {
                tracing::error!(refund.id = %id, %error, "refund cannot be worked on");
                return;
            }
            Err(error) => {
                tracing::warn!(refund.id = %id, %error, "refund left until its lease ends");
                return;
            }
        };
        let asked = Asked::now(&self.parts.clock);
        let (source, sending, finding) = match step {
            Step::Nothing => return,
            Step::LookUp(refund) => {
                let seen = gateway.look_up_refunds(attempt, &refund).await;
                (Source::LookUp, refund.send_before, RefundFinding::Sighting(seen))
            }
            Step::Send { refund, balance } => {
                let within = self.left_of(gateway.manners().charge_within, started);
                let outcome = gateway.refund(attempt, &refund, balance, within).await;
                (Source::Response, refund.send_before, RefundFinding::Answer(outcome))
            }
        };
        let settle = SettleRefund {
            order_id: sale.order.id,
            products: BTreeSet::new(),
            evidence: RefundEvidence { refund_id: id, source, sending: Some(sending), finding },
            manners: gateway.manners().clone(),
            lease: Some(lease),
            asked,
            seed: self.parts.entropy.number(),
        };
        if let Err(error) = self.settle_refund(settle).await {
            tracing::warn!(refund.id = %id, %error, "outcome not written: looked up when its lease ends");
        }
    }

    /// What is left of `within` since the monotonic moment `started`.
    fn left_of(&self, within: std::time::Duration, started: i64) -> std::time::Duration {
        let spent = self.parts.clock.monotonic_micros().saturating_sub(started);
        let spent = std::time::Duration::from_micros(u64::try_from(spent).unwrap_or(0));
        within.saturating_sub(spent)
    }

    /// Takes evidence about a refund to the books, with the order's products only where stock moves.
    pub(crate) async fn settle_refund(&self, settle: SettleRefund) -> Result<(), BatchError> {
        let (order_id, id) = (settle.order_id, settle.evidence.refund_id);
        let mut taken = self.batcher.submit(settle.clone()).await?;
        if matches!(taken, Err(RefundUnsettled::Defect(_)))
            && let Ok(Some(sale)) = self.parts.store.sale(order_id).await
        {
            let settle = SettleRefund { products: sale.products(), ..settle };
            taken = self.batcher.submit(settle).await?;
        }
        if let Err(error) = taken {
            tracing::error!(order.id = %order_id, refund.id = %id, %error, "evidence not taken");
        }
        self.waiters.changed(order_id);
        Ok(())
    }
}

struct Ask {
    call: Call,
    order_id: OrderId,
    request: RefundRequest,
    seed: u64,
}

impl Command for Ask {
    type Reply = Result<RefundTaken, RefundError>;

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
        if let Some(row) = world.idempotency.get(&self.call.key) {
            if row.fingerprint != self.call.fingerprint {
                return Err(RefundError::KeyReused);
            }
            return match (&row.reply, row.refund_id) {
                (Some(reply), _) => Ok(RefundTaken::Answered(reply.clone())),
                (None, Some(id)) => Ok(RefundTaken::Owed(id)),
                (None, None) => Err(RefundError::KeyReused),
            };
        }
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(RefundError::NoSuchOrder(self.order_id))?;
        let change = request::request(sale, &self.request, world.now, self.seed)?;
        world.apply(change)?;
        let row = IdempotencyRow {
            fingerprint: self.call.fingerprint.clone(),
            order_id: Some(self.order_id),
            refund_id: Some(self.request.id),
            reply: None,
            created_at: world.now,
        };
        world.idempotency.insert(self.call.key.clone(), row);
        Ok(RefundTaken::Owed(self.request.id))
    }
}

struct Retry {
    order_id: OrderId,
    id: RefundId,
    can_refund: bool,
    act: Act,
    audit_id: payonce_domain::ids::EventId,
    seed: u64,
}

impl Command for Retry {
    type Reply = Result<(), RefundError>;

    fn keys(&self) -> Keys {
        Keys {
            idempotency: [once(self.audit_id)].into(),
            orders: [self.order_id].into(),
            ..Keys::default()
        }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        if world.idempotency.contains_key(&once(self.audit_id)) {
            return Ok(());
        }
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(RefundError::NoSuchOrder(self.order_id))?;
        let change = retry::retry(sale, self.id, self.can_refund, world.now, self.seed)?;
        world.apply(change)?;
        world.audit.push(AuditEntry {
            id: self.audit_id,
            at: world.now,
            actor: self.act.actor.clone(),
            action: "refund.retry".to_owned(),
            subject: self.id.to_string(),
            detail: self.act.detail.clone(),
        });
        remember(world, self.audit_id, self.order_id, "retried");
        Ok(())
    }
}

struct Begin {
    order_id: OrderId,
    id: RefundId,
    lease: Lease,
    manners: Manners,
    seed: u64,
}

/// Why a refund cannot be worked on: a defect of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum BeginError {
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    #[error(transparent)]
    Defect(#[from] ProductNotLoaded),
}

impl Command for Begin {
    type Reply = Result<Step, BeginError>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(BeginError::NoSuchOrder(self.order_id))?;
        let (change, step) =
            perform::perform(sale, self.id, self.lease, &self.manners, world.now, self.seed)?;
        world.apply(change)?;
        Ok(step)
    }
}

/// Evidence about a refund, for the books.
#[derive(Debug, Clone)]
pub(crate) struct SettleRefund {
    pub(crate) order_id: OrderId,
    pub(crate) products: BTreeSet<ProductId>,
    pub(crate) evidence: RefundEvidence,
    pub(crate) manners: Manners,
    pub(crate) lease: Option<Lease>,
    pub(crate) asked: Asked,
    pub(crate) seed: u64,
}

/// Why evidence about a refund changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum RefundUnsettled {
    #[error("no order {0}")]
    NoSuchOrder(OrderId),
    #[error(transparent)]
    Refused(#[from] RefundSettleError),
    #[error(transparent)]
    Defect(#[from] ProductNotLoaded),
}

impl Command for SettleRefund {
    type Reply = Result<(), RefundUnsettled>;

    fn keys(&self) -> Keys {
        Keys { orders: [self.order_id].into(), products: self.products.clone(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.order_id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let sale = world.sales.get(&self.order_id);
        let sale = sale.ok_or(RefundUnsettled::NoSuchOrder(self.order_id))?;
        let available = world.available();
        let circumstances = Circumstances {
            manners: &self.manners,
            lease: self.lease,
            asked_at: world.now.before(self.asked.age()),
            available: &available,
            now: world.now,
            seed: self.seed,
        };
        let change = settle::settle(sale, &self.evidence, &circumstances)?;
        log(&change);
        world.apply(change)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use payonce_domain::{
        ids::Mint,
        payment::{
            evidence::{Evidence, Finding, Sighting, Transaction, Verdict},
            settle::settle as settle_payment,
        },
    };

    use super::*;
    use crate::settling::tests::{books, manners};

    #[test]
    fn a_retry_that_is_decided_again_is_done_and_audited_once() {
        let (mut world, order_id) = books();
        let attempt = world.sales[&order_id].attempts[0].clone();
        let manners = Manners { can_refund: true, ..manners() };
        let charged = Transaction {
            reference: "TR:1".to_owned(),
            gateway_order_id: attempt.gateway_order_id.clone(),
            amount: attempt.amount,
            verdict: Verdict::Approved,
        };
        let evidence = Evidence {
            attempt_id: attempt.id,
            source: Source::LookUp,
            sending: None,
            finding: Finding::Sighting(Sighting::Found(vec![charged])),
        };
        let available = world.available();
        let circumstances = Circumstances {
            manners: &manners,
            lease: None,
            asked_at: world.now,
            available: &available,
            now: world.now,
            seed: 5,
        };
        let paid = settle_payment(&world.sales[&order_id], &evidence, &circumstances);
        world.apply(paid.expect("charged")).expect("applied");
        let mut mint = Mint::new(world.now, 9);
        let id = mint.id();
        let wish = RefundRequest {
            id,
            how_much: HowMuch::Rest,
            expected_refundable: None,
            reason: "a torn page".to_owned(),
            can_refund: true,
        };
        let owed = request::request(&world.sales[&order_id], &wish, world.now, 6).expect("paid");
        world.apply(owed).expect("applied");
        let act = Act { actor: "an operator".to_owned(), detail: "{}".to_owned() };
        let retry = Retry { order_id, id, can_refund: true, act, audit_id: mint.id(), seed: 7 };
        assert_eq!(retry.decide(&mut world), Ok(()));
        assert_eq!(std::mem::take(&mut world.audit).len(), 1);
        // The commit was in doubt and had happened; the database keeps an act's id once.
        let sale = world.sales[&order_id].clone();
        assert_eq!(retry.decide(&mut world), Ok(()));
        assert_eq!((&world.sales[&order_id], &world.audit[..]), (&sale, &[][..]));
    }
}
