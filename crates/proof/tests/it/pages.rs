//! Pages explored: seeded worlds in which buyers go to the gateway's page and back, reload, cancel, pay
//! again and want money back, at a gateway that fails in every way, through processes that die and whose
//! commits are in doubt.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use payonce_domain::{
    ids::{OrderId, ProductId},
    order::OrderStatus,
    payment::PaymentState,
    refund::request::HowMuch,
    words::Word,
};
use payonce_engine::{
    Engine,
    checkout::{Call, PayAgain, PayWith},
    refunds::AskRefund,
    ruling::Act,
};
use payonce_gateways::toss;
use payonce_ports::{
    entropy::{Entropy, SeededEntropy},
    store::IdempotencyKey,
};
use payonce_proof::{
    mortal::Life,
    world::{Fields, World, alone},
};
use payonce_simulator::{
    pg::settings::{Percent, Settings},
    toss::{
        buyer::BuyerChoice,
        faults::{CallFaults, Faults, WebhookFaults},
    },
};

use crate::is_full;

const BUYERS: u64 = 12;
/// Longer than anything may take: a page, a horizon, growing waits of a refund.
const LONG: Duration = Duration::from_hours(8);

/// What happened, by name.
type Seen = BTreeMap<&'static str, usize>;

/// A share of up to this many percent.
fn some(chance: &SeededEntropy, at_most: u32) -> Percent {
    let thousandths = u32::try_from(chance.number() % 1_000).expect("small");
    Percent::new(f64::from(at_most) * f64::from(thousandths) / 1_000.0).expect("a percentage")
}

fn faulty_calls(chance: &SeededEntropy) -> CallFaults {
    CallFaults {
        fail: some(chance, 12),
        fail_after: some(chance, 12),
        hang: some(chance, 12),
        lost: some(chance, 12),
        drop_before: some(chance, 12),
        slow: some(chance, 12),
        late: some(chance, 12),
        ..CallFaults::default()
    }
}

/// A gateway with faults of every kind, in shares that differ from seed to seed.
fn make_faulty(world: &World, chance: &SeededEntropy) {
    let mut settings = world.toss.settings().as_ref().clone();
    settings.faults = Faults {
        confirm: faulty_calls(chance),
        cancel: faulty_calls(chance),
        query: CallFaults { late: Percent::NEVER, ..faulty_calls(chance) },
        ..Faults::default()
    };
    settings.bind_server_errors = chance.number().is_multiple_of(2);
    if chance.number().is_multiple_of(2) {
        settings.rate_limit.per_minute =
            Some(4 + u32::try_from(chance.number() % 8).expect("small"));
        settings.rate_limit.without_body = some(chance, 100);
    }
    settings.webhooks.faults = WebhookFaults {
        drop: some(chance, 50),
        duplicate: some(chance, 30),
        delay: some(chance, 30),
        reorder: some(chance, 30),
        forged: some(chance, 30),
        ..WebhookFaults::default()
    };
    world.toss.change(settings).expect("settings");
}

/// One buyer, and whoever runs the shop for them.
struct Visit {
    world: Arc<World>,
    /// The process that answers now.
    engine: Arc<Mutex<Engine>>,
    products: [ProductId; 2],
    chance: SeededEntropy,
    number: u64,
    /// What browsers brought back so far; any of it may come again.
    brought: Vec<Fields>,
}

impl Visit {
    fn key(&self, what: &str) -> IdempotencyKey {
        IdempotencyKey {
            scope: self.world.owner.to_string(),
            key: format!("{what} of {}", self.number),
        }
    }

    /// Asks whichever process is there; a dead one is left after a while.
    async fn ask<T, F: Future<Output = T>>(&self, call: impl FnOnce(Engine) -> F) -> Option<T> {
        let engine = self.engine.lock().clone();
        tokio::select! {
            answer = call(engine) => Some(answer),
            () = self.world.pass(Duration::from_secs(40)) => None,
        }
    }

