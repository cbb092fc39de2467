//! A clean day of three orders, and ten defects, each of which is planted into a day by itself.

use payonce_domain::{
    ids::UserId,
    money::Money,
    payment::{
        evidence::Sighting,
        ruling::{Ruled, Ruling},
    },
    reconciliation::{Difference, SettlementLine},
    refund::request::HowMuch,
    sale::Sale,
};
use payonce_engine::{
    checkout::Call,
    refunds::AskRefund,
    ruling::{Act, Wish},
};
use payonce_ports::{clock::Clock, store::IdempotencyKey};

use crate::{
    gateway::charged,
    shop::{PRICE, Shop, charge_line, refund_line},
};

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    AnswerLost,
    AbsenceBelieved,
    RefundAnswerLost,
    RefundedInConsole,
    NotListed,
    OtherAmount,
    FeeTooHigh,
    ChargedTwice,
    GivenBackWhole,
    NobodysPayment,
}

/// Each defect: what it is, what must be found, what the rule is, and what becomes of it.
pub(crate) const DEFECTS: [(Defect, Difference, &str, &str); 10] = [
    (Defect::AnswerLost, Difference::InDoubt, "confirm", "repaired"),
    (Defect::AbsenceBelieved, Difference::BelievedNot, "confirm", "repaired"),
    (Defect::RefundAnswerLost, Difference::InDoubt, "confirm_refund", "repaired"),
    (Defect::RefundedInConsole, Difference::UnknownRefund, "incident", "person"),
    (Defect::NotListed, Difference::NotListed, "look_up", "confirmed_by_gateway"),
    (Defect::OtherAmount, Difference::Amount, "incident", "person"),
    (Defect::FeeTooHigh, Difference::FeeRate, "incident", "person"),
    (Defect::ChargedTwice, Difference::SecondCharge, "refund_extra", "repaired"),
    (Defect::GivenBackWhole, Difference::RefundedThere, "incident", "person"),
    (Defect::NobodysPayment, Difference::UnknownKey, "incident", "person"),
];

/// Three paid orders; of the third a part is given back.
pub(crate) async fn clean_day(shop: &Shop) -> Vec<Sale> {
    let mut sales = Vec::new();
    for _ in 0..3 {
        let sale = shop.order().await;
        shop.list(charge_line(&sale));
        sales.push(sale);
    }
    let refunded = give_back(shop, &sales[2], 4_000).await;
    let movement = refunded.refunds[0].reference.clone().unwrap();
    shop.list(refund_line(&refunded, &movement, 4_000));
    sales
}

/// Plants a defect; the order that it is about, if there is one.
pub(crate) async fn plant(shop: &Shop, defect: Defect) -> Option<Sale> {
    match defect {
        Defect::AnswerLost => {
            let sale = shop.order_without_an_answer().await;
            shop.list(charge_line(&sale));
            Some(sale)
        }
        Defect::AbsenceBelieved => {
            let sale = shop.order_without_an_answer().await;
            believe_absent(shop, &sale).await;
            shop.list(charge_line(&sale));
            Some(sale)
        }
        Defect::RefundAnswerLost => {
            let sale = paid(shop).await;
            shop.gateway.lock().loses_answers = true;
            let sale = give_back(shop, &sale, 4_000).await;
            shop.gateway.lock().loses_answers = false;
            shop.list(refund_line(&sale, "cancel-lost", 4_000));
            Some(sale)
        }
        Defect::RefundedInConsole => {
            let sale = paid(shop).await;
            shop.list(refund_line(&sale, "cancel-console", 3_000));
            Some(sale)
        }
        Defect::NotListed => {
            let sale = shop.order().await;
            let attempt = &sale.attempts[0];
            let seen = Sighting::Found(vec![charged(attempt)]);
            shop.gateway.lock().sightings.insert(attempt.gateway_order_id.clone(), seen);
            Some(sale)
        }
        Defect::OtherAmount => {
            let sale = shop.order().await;
            let line = charge_line(&sale);
            shop.list(SettlementLine { amount: Money::krw(1_000), ..line });
            Some(sale)
        }
        Defect::FeeTooHigh => {
            let sale = shop.order().await;
            let mut line = charge_line(&sale);
            if let Some(settled) = &mut line.settled {
                settled.fee = Money::krw(350);
                settled.pay_out = Money::krw(PRICE - 350);
            }
            shop.list(line);
            Some(sale)
        }
        Defect::ChargedTwice => {
            let sale = paid(shop).await;
            let again = format!("again-{}", sale.attempts[0].gateway_order_id);
            let line = charge_line(&sale);
            shop.list(SettlementLine { reference: again.clone(), movement: again, ..line });
            Some(sale)
        }
        Defect::GivenBackWhole => {
            let sale = paid(shop).await;
            shop.list(refund_line(&sale, "cancel-whole", PRICE));
            Some(sale)
        }
        Defect::NobodysPayment => {
            let sale = shop.order().await;
            shop.list(charge_line(&sale));
            let line = charge_line(&sale);
            let (reference, movement) = ("pay-nobody".to_owned(), "charge-nobody".to_owned());
            let gateway_order_id = "nobody".to_owned();
            shop.list(SettlementLine { reference, movement, gateway_order_id, ..line });
            None
        }
    }
}

async fn paid(shop: &Shop) -> Sale {
    let sale = shop.order().await;
    shop.list(charge_line(&sale));
    sale
}

/// Asks for some of it back, and lets the worker ask the gateway.
async fn give_back(shop: &Shop, sale: &Sale, amount: i64) -> Sale {
    let order_id = sale.order.id;
    let ask = AskRefund {
        call: Call {
            key: IdempotencyKey { scope: "refund".to_owned(), key: order_id.to_string() },
            fingerprint: String::new(),
        },
        order_id,
        how_much: HowMuch::Amount(amount),
        expected_refundable: None,
        reason: "changed my mind".to_owned(),
    };
    shop.engine.ask_refund(ask).await.unwrap();
    shop.work().await;
    shop.sale(order_id).await
}

/// Operators rule that nothing was charged.
async fn believe_absent(shop: &Shop, sale: &Sale) {
    let by: UserId = shop.owner;
    let ruling = Ruling {
        ruled: Ruled::NotCharged,
        by,
        reason: "the gateway's support said so".to_owned(),
        evidence: "a call".to_owned(),
        at: shop.clock.now(),
    };
    let act = Act { actor: by.to_string(), detail: "{}".to_owned() };
    shop.engine.rule(sale.order.id, Wish::Rule(ruling), act).await.unwrap();
}
