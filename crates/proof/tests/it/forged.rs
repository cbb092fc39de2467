//! Forged returns: somebody comes back in a buyer's place, with a payment key that is garbage, another
//! order's, or one for less. Nothing may be charged that its buyer did not agree to, and the true buyer
//! must still be able to pay.

use std::time::Duration;

use payonce_domain::{
    checkout::Item,
    gateway::GatewayName,
    ids::{OrderId, ProductId},
    money::Money,
    order::OrderStatus,
    payment::{PaymentState, page::ReturnRefusal},
    product::ProductType,
};
use payonce_engine::{
    Engine,
    catalogue::NewProduct,
    checkout::{Call, PayAgain, PayWith, Taken},
    confirming::ReturnError,
};
use payonce_gateways::toss;
use payonce_ports::store::IdempotencyKey;
use payonce_proof::{
    mortal::Life,
    world::{Fields, World, alone, order_of},
};
use payonce_simulator::toss::{buyer::BuyerChoice, operation::Operation};

use crate::shop::{LONG, kind};

/// The true buyer can pay within this time, however long the order is open.
const PAYS_WITHIN: Duration = Duration::from_mins(1);

/// A shop with a dear book that the true buyer wants, and a cheap one.
struct Shop {
    world: World,
    engine: Engine,
    cheap: ProductId,
    id: OrderId,
    /// What the true buyer would carry back from the page.
    truth: Fields,
}

impl Shop {
    /// The true buyer has agreed on the page and is not back yet.
    async fn open(seed: u64) -> Self {
        let world = World::on_sqlite(kind(seed), seed).await;
        let engine = world.process(&Life::ending_at(0)).await;
        let dear = world.product(&engine, 2).await;
        let new = NewProduct {
            kind: ProductType::Book,
            name: "A pamphlet".to_owned(),
            price: Money::krw(1_000),
            stock: 5,
        };
        let cheap = engine.add_product(new).await.expect("added").id;
        let taken = engine.place(world.order_by_page(dear, "true")).await.expect("placed");
        let id = order_of(&taken).expect("an order");
        let truth = world.at_the_page(id, BuyerChoice::Pay).await.expect("at the page");
        Self { world, engine, cheap, id, truth }
    }

    /// The forger's own order of the cheap book, agreed to on the page.
    async fn forgers_order(&self) -> (OrderId, Fields) {
        let mut request = self.world.order_by_page(self.cheap, "forger");
        request.items = vec![Item { product_id: self.cheap, quantity: 1 }];
        let id = order_of(&self.engine.place(request).await.expect("placed")).expect("an order");
        (id, self.world.at_the_page(id, BuyerChoice::Pay).await.expect("at the page"))
    }

    /// The true buyer's return with another value in it.
    fn forged(&self, name: &str, value: &str) -> Fields {
        let mut fields = self.truth.clone();
        let field = fields.iter_mut().find(|(named, _)| named == name).expect("the field");
        value.clone_into(&mut field.1);
        fields
    }

    async fn come_back(&self, fields: &Fields) -> Result<OrderId, ReturnError> {
        self.world.come_back(&self.engine, fields).await
    }

    /// The true buyer comes back, and pays again if that is too late for what they agreed to.
    async fn the_true_buyer_pays(&self, context: &str) {
        let began = self.world.age();
        let first = self.come_back(&self.truth).await;
        let turned_away = matches!(
            first,
            Ok(_) | Err(ReturnError::Refused(ReturnRefusal::Over | ReturnRefusal::Another))
        );
        assert!(turned_away, "{context}: {first:?}");
        for turn in 0.. {
            self.world.pass(Duration::from_secs(10)).await;
            let sale = self.world.sale(self.id).await;
            match sale.payment.state {
                PaymentState::Paid => break,
                PaymentState::Created => self.pay_again(turn).await,
                _ => {}
            }
            let waited = self.world.age().saturating_sub(began);
            assert!(waited < PAYS_WITHIN, "{context}: {:?} after {waited:?}", sale.payment.state);
        }
        println!(
            "{context:<48} the true buyer has paid after {:?}",
            self.world.age().saturating_sub(began)
        );
    }

