//! A shop for stories about many orders: one world, one product, a process, and buyers.

use std::{collections::BTreeMap, time::Duration};

use payonce_domain::{
    ids::{OrderId, ProductId},
    incident::{Incident, IncidentType},
    order::OrderStatus,
    payment::PaymentState,
    product::Product,
    sale::Sale,
};
use payonce_engine::{
    Engine,
    checkout::{CheckoutError, Taken},
};
use payonce_proof::{
    mortal::Life,
    world::{World, order_of},
};
use payonce_simulator::pg::settings::{Percent, Settings};

/// Longer than anything may take: the horizon, the life of a request, an order's open time.
pub(crate) const LONG: Duration = Duration::from_mins(40);

/// One world with a product and a process that lives on.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) engine: Engine,
    pub(crate) product: ProductId,
}

/// A gateway that takes everything and approves everything, in its usual time.
pub(crate) fn kind(seed: u64) -> Settings {
    Settings {
        acceptance_failure: Percent::NEVER,
        limit_exceeded: Percent::NEVER,
        invalid_card: Percent::NEVER,
        ..Settings::stock(seed)
    }
}

impl Shop {
    /// A shop on SQLite with this many copies.
    pub(crate) async fn open(settings: Settings, stock: u32) -> Self {
        let seed = settings.seed;
        Self::in_world(World::on_sqlite(settings, seed).await, stock).await
    }

    pub(crate) async fn in_world(world: World, stock: u32) -> Self {
        let engine = world.process(&Life::ending_at(0)).await;
        let product = world.product(&engine, stock).await;
        Self { world, engine, product }
    }

    /// Places one order.
    pub(crate) async fn place(&self, key: &str) -> Result<Taken, CheckoutError> {
        self.world.place(&self.engine, self.product, key).await
    }

    /// Places an order that is taken.
    pub(crate) async fn order(&self, key: &str) -> OrderId {
        order_of(&self.place(key).await.expect("taken")).expect("an order")
    }

    /// Places this many orders, one after the other, this far apart.
    pub(crate) async fn orders(&self, count: usize, apart: Duration) -> Vec<OrderId> {
        let mut ids = Vec::with_capacity(count);
        for number in 0..count {
            ids.push(self.order(&format!("order {number}")).await);
            self.world.pass(apart).await;
        }
        ids
    }

    /// The order as it is.
    pub(crate) async fn sale(&self, id: OrderId) -> Sale {
        self.world.sale(id).await
    }

    /// All orders.
    pub(crate) async fn sales(&self) -> Vec<Sale> {
        self.world.store.orders(None, None, 1_000).await.expect("books")
    }

    /// Orders that ended, by how.
    pub(crate) async fn ends(&self) -> BTreeMap<&'static str, usize> {
        let mut ends = BTreeMap::new();
        for sale in self.sales().await {
            *ends.entry(payonce_domain::words::Word::word(sale.order.status)).or_default() += 1;
        }
        ends
    }

    pub(crate) async fn incidents(&self) -> Vec<Incident> {
        self.world.store.incidents(1_000).await.expect("books")
    }

    pub(crate) async fn product(&self) -> Product {
        self.world.store.product(self.product).await.expect("books").expect("the product")
    }

    /// Asserts that every order is final, that nothing differs from the gateway's books, that stock
    /// is sold exactly as often as orders are completed, and that these many incidents are raised.
    pub(crate) async fn assert_ends_true(
        &self,
        context: &str,
        incidents: &[(IncidentType, usize)],
    ) {
        assert!(self.world.until_final(LONG).await, "{context}: not final after {LONG:?}");
        self.world.assert_true(context).await;
        let mut completed = 0;
        for sale in self.sales().await {
            let end = (sale.payment.state, sale.order.status);
            completed += i64::from(end.1 == OrderStatus::Completed);
            let is_true_end = matches!(
                end,
                (PaymentState::Paid, OrderStatus::Completed)
                    | (PaymentState::Failed, OrderStatus::Failed)
            );
            assert!(is_true_end, "{context}: {end:?}");
        }
        let product = self.product().await;
        assert_eq!(product.received - product.available, completed, "{context}: stock");
        let raised = self.incidents().await;
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        for (kind, count) in incidents.iter().filter(|(_, count)| *count > 0) {
            *expected.entry(format!("{kind:?}")).or_default() += count;
        }
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for incident in &raised {
            *seen.entry(format!("{:?}", incident.kind)).or_default() += 1;
        }
        assert_eq!(seen, expected, "{context}: {raised:#?}");
    }
}
