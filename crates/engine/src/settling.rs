//! Settling: bringing evidence to the one decision that news enters through.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use payonce_domain::{
    gateway::Manners,
    ids::{OrderId, ProductId},
    obligation::Lease,
    payment::{
        evidence::Evidence,
        settle::{self, Circumstances, SettleError},
    },
    sale::Change,
    time::Timestamp,
};
use payonce_ports::{
    clock::Clock,
    store::{Keys, ProductNotLoaded, World},
};
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
    pub(crate) asked: Asked,
    pub(crate) seed: u64,
}

/// The moment at which a gateway was asked, by our clock. It is told to the decision as an age,
/// because the decision's own time is the database's.
#[derive(Clone)]
pub(crate) struct Asked {
    clock: Arc<dyn Clock>,
    at: Timestamp,
    monotonic_micros: i64,
}

impl Asked {
    pub(crate) fn now(clock: &Arc<dyn Clock>) -> Self {
        Self {
            at: clock.now(),
            monotonic_micros: clock.monotonic_micros(),
            clock: Arc::clone(clock),
        }
    }

    /// How long ago that was. The longer of the two: one clock may have been set back, the other
    /// stands still while the machine sleeps.
    pub(crate) fn age(&self) -> Duration {
        let micros = self.clock.monotonic_micros().saturating_sub(self.monotonic_micros);
        let elapsed = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        elapsed.max(self.clock.now().since(self.at))
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Asked").field(&self.at).finish()
    }
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

impl Unsettled {
    fn needs_products(&self) -> bool {
        matches!(self, Self::Defect(_) | Self::Refused(SettleError::NeedsStock))
    }
}

impl Engine {
    /// Takes evidence to the books. `Ok` means that what it proves is durable.
    ///
    /// The order's products are locked only where its stock moves, which is rare: then the decision
    /// says so, and it is taken again with them.
    pub(crate) async fn settle(&self, settle: Settle) -> Result<(), BatchError> {
        let order_id = settle.order_id;
        let attempt_id = settle.evidence.attempt_id;
        let mut taken = self.batcher.submit(settle.clone()).await?;
        if taken.as_ref().is_err_and(Unsettled::needs_products)
            && let Ok(Some(sale)) = self.parts.store.sale(order_id).await
        {
            let settle = Settle { products: sale.products(), ..settle };
            taken = self.batcher.submit(settle).await?;
        }
        if let Err(error) = taken {
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

pub(crate) fn log(change: &Change) {
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

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use payonce_domain::{
        checkout::{Item, NewOrder, place},
        gateway::GatewayName,
        ids::Mint,
        money::Money,
        payment::{
            AttemptState, Means,
            evidence::{Finding, Sighting, Source},
            renew::NewAttempt,
        },
        product::{Product, ProductType},
    };
    use payonce_ports::clock::MovedClock;

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    pub(crate) fn manners() -> Manners {
        Manners {
            charge_within: Duration::from_secs(15),
            request_life: Duration::from_mins(2),
            verdict_after: Duration::from_secs(2),
            look_up_at_most_every: Duration::from_secs(30),
            horizon: Duration::from_mins(15),
            unresolved_every: Duration::from_mins(15),
            doubt_absence_for: Duration::from_hours(6),
            can_refund: false,
            has_page: false,
            repeat_within: None,
            look_ups_per_minute: None,
        }
    }

    /// Books with one order, whose attempt the gateway has said once not to have.
    pub(crate) fn books() -> (World, OrderId) {
        let mut mint = Mint::new(START, 1);
        let product = Product {
            id: mint.id(),
            kind: ProductType::Book,
            name: "A book".into(),
            price: Money::krw(15_000),
            available: 9,
            received: 9,
            on_sale: true,
            created_at: START,
        };
        let order = NewOrder {
            order_id: mint.id(),
            payment_id: mint.id(),
            owner: mint.id(),
            items: vec![Item { product_id: product.id, quantity: 1 }],
            attempt: NewAttempt {
                id: mint.id(),
                gateway: GatewayName::new("pg"),
                gateway_order_id: "100000000000000001".into(),
                gateway_user_id: "shop".into(),
                means: Means::Card { company: "KB".into() },
                send_within: manners().charge_within,
            },
            open_for: Duration::from_mins(15),
            metadata: "{}".into(),
        };
        let mut world = World::new(START);
        world.products = BTreeMap::from([(product.id, product)]);
        let mut change = place(&mut world.products, &order, START, 7).expect("placed");
        change.sale.attempts[0].absences = 1;
        world.apply(change).expect("applied");
        (world, order.order_id)
    }

    #[test]
    fn an_absence_that_waited_to_be_written_down_is_as_old_as_its_question() {
        let clock = MovedClock::at(START);
        let (mut world, order_id) = books();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let settle = |asked: Asked| Settle {
            order_id,
            products: BTreeSet::new(),
            evidence: Evidence {
                attempt_id: world.sales[&order_id].attempts[0].id,
                source: Source::CheckLookUp,
                sending: None,
                finding: Finding::Sighting(Sighting::Absent),
            },
            manners: manners(),
            lease: None,
            asked,
            seed: 3,
        };
        let (early, late) = (settle(Asked::now(&shared)), {
            clock.advance(Duration::from_mins(5));
            settle(Asked::now(&shared))
        });
        world.now = clock.now();
        early.decide(&mut world).expect("decided");
        assert_eq!(world.sales[&order_id].attempts[0].state, AttemptState::Sent);
        late.decide(&mut world).expect("decided");
        assert_eq!(world.sales[&order_id].attempts[0].state, AttemptState::NotCharged);
    }
}