    async fn pay_again(&self, turn: u32) {
        let key = format!("again {turn}");
        let call = Call {
            key: IdempotencyKey { scope: self.world.owner.to_string(), key },
            fingerprint: self.id.to_string(),
        };
        let gateway = Some(GatewayName::new(toss::NAME));
        let request = PayAgain { call, order_id: self.id, pay_with: PayWith::Page, gateway };
        assert_eq!(self.engine.pay_again(request).await, Ok(Taken::Now(self.id)));
        let fields = self.world.at_the_page(self.id, BuyerChoice::Pay).await.expect("at the page");
        self.come_back(&fields).await.expect("taken");
    }

    /// Whatever is open has ended; the true buyer paid the true price once, and so much was charged in
    /// all.
    async fn assert_clean(&self, context: &str, charged: u64) {
        assert!(self.world.until_settled(LONG).await, "{context}: not settled");
        self.world.assert_true(context).await;
        let sale = self.world.sale(self.id).await;
        let end = (sale.payment.state, sale.order.status);
        assert_eq!(end, (PaymentState::Paid, OrderStatus::Completed), "{context}");
        let summary = self.world.toss.summary();
        assert_eq!(summary.approved_amount, charged, "{context}");
        assert_eq!(summary.orders_charged_twice, 0, "{context}");
        assert_eq!(summary.canceled_amount, 0, "{context}");
        let incidents = self.world.store.incidents(10).await.expect("books");
        assert!(incidents.is_empty(), "{context}: {incidents:#?}");
    }

    /// What the gateway carried out for this key.
    fn confirmations(&self, key: &str) -> Vec<String> {
        let requests = self.world.toss.books().requests.into_iter();
        let asked = requests.filter(|row| {
            row.operation == Operation::Confirm && row.payment_key.as_deref() == Some(key)
        });
        asked.filter_map(|row| row.executed).collect()
    }
}

fn key_of(fields: &Fields) -> &str {
    &fields.iter().find(|(name, _)| name == "paymentKey").expect("a key").1
}

#[test]
fn a_garbage_key_charges_nothing_and_the_true_buyer_pays() {
    let long = "k".repeat(200);
    for garbage in ["tgen_garbage", "../../v1/payments/confirm?x=1#", "%2e%2e%2f", &long] {
        alone(async {
            let shop = Shop::open(7_400).await;
            shop.come_back(&shop.forged("paymentKey", garbage)).await.expect("taken");
            shop.world.pass(Duration::from_secs(5)).await;
            assert_eq!(shop.confirmations(garbage), ["404 NOT_FOUND_PAYMENT"]);
            let context: String = format!("garbage {garbage}").chars().take(40).collect();
            shop.the_true_buyer_pays(&context).await;
            shop.assert_clean(&context, 15_000).await;
        });
    }
}

#[test]
fn what_cannot_be_a_return_is_not_taken_and_the_true_buyer_pays_as_if_it_had_not_come() {
    alone(async {
        let shop = Shop::open(7_401).await;
        let before = shop.world.sale(shop.id).await;
        let too_long = "k".repeat(201);
        for unreadable in ["", "한글", "a key", "..", &too_long] {
            let refused = shop.come_back(&shop.forged("paymentKey", unreadable)).await;
            assert_eq!(refused, Err(ReturnError::Unreadable), "{unreadable}");
        }
        let cheaper = shop.come_back(&shop.forged("amount", "1000")).await;
        let actual = ReturnRefusal::Amount { actual: 15_000, claimed: 1_000 };
        assert_eq!(cheaper, Err(ReturnError::Refused(actual)));
        let nobodys = shop.come_back(&shop.forged("orderId", "po-0000000000000000")).await;
        assert_eq!(nobodys, Err(ReturnError::NoSuchPayment));
        assert_eq!(shop.world.sale(shop.id).await, before, "nothing was written");
        assert_eq!(shop.world.toss.books().requests.len(), 0, "nothing was sent");
        shop.come_back(&shop.truth).await.expect("taken");
        shop.assert_clean("not taken", 15_000).await;
        assert_eq!(shop.world.sale(shop.id).await.attempts.len(), 1);
    });
}

