//! The bookstore: its gateway fails a third of the confirmations and answers a third after a minute.
//!
//! Buyers order a book, agree on the gateway's page, come back, come back twice, come back with an
//! empty card, or never come back; some want money back. Whatever the gateway does, every order must
//! end true, and whoever was not charged must be told so in time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use payonce_domain::{
    ids::{OrderId, ProductId},
    order::OrderStatus,
    payment::PaymentState,
    refund::request::HowMuch,
    sale::Sale,
    words::Word,
};
use payonce_engine::{
    Engine, checkout::Call, confirming::ReturnError, refunds::AskRefund, verification::Verdict,
};
use payonce_ports::{
    entropy::{Entropy, SeededEntropy},
    store::IdempotencyKey,
};
use payonce_simulator::{
    pg::settings::Settings as PgSettings,
    toss::{buyer::BuyerChoice, faults::Profile, operation::Operation},
};

use crate::{
    mortal::Life,
    world::{World, order_of},
};

/// A buyer comes this often.
const APART: Duration = Duration::from_secs(2);
/// Whoever is not charged must know within this time.
pub const TOLD_WITHIN: Duration = Duration::from_hours(1);

/// What came of it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Orders by their end.
    pub ends: BTreeMap<&'static str, usize>,
    /// Payments by their end.
    pub payments: BTreeMap<&'static str, usize>,
    /// From ordering to the end, of orders that were charged: half of them were quicker.
    pub median_charged: Duration,
    /// From ordering to being told, of orders that were not charged: the longest.
    pub longest_uncharged: Duration,
    /// Confirmations that the gateway received, by what the caller got to see.
    pub confirmations: BTreeMap<String, usize>,
    /// Confirmations beyond the first of a payment: all under the first one's key.
    pub repeats: usize,
    /// Refunds that were given back.
    pub refunds: usize,
    /// Money that the gateway took and did not give back, in won, by its own books.
    pub gateway_keeps: i64,
    /// The same by ours.
    pub we_keep: i64,
    /// What verification says of our books and the gateway's.
    pub verdict: Verdict,
    /// Time that passed in the story.
    pub lasted: Duration,
    /// Whether every order had ended and every refund was certain an hour after the last purchase.
    pub settled: bool,
}

/// How far the story is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Time in the story.
    pub at: Duration,
    /// Orders placed.
    pub placed: usize,
    /// Orders that have ended.
    pub ended: usize,
}

/// Plays the bookstore with so many buyers. The same seed is the same story.
pub async fn play(buyers: usize, seed: u64, mut progress: impl FnMut(Progress)) -> Report {
    let world = World::on_sqlite(PgSettings::stock(seed), seed).await;
    world.toss.take_profile(Profile::Bookstore);
    let world = Arc::new(world);
    let engine = world.process(&Life::ending_at(0)).await;
    let stock = u32::try_from(buyers).unwrap_or(u32::MAX);
    let product = world.product(&engine, stock).await;
    let chance = SeededEntropy::new(seed);
    let mut visits = Vec::with_capacity(buyers);
    for number in 0..buyers {
        let buyer = Buyer {
            world: Arc::clone(&world),
            engine: engine.clone(),
            product,
            number,
            habit: Habit::of(chance.number()),
            dwells: Duration::from_millis(4_000 + chance.number() % 50_000),
        };
        visits.push(tokio::spawn(buyer.visit()));
        world.pass(APART).await;
        if number % 30 == 29 {
            progress(progress_of(&world).await);
        }
    }
    for visit in visits {
        visit.await.expect("a visit");
    }
    let end = world.age() + TOLD_WITHIN;
    let mut settled = false;
    while !settled && world.age() < end {
        settled = world.until_settled(Duration::from_mins(5)).await;
        progress(progress_of(&world).await);
    }
    report(&world, settled).await
}

async fn progress_of(world: &World) -> Progress {
    let all = world.sales().await;
    let ended = all.iter().filter(|sale| sale.order.status != OrderStatus::Pending).count();
    Progress { at: world.age(), placed: all.len(), ended }
}

