//! The explorer: seeded worlds in which everything goes wrong by chance, and processes die.
//!
//! A seed that fails can be run again alone: the same seed is the same story. Across the seeds the
//! rare things must have happened, or the exploration shows nothing.

use std::{collections::BTreeMap, time::Duration};

use payonce_domain::{
    gateway::GatewayName,
    ids::{OrderId, ProductId},
    incident::IncidentType,
    journal::{Cause, Fact},
    order::OrderStatus,
    payment::{AttemptState, PaymentState, ProblemCode, evidence::Source},
    refund::request::HowMuch,
};
use payonce_engine::{
    Engine,
    checkout::{Call, PayAgain, PayWith},
    refunds::AskRefund,
};
use payonce_gateways::toss;
use payonce_ports::{
    entropy::{Entropy, SeededEntropy},
    store::IdempotencyKey,
};
use payonce_proof::{
    mortal::Life,
    world::{Fields, World, alone, card, order_of},
};
use payonce_simulator::{
    pg::{
        faults::{CallbackFaults, LookUpFaults, PostFaults},
        settings::{Percent, Settings},
    },
    toss::{
        buyer::BuyerChoice,
        faults::{Profile, WebhookFaults},
        operation::Operation,
        payment::Status,
    },
};

use crate::{is_full, postgres};

/// Orders paid by card.
const ORDERS: usize = 30;
/// Orders paid on the gateway's page.
const PAGES: usize = 18;
/// Longer than anything may take: whatever was believed in error surfaces, and goes back or is served.
const TRUE_WITHIN: Duration = Duration::from_mins(70);

/// A share of up to this many percent.
fn some(chance: &SeededEntropy, at_most: u32) -> Percent {
    let thousandths = u32::try_from(chance.number() % 1_000).expect("small");
    Percent::new(f64::from(at_most) * f64::from(thousandths) / 1_000.0).expect("a percentage")
}

/// A gateway with faults of every kind, in shares that differ from seed to seed.
fn faulty(seed: u64, chance: &SeededEntropy) -> Settings {
    let often = |at_most| some(chance, at_most);
    Settings {
        acceptance_failure: often(60),
        key_collisions: false,
        post_faults: PostFaults {
            hang: often(10),
            late_answer: often(10),
            long_pending: often(5),
            never_process: often(3),
            drop_response: often(15),
            drop_request: often(15),
            foreign_5xx_created: often(8),
            foreign_5xx_not_created: often(8),
            generic_500_created: often(8),
            generic_500_not_created: often(8),
            undecodable: often(8),
            ..PostFaults::default()
        },
        look_up_faults: LookUpFaults {
            not_found: often(10),
            wrong_order: often(5),
            wrong_amount: often(5),
            generic_500: often(15),
            foreign_5xx: often(10),
            undecodable: often(10),
            drop_response: often(10),
            hang: often(10),
            ..LookUpFaults::default()
        },
        callback_faults: CallbackFaults {
            drop: often(40),
            duplicate: often(30),
            delay: often(20),
            reorder: often(20),
            early: often(20),
            wrong_amount: often(10),
            wrong_order: often(10),
            forged_before_verdict: often(20),
            forged_unknown_key: often(20),
            ..CallbackFaults::default()
        },
        ..Settings::stock(seed)
    }
}

/// What happened, by name.
type Seen = BTreeMap<&'static str, usize>;

/// Buyers, one after the other; some pay again when they are told that the card was declined.
async fn buy(
    world: &World,
    engine: &Engine,
    product: ProductId,
    chance: &SeededEntropy,
    from: usize,
    to: usize,
) {
    for number in from..to {
        let (request, buyer) = (world.order(product, &format!("buyer {number}")), engine.clone());
        let patience = Duration::from_secs(5 + chance.number() % 300);
        let again =
            IdempotencyKey { scope: world.owner.to_string(), key: format!("again {number}") };
        tokio::spawn(async move {
            let Ok(taken) = buyer.place(request).await else { return };
            let Some(order_id) = order_of(&taken) else { return };
            buyer.clock().sleep(patience).await;
            let call = Call { key: again, fingerprint: order_id.to_string() };
            let _told = buyer
                .pay_again(PayAgain {
                    call,
                    order_id,
                    pay_with: PayWith::Card(card()),
                    gateway: None,
                })
                .await;
        });
        world.pass(Duration::from_millis(chance.number() % 1_500)).await;
    }
}