#[test]
fn another_orders_cheaper_payment_pays_for_nothing_but_its_own_order() {
    alone(async {
        let shop = Shop::open(7_402).await;
        let (forgers, cheap) = shop.forgers_order().await;
        shop.come_back(&shop.forged("paymentKey", key_of(&cheap))).await.expect("taken");
        shop.world.pass(Duration::from_secs(5)).await;
        assert_eq!(shop.confirmations(key_of(&cheap)), ["400 INVALID_REQUEST"]);
        assert_eq!(shop.world.toss.summary().approved, 0, "nothing was charged");
        shop.the_true_buyer_pays("another order's cheaper payment").await;
        shop.come_back(&cheap).await.expect("taken");
        shop.assert_clean("another order's", 16_000).await;
        assert_eq!(shop.world.sale(forgers).await.order.status, OrderStatus::Completed);
    });
}

#[test]
fn another_orders_payment_that_was_charged_before_pays_for_nothing_more() {
    alone(async {
        let shop = Shop::open(7_403).await;
        let (forgers, cheap) = shop.forgers_order().await;
        shop.come_back(&cheap).await.expect("taken");
        shop.world.pass(Duration::from_secs(5)).await;
        assert_eq!(shop.world.sale(forgers).await.payment.state, PaymentState::Paid);
        shop.come_back(&shop.forged("paymentKey", key_of(&cheap))).await.expect("taken");
        shop.world.pass(Duration::from_secs(5)).await;
        let executed = shop.confirmations(key_of(&cheap));
        assert!(executed.contains(&"400 ALREADY_PROCESSED_PAYMENT".to_owned()), "{executed:?}");
        shop.the_true_buyer_pays("another order's payment, charged before").await;
        shop.assert_clean("charged before", 16_000).await;
    });
}

#[test]
fn a_payment_for_less_under_the_same_order_id_pays_for_nothing() {
    alone(async {
        let shop = Shop::open(7_404).await;
        let order_id = shop.world.sale(shop.id).await.attempts[0].gateway_order_id.clone();
        // Whoever knows the order's id can open the gateway's window with it, for any amount.
        let key = shop.world.toss.open_payment(&order_id, "A book", 100);
        shop.world.toss.authenticate(&key, BuyerChoice::Pay).expect("agreed");
        shop.come_back(&shop.forged("paymentKey", &key)).await.expect("taken");
        shop.world.pass(Duration::from_secs(5)).await;
        assert_eq!(shop.confirmations(&key), ["400 INVALID_REQUEST"]);
        shop.the_true_buyer_pays("a payment for less under the order's id").await;
        assert_eq!(shop.world.toss.summary().approved_amount, 15_000);
        shop.assert_clean("for less", 15_000).await;
    });
}

#[test]
fn a_forged_return_after_the_true_one_changes_nothing() {
    alone(async {
        let shop = Shop::open(7_405).await;
        let (_, cheap) = shop.forgers_order().await;
        shop.come_back(&shop.truth).await.expect("taken");
        for forged in [key_of(&cheap), "tgen_garbage"] {
            let refused = shop.come_back(&shop.forged("paymentKey", forged)).await;
            assert_eq!(refused, Err(ReturnError::Refused(ReturnRefusal::Another)));
        }
        shop.world.pass(Duration::from_secs(30)).await;
        assert_eq!(shop.confirmations(key_of(&cheap)), [""; 0], "nothing was sent");
        shop.assert_clean("after the true one", 15_000).await;
    });
}
