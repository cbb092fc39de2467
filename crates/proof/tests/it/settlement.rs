//! What only the settlement tells: answers are lost, queries deny payments, and the next morning's
//! report shows what was charged and given back.

use std::time::Duration;

use payonce_domain::{
    gateway::GatewayName,
    journal::Cause,
    payment::{AttemptState, evidence::Source},
    reconciliation::{Date, FeeSchedule, RefundedFee},
    refund::{RefundState, request::HowMuch},
    sale::Sale,
    time::Timestamp,
};
use payonce_engine::{Engine, checkout::Call, refunds::AskRefund};
use payonce_gateways::toss;
use payonce_ports::store::IdempotencyKey;
use payonce_proof::{
    mortal::Life,
    world::{World, alone},
};
use payonce_simulator::{
    pg::settings::Settings,
    toss::{buyer::BuyerChoice, faults::Profile},
};

use crate::is_full;

fn gateway() -> GatewayName {
    GatewayName::new(toss::NAME)
}

async fn buy(world: &World, engine: &Engine, count: usize) {
    let product = world.product(engine, 1_000).await;
    for number in 0..count {
        let order = world.order_by_page(product, &format!("order {number}"));
        engine.place(order).await.expect("placed");
    }
    for sale in world.sales().await {
        let fields = world.at_the_page(sale.order.id, BuyerChoice::Pay).await;
        let fields = fields.expect("at the page");
        let engine = engine.clone();
        // Some confirmations hang; no buyer waits for another.
        tokio::spawn(async move { engine.returned(&gateway(), &fields).await });
    }
}

async fn give_back_some(engine: &Engine, sales: &[Sale]) {
    for sale in sales.iter().filter(|sale| sale.was_served()).step_by(2) {
        let ask = AskRefund {
            call: Call {
                key: IdempotencyKey { scope: "test".into(), key: sale.order.id.to_string() },
                fingerprint: String::new(),
            },
            order_id: sale.order.id,
            how_much: HowMuch::Amount(5_000),
            expected_refundable: None,
            reason: "a torn page".into(),
        };
        engine.ask_refund(ask).await.expect("owed");
    }
}

async fn told_by_settlement(world: &World, sale: &Sale) -> bool {
    let journal = world.store.journal(sale.order.id).await.expect("books");
    let by_settlement = Cause::Evidence { source: Source::Settlement };
    journal.iter().any(|entry| entry.cause == by_settlement && !entry.facts.is_empty())
}

/// One evening of orders, and the mornings after it.
async fn story(seed: u64) -> usize {
    let mut world = World::on_sqlite(Settings::stock(seed), seed).await;
    world.settings.reconcile_at = Some(10);
    let agreed = FeeSchedule {
        basis_points: world.toss.settings().settlement.fee_basis_points,
        // The simulator's share has the VAT in it.
        vat_percent: 0,
        tolerance_minor: 2,
        on_refund: RefundedFee::Returned,
    };
    world.settings.agreed_fees.insert(gateway(), agreed);
    world.toss.take_profile(Profile::SettlementOnly);
    let engine = world.process(&Life::ending_at(0)).await;
    world.cut_callbacks();
    let day = Date::of_seoul(Timestamp::from_micros(
        i64::try_from(world.toss.now_ms() * 1_000).expect("a moment"),
    ));
    buy(&world, &engine, 30).await;
    world.pass(Duration::from_mins(30)).await;
    give_back_some(&engine, &world.sales().await).await;
    world.pass(Duration::from_mins(30)).await;
    // Ten in the morning of the next day, and of the days after: what was given back late is in a
    // later report.
    world.pass(Duration::from_hours(12)).await;
    assert!(world.until_settled(Duration::from_hours(4 * 24)).await, "seed {seed}: not settled");
    world.pass(Duration::from_hours(2 * 24)).await;
    world.assert_true(&format!("seed {seed}")).await;
    let open = world.store.open_findings(None, 99).await.expect("books");
    assert!(open.is_empty(), "seed {seed}: {open:#?}");
    let runs = world.store.reconciliations(&gateway(), day, 99).await.expect("books");
    assert!(runs.iter().any(|run| run.day == day && run.matched > 0), "seed {seed}");
    let mut told = 0;
    for sale in world.sales().await {
        let attempt = &sale.attempts[0];
        let is_charged = attempt.state == AttemptState::Approved;
        assert_eq!(attempt.fee.is_some(), is_charged, "seed {seed}: a fee for each charge");
        for refund in sale.refunds.iter().filter(|refund| refund.state == RefundState::Done) {
            assert!(refund.fee.is_some(), "seed {seed}: and for each refund");
        }
        told += usize::from(told_by_settlement(&world, &sale).await);
    }
    told
}

#[test]
fn what_only_the_settlement_tells_ends_true_by_the_next_mornings() {
    let seeds = if is_full() { 20 } else { 2 };
    let told: usize = (1..=seeds).map(|seed| alone(story(4_000 + seed))).sum();
    assert!(told > 0, "no order was told by a settlement");
    println!("{told} orders were told by a settlement");
}