/// The gateway with a page: its profiles in turn, and webhooks that go wrong as well. Says which profile.
fn faulty_page(world: &World, seed: u64, chance: &SeededEntropy) -> &'static str {
    let often = |at_most| some(chance, at_most);
    let webhooks = WebhookFaults {
        drop: often(40),
        duplicate: often(30),
        delay: often(30),
        reorder: often(20),
        forged: often(20),
        ..WebhookFaults::default()
    };
    let at = usize::try_from(seed % Profile::ALL.len() as u64).expect("small");
    let (name, profile) = Profile::ALL[at];
    let mut settings = world.toss.settings().as_ref().clone();
    settings.faults = profile.faults();
    settings.webhooks.faults = webhooks;
    world.toss.change(settings).expect("changed");
    name
}

/// What a buyer does who pays on the gateway's page, and others in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Pays,
    ComesBackTwice,
    /// Only after the page's time is over, or nearly.
    ComesBackLate,
    /// Somebody else is back first, with garbage or another buyer's key.
    IsForged,
    Cancels,
    WantsSomeBack,
    HasAnEmptyCard,
    TurnsDown,
}

impl Habit {
    fn of(number: usize) -> Self {
        const ALL: [Habit; 9] = [
            Habit::Pays,
            Habit::ComesBackTwice,
            Habit::WantsSomeBack,
            Habit::Cancels,
            Habit::IsForged,
            Habit::ComesBackLate,
            Habit::WantsSomeBack,
            Habit::HasAnEmptyCard,
            Habit::TurnsDown,
        ];
        ALL[number % ALL.len()]
    }

    fn choice(self) -> BuyerChoice {
        match self {
            Self::HasAnEmptyCard => BuyerChoice::PayOverLimit,
            Self::TurnsDown => BuyerChoice::Cancel,
            _ => BuyerChoice::Pay,
        }
    }
}

/// A buyer who was at the page, with what their browser carries back.
struct Visit {
    habit: Habit,
    id: OrderId,
    fields: Fields,
}

impl Visit {
    /// The buyer comes back to this process, or somebody does in their place. A process that dies
    /// meanwhile answers nobody.
    fn comes_back(&self, engine: &Engine, foreign: Option<&str>) {
        let (id, habit, truth) = (self.id, self.habit, self.fields.clone());
        let mut forged = truth.clone();
        if let Some(key) = forged.iter_mut().find(|(name, _)| name == "paymentKey") {
            foreign.unwrap_or("tgen_garbage").clone_into(&mut key.1);
        }
        let engine = engine.clone();
        tokio::spawn(async move {
            let gateway = GatewayName::new(toss::NAME);
            if habit == Habit::IsForged {
                let _told = engine.returned(&gateway, &forged).await;
            }
            let _told = engine.returned(&gateway, &truth).await;
            if habit == Habit::ComesBackTwice {
                let _told = engine.returned(&gateway, &truth).await;
            }
            if habit == Habit::Cancels {
                let _told = engine.cancel(id, "changed my mind").await;
            }
        });
    }
}

/// Buyers order and go to the page; those who are quick come back.
async fn buy_by_page(
    world: &World,
    engine: &Engine,
    life: &Life,
    product: ProductId,
    chance: &SeededEntropy,
    numbers: std::ops::Range<usize>,
) -> Vec<Visit> {
    let mut visits: Vec<Visit> = Vec::new();
    for number in numbers {
        let habit = Habit::of(number);
        let (buyer, request) =
            (engine.clone(), world.order_by_page(product, &format!("page {number}")));
        let placing = tokio::spawn(async move { buyer.place(request).await });
        world.pass(Duration::from_millis(200 + chance.number() % 3_000)).await;
        if life.is_dead() || !placing.is_finished() {
            placing.abort();
            break;
        }
        let Ok(Ok(taken)) = placing.await else { continue };
        let Some(id) = order_of(&taken) else { continue };
        let Some(fields) = world.at_the_page(id, habit.choice()).await else { continue };
        let visit = Visit { habit, id, fields };
        if habit != Habit::ComesBackLate {
            let key =
                |visit: &Visit| visit.fields.iter().find(|(name, _)| name == "paymentKey").cloned();
            let foreign = visits.last().and_then(key).map(|(_, key)| key);
            visit.comes_back(engine, foreign.as_deref());
        }
        visits.push(visit);
    }
    visits
}