async fn report(world: &World, settled: bool) -> Report {
    let verdict = world.verdict().await;
    let books = world.toss.books();
    let minor = |amount: u64| i64::try_from(amount).expect("an amount");
    let gateway_keeps = books
        .payments
        .iter()
        .filter(|row| row.approvals > 0)
        .map(|row| {
            minor(row.amount) - row.cancels.iter().map(|given| minor(given.amount)).sum::<i64>()
        })
        .sum();
    let mut confirmations: BTreeMap<String, usize> = BTreeMap::new();
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for request in books.requests.iter().filter(|row| row.operation == Operation::Confirm) {
        let answered = request.answered.clone().unwrap_or_else(|| "nothing".to_owned());
        *confirmations.entry(answered).or_default() += 1;
        *keys.entry(request.idempotency_key.as_deref().unwrap_or_default()).or_default() += 1;
    }
    let all = world.sales().await;
    let mut report = Report {
        ends: BTreeMap::new(),
        payments: BTreeMap::new(),
        median_charged: Duration::ZERO,
        longest_uncharged: Duration::ZERO,
        confirmations,
        repeats: keys.values().map(|count| count - 1).sum(),
        refunds: 0,
        gateway_keeps,
        we_keep: verdict.charged.values().sum::<i64>() - verdict.refunded.values().sum::<i64>(),
        verdict,
        lasted: world.age(),
        settled,
    };
    let mut charged = Vec::new();
    for sale in &all {
        *report.ends.entry(sale.order.status.word()).or_default() += 1;
        *report.payments.entry(sale.payment.state.word()).or_default() += 1;
        report.refunds += sale.refunds.len();
        if sale.payment.state == PaymentState::Failed {
            report.longest_uncharged = report.longest_uncharged.max(lasted(sale));
        } else if sale.refunds.is_empty() {
            charged.push(lasted(sale));
        }
    }
    charged.sort_unstable();
    report.median_charged = charged.get(charged.len() / 2).copied().unwrap_or_default();
    report
}

fn lasted(sale: &Sale) -> Duration {
    sale.payment.changed_at.since(sale.order.created_at)
}

/// What a buyer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Pays,
    ComesBackTwice,
    WantsSomeBack,
    CancelsAtOnce,
    HasAnEmptyCard,
    TurnsDown,
    NeverComesBack,
}

impl Habit {
    fn of(chance: u64) -> Self {
        match chance % 100 {
            0..=4 => Self::NeverComesBack,
            5..=7 => Self::TurnsDown,
            8..=12 => Self::HasAnEmptyCard,
            13..=17 => Self::CancelsAtOnce,
            18..=27 => Self::WantsSomeBack,
            28..=37 => Self::ComesBackTwice,
            _ => Self::Pays,
        }
    }

    fn choice(self) -> BuyerChoice {
        match self {
            Self::HasAnEmptyCard => BuyerChoice::PayOverLimit,
            Self::TurnsDown => BuyerChoice::Cancel,
            _ => BuyerChoice::Pay,
        }
    }
}

struct Buyer {
    world: Arc<World>,
    engine: Engine,
    product: ProductId,
    number: usize,
    habit: Habit,
    dwells: Duration,
}

impl Buyer {
    async fn visit(self) {
        let Some(id) = self.order().await else { return };
        self.world.pass(self.dwells).await;
        if self.habit == Habit::NeverComesBack {
            return;
        }
        let Some(fields) = self.world.at_the_page(id, self.habit.choice()).await else { return };
        let back = self.come_back(&fields);
        if self.habit == Habit::ComesBackTwice {
            tokio::join!(back, self.come_back(&fields));
        } else {
            back.await;
        }
        match self.habit {
            Habit::CancelsAtOnce => {
                // Whether it is charged is often not certain at that moment: a wish is kept.
                let _told = self.engine.cancel(id, "changed my mind").await;
            }
            Habit::WantsSomeBack => self.ask_back(id).await,
            _ => {}
        }
    }

    /// Orders; a gateway that is refused just now is tried again a little later.
    async fn order(&self) -> Option<OrderId> {
        for turn in 0..20 {
            let key = format!("buyer {} {turn}", self.number);
            let request = self.world.order_by_page(self.product, &key);
            match self.engine.place(request).await {
                Ok(taken) => return order_of(&taken),
                Err(_) => self.world.pass(Duration::from_secs(15)).await,
            }
        }
        None
    }

    async fn come_back(&self, fields: &[(String, String)]) {
        for _turn in 0..40 {
            match self.world.come_back(&self.engine, &fields.to_vec()).await {
                Err(ReturnError::GatewayRefuses(refusal)) => {
                    self.world.pass(refusal.retry_after.max(Duration::from_secs(1))).await;
                }
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Waits until it is paid and asks a third of it back.
    async fn ask_back(&self, id: OrderId) {
        for _minute in 0..60 {
            self.world.pass(Duration::from_mins(1)).await;
            let sale = self.world.sale(id).await;
            if sale.payment.state != PaymentState::Paid {
                continue;
            }
            let key = format!("back {}", self.number);
            let ask = AskRefund {
                call: Call {
                    key: IdempotencyKey { scope: self.world.owner.to_string(), key },
                    fingerprint: id.to_string(),
                },
                order_id: id,
                how_much: HowMuch::Amount(5_000),
                expected_refundable: None,
                reason: "a torn page".to_owned(),
            };
            self.engine.ask_refund(ask).await.expect("paid and refundable");
            return;
        }
    }
}