    async fn place(&self) -> Option<OrderId> {
        let mut request = self.world.order_by_page(self.products[0], &self.key("order").key);
        if self.number.is_multiple_of(3) {
            request
                .items
                .push(payonce_domain::checkout::Item { product_id: self.products[1], quantity: 1 });
        }
        for _ in 0..6 {
            let request = request.clone();
            let told = self.ask(|engine| async move { engine.place(request).await }).await;
            if let Some(Ok(taken)) = told {
                return payonce_proof::world::order_of(&taken);
            }
            self.world.pass(Duration::from_secs(3)).await;
        }
        None
    }

    async fn visit(mut self) {
        let Some(id) = self.place().await else { return };
        for act in 0..10 {
            self.act(id, act).await;
            let wait = match self.chance.number() % 4 {
                0 => 0,
                1 => self.chance.number() % 1_500,
                2 => self.chance.number() % 20_000,
                _ => self.chance.number() % 120_000,
            };
            self.world.pass(Duration::from_millis(wait)).await;
        }
    }

    async fn act(&mut self, id: OrderId, act: u64) {
        match self.chance.number() % 20 {
            0..8 => {
                let choice = match self.chance.number() % 10 {
                    0 => BuyerChoice::Cancel,
                    1 => BuyerChoice::Declined,
                    2 | 3 => BuyerChoice::PayOverLimit,
                    _ => BuyerChoice::Pay,
                };
                let Some(fields) = self.world.at_the_page(id, choice).await else { return };
                self.brought.push(fields.clone());
                self.come_back(&fields).await;
            }
            8..11 => {
                let count = self.brought.len() as u64;
                if count > 0 {
                    let which = usize::try_from(self.chance.number() % count).expect("small");
                    let fields = self.brought[which].clone();
                    self.come_back(&fields).await;
                }
            }
            11 => {
                self.ask(|engine| async move { engine.cancel(id, "changed my mind").await }).await;
            }
            12 | 13 => {
                let call =
                    Call { key: self.key(&format!("again {act}")), fingerprint: id.to_string() };
                let request = PayAgain {
                    call,
                    order_id: id,
                    pay_with: PayWith::Page,
                    gateway: Some(payonce_domain::gateway::GatewayName::new(toss::NAME)),
                };
                self.ask(|engine| async move { engine.pay_again(request).await }).await;
            }
            14..17 => self.ask_back(id).await,
            17 => {
                let refund = self.world.sale(id).await.refunds.last().map(|refund| refund.id);
                let Some(refund) = refund else { return };
                let act = Act { actor: "an operator".to_owned(), detail: "{}".to_owned() };
                self.ask(|engine| async move { engine.retry_refund(refund, act).await }).await;
            }
            _ => {
                self.ask(|engine| async move { engine.check(id).await }).await;
            }
        }
    }

    async fn come_back(&self, fields: &Fields) {
        let world = Arc::clone(&self.world);
        for _ in 0..=self.chance.number() % 3 {
            let (world, fields) = (Arc::clone(&world), fields.clone());
            let told =
                self.ask(|engine| async move { world.come_back(&engine, &fields).await }).await;
            if matches!(told, Some(Ok(_))) {
                return;
            }
            self.world.pass(Duration::from_secs(1)).await;
        }
    }

    async fn ask_back(&self, id: OrderId) {
        let (nth, kind) = (self.chance.number() % 3, self.chance.number() % 4);
        let how_much = match kind {
            0 => HowMuch::Rest,
            1 => HowMuch::Pieces(vec![payonce_domain::refund::Pieces {
                product_id: self.products[0],
                quantity: 1,
            }]),
            _ => HowMuch::Amount(4_000),
        };
        let ask = AskRefund {
            call: Call {
                key: self.key(&format!("refund {nth}")),
                fingerprint: format!("{how_much:?}"),
            },
            order_id: id,
            how_much,
            expected_refundable: None,
            reason: "a torn page".to_owned(),
        };
        self.ask(|engine| async move { engine.ask_refund(ask).await }).await;
    }
}