/// Everybody who was at the page reloads, the late come at last, and some want money back.
async fn come_again(world: &World, engine: &Engine, visits: &[Visit], chance: &SeededEntropy) {
    for visit in visits {
        visit.comes_back(engine, None);
    }
    world.pass(Duration::from_mins(2)).await;
    for (number, visit) in visits.iter().enumerate() {
        if visit.habit != Habit::WantsSomeBack {
            continue;
        }
        for turn in 0..2 {
            let key = format!("back {number} {turn}");
            let minor = 1_000 + i64::try_from(chance.number() % 14_000).expect("small");
            let ask = AskRefund {
                call: Call {
                    key: IdempotencyKey { scope: world.owner.to_string(), key },
                    fingerprint: visit.id.to_string(),
                },
                order_id: visit.id,
                how_much: HowMuch::Amount(minor),
                expected_refundable: None,
                reason: "a torn page".to_owned(),
            };
            let _told = engine.ask_refund(ask).await;
        }
    }
}

/// Both gateways tell the truth at last.
fn tell_the_truth(world: &World) {
    let truthful = Settings {
        look_up_faults: LookUpFaults::default(),
        ..world.simulator.settings().as_ref().clone()
    };
    world.simulator.change(truthful).expect("changed");
    world.toss.take_profile(Profile::Calm);
    for payment in world.toss.books().payments {
        world.toss.hide(&payment.payment_key, false);
    }
}

/// One seed's story. Says what happened in it.
async fn story(world: World, seed: u64) -> Seen {
    let chance = SeededEntropy::new(seed ^ 0x5eed);
    let context = format!("seed {seed}");
    let profile = faulty_page(&world, seed, &chance);
    let setting_up = Life::ending_at(0);
    let first = world.process(&setting_up).await;
    let product = world.product(&first, 1_000).await;
    setting_up.kill();

    let deaths = 1 + usize::try_from(chance.number() % 3).expect("small");
    let mut died = 0;
    let mut visits = Vec::new();
    for turn in 0..deaths {
        let life = Life::ending_at(5 + chance.number() % 200);
        let engine = world.process(&life).await;
        let (from, to) = (turn * ORDERS / deaths, (turn + 1) * ORDERS / deaths);
        buy(&world, &engine, product, &chance, from, to).await;
        let numbers = turn * PAGES / deaths..(turn + 1) * PAGES / deaths;
        visits.extend(buy_by_page(&world, &engine, &life, product, &chance, numbers).await);
        world.pass(Duration::from_secs(chance.number() % 60)).await;
        died += usize::from(life.is_dead());
        life.kill();
    }
    // The last process lives, and buyers who were told nothing come again.
    let life = Life::ending_at(0);
    let last = world.process(&life).await;
    buy(&world, &last, product, &chance, 0, ORDERS).await;
    visits.extend(buy_by_page(&world, &last, &life, product, &chance, 0..PAGES).await);
    world.pass(Duration::from_secs(chance.number() % 900)).await;
    come_again(&world, &last, &visits, &chance).await;
    // Whatever was believed in error is asked about again.
    tell_the_truth(&world);
    world.pass(TRUE_WITHIN).await;

    world.assert_true(&context).await;
    let mut seen = Seen::from([("processes died", died), (profile, 1)]);
    let ends = assert_ends(&world, &context, &mut seen).await;
    let stock = world.store.product(product).await.expect("books").expect("the product");
    assert_eq!(stock.received - stock.available, ends, "{context}: stock");
    at_the_gateways(&world, &mut seen);
    seen
}

/// Every order has ended, or people know of it; notes what was rare. Says how many copies are not back.
async fn assert_ends(world: &World, context: &str, seen: &mut Seen) -> i64 {
    let incidents = world.store.incidents(1_000).await.expect("books");
    let mut gone = 0;
    for sale in world.store.orders(None, None, 1_000).await.expect("books") {
        let end = (sale.payment.state, sale.order.status);
        let told = |kind| {
            incidents.iter().any(|raised| raised.order_id == sale.order.id && raised.kind == kind)
        };
        assert!(
            !sale.refunds.iter().any(|refund| refund.state.is_undecided()),
            "{context}: {:?}",
            sale.refunds
        );
        match end {
            (PaymentState::Paid, OrderStatus::Completed) => gone += 1,
            (PaymentState::PartiallyRefunded, OrderStatus::Completed) => {
                gone += 1;
                *seen.entry("given back in part").or_default() += 1;
            }
            (PaymentState::Failed, OrderStatus::Failed | OrderStatus::Cancelled) => {}
            (PaymentState::Cancelled, OrderStatus::Cancelled) => {
                *seen.entry("cancelled and given back").or_default() += 1;
            }
            (PaymentState::Cancelled, OrderStatus::Failed) => {
                assert!(told(IncidentType::ChargedAfterGivenUp), "{context}: charged in silence");
                *seen.entry("given back after it was given up").or_default() += 1;
            }
            (PaymentState::Unresolved, OrderStatus::Pending) => {
                assert!(told(IncidentType::Unresolved), "{context}: unresolved and nobody told");
                gone += 1;
                *seen.entry("unresolved").or_default() += 1;
            }
            (PaymentState::CompensationFailed, OrderStatus::Failed) => {
                assert!(told(IncidentType::ChargedAfterGivenUp), "{context}: charged in silence");
                *seen.entry("charged after a lie about absence").or_default() += 1;
            }
            end => panic!("{context}: {end:?}"),
        }
        for entry in world.store.journal(sale.order.id).await.expect("books") {
            if entry.cause == Cause::Repeated && !entry.facts.is_empty() {
                *seen.entry("confirmations repeated").or_default() += 1;
            }
            let Cause::Evidence { source } = entry.cause else { continue };
            for fact in entry.facts {
                let Fact::AttemptMoved { from, to, problem, .. } = fact else { continue };
                *seen
                    .entry(rare(source, from, to, problem.map(|problem| problem.code)))
                    .or_default() += 1;
            }
        }
    }
    gone
}