/// One seed's story. Says what happened in it.
async fn story(seed: u64) -> Seen {
    let chance = SeededEntropy::new(seed ^ 0x9a9e);
    let context = format!("seed {seed}");
    let world = Arc::new(World::on_sqlite(Settings::stock(seed), seed).await);
    let setting_up = Life::ending_at(0);
    let first = world.process(&setting_up).await;
    let products = [world.product(&first, 1_000).await, world.product(&first, 3).await];
    setting_up.kill();
    make_faulty(&world, &chance);
    let doubts = chance.number() % 30;

    let mut life = Life::ending_at(40 + chance.number() % 200);
    life.doubt(doubts, seed);
    let engine = Arc::new(Mutex::new(world.process(&life).await));
    let mut visits = Vec::new();
    for number in 0..BUYERS {
        let visit = Visit {
            world: Arc::clone(&world),
            engine: Arc::clone(&engine),
            products,
            chance: SeededEntropy::new(seed.wrapping_mul(1_000) + number),
            number,
            brought: Vec::new(),
        };
        visits.push(tokio::spawn(visit.visit()));
        world.pass(Duration::from_millis(chance.number() % 15_000)).await;
    }
    let (mut died, mut happened, mut did_not) = (0, 0, 0);
    for turn in 0..2 {
        world.pass(Duration::from_secs(60 + chance.number() % 120)).await;
        died += usize::from(life.is_dead());
        life.kill();
        (happened, did_not) = (happened + life.doubts().0, did_not + life.doubts().1);
        let dies_at = if turn == 0 { 60 + chance.number() % 400 } else { 0 };
        life = Life::ending_at(dies_at);
        life.doubt(doubts, seed + 1 + turn);
        *engine.lock() = world.process(&life).await;
    }
    for visit in visits {
        visit.await.expect("a visit");
    }
    // The last process lives, and its database and its gateway are well.
    life.doubt(0, seed);
    let mut settings = world.toss.settings().as_ref().clone();
    settings.faults = Faults::default();
    settings.rate_limit.per_minute = None;
    world.toss.change(settings).expect("healed");
    assert!(
        world.until_settled(LONG).await,
        "{context}: not settled: {:#?}",
        unsettled(&world).await
    );
    world.pass(Duration::from_hours(1)).await;
    world.assert_true(&context).await;

    let mut seen = Seen::from([
        ("processes died", died),
        ("commits in doubt that had happened", happened),
        ("commits in doubt that had not", did_not),
    ]);
    for sale in world.sales().await {
        *seen.entry(sale.payment.state.word()).or_default() += 1;
        *seen.entry("attempts").or_default() += sale.attempts.len();
        *seen.entry("refunds").or_default() += sale.refunds.len();
        assert_ne!(sale.payment.state, PaymentState::Processing, "{context}");
    }
    seen
}

async fn unsettled(world: &World) -> Vec<payonce_domain::sale::Sale> {
    let mut sales = world.sales().await;
    sales.retain(|sale| {
        sale.order.status == OrderStatus::Pending
            || sale.refunds.iter().any(|refund| refund.state.is_undecided())
    });
    sales
}

#[test]
fn whatever_buyers_and_the_gateway_do_and_whichever_commits_are_in_doubt_every_order_ends_true() {
    let (from, seeds) = if is_full() { (700, 300) } else { (700, 12) };
    let mut all = Seen::new();
    for seed in from..from + seeds {
        for (what, count) in alone(story(seed)) {
            *all.entry(what).or_default() += count;
        }
    }
    println!("{all:#?}");
    for rare in [
        "paid",
        "failed",
        "cancelled",
        "partially_refunded",
        "refunds",
        "processes died",
        "commits in doubt that had happened",
        "commits in doubt that had not",
    ] {
        assert!(all.get(rare).is_some_and(|&count| count > 0), "never seen: {rare}");
    }
}