/// What was rare, by the gateways' own books.
fn at_the_gateways(world: &World, seen: &mut Seen) {
    let books = world.simulator.books(None, 10_000);
    let callbacks = books.transactions.iter().flat_map(|row| &row.callbacks);
    let doubled = callbacks.filter(|sent| sent.kind == "duplicate").count();
    seen.insert("duplicate callbacks", doubled);
    let refused = usize::try_from(books.counts.refused500).expect("small");
    let given_up = seen.get("not made at last").copied().unwrap_or(0);
    seen.insert("retries after certain failure", refused.saturating_sub(given_up));

    let books = world.toss.books();
    // Nobody but a forger confirms what does not exist, or under another order's id.
    let garbage = books.requests.iter().filter(|row| {
        let executed = row.executed.as_deref();
        row.operation == Operation::Confirm
            && matches!(executed, Some("404 NOT_FOUND_PAYMENT" | "400 INVALID_REQUEST"))
    });
    seen.insert("forged returns", garbage.count());
    let expired = books.payments.iter().filter(|row| row.status == Status::Expired);
    seen.insert("agreements that expired", expired.count());
    assert_eq!(books.summary.orders_charged_twice, 0, "{:?}", books.summary);
}

/// What a move of an attempt is an example of.
fn rare(
    source: Source,
    from: AttemptState,
    to: AttemptState,
    problem: Option<ProblemCode>,
) -> &'static str {
    use AttemptState::{Accepted, Approved, Declined, NotCharged, Sent, Unknown};
    match (from, to, source) {
        (_, NotCharged, _) if problem == Some(ProblemCode::Absent) => "absences believed",
        (_, NotCharged, _) if problem == Some(ProblemCode::NotCreated) => "not made at last",
        (Unknown, Accepted | Approved | Declined, _) => "unknown outcomes resolved by look-up",
        (Sent, _, Source::LookUp) => "deaths in the middle of a charge",
        _ => "ordinary moves",
    }
}

fn explore(
    seeds: impl Iterator<Item = u64>,
    world_of: impl AsyncFn(Settings, u64) -> World,
) -> Seen {
    let mut all = Seen::new();
    for seed in seeds {
        let seen = alone(async {
            let settings = faulty(seed, &SeededEntropy::new(seed));
            story(world_of(settings, seed).await, seed).await
        });
        for (what, count) in seen {
            *all.entry(what).or_default() += count;
        }
    }
    println!("{all:#?}");
    all
}

#[test]
fn whatever_goes_wrong_every_order_ends_true_or_is_alarmed() {
    let seeds = if is_full() { 100 } else { 8 };
    let seen = explore(500..500 + seeds, World::on_sqlite);
    for rare in [
        "unknown outcomes resolved by look-up",
        "absences believed",
        "duplicate callbacks",
        "deaths in the middle of a charge",
        "retries after certain failure",
        "unresolved",
        "processes died",
        "confirmations repeated",
        "given back in part",
        "cancelled and given back",
        "forged returns",
        "agreements that expired",
    ]
    .into_iter()
    .chain(Profile::ALL.map(|(name, _)| name))
    {
        assert!(seen.get(rare).is_some_and(|&count| count > 0), "never seen: {rare}");
    }
}

#[test]
fn whatever_goes_wrong_every_order_ends_true_or_is_alarmed_on_postgres() {
    let seeds = if is_full() { 20 } else { 2 };
    let database = postgres::database();
    explore(900..900 + seeds, async |settings, seed| {
        World::on_postgres(database.emptied(), settings, seed).await
    });
}
