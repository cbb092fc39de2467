//! The explorer: seeded worlds in which everything goes wrong by chance, and processes die.
//!
//! A seed that fails can be run again alone: the same seed is the same story. Across the seeds the
//! rare things must have happened, or the exploration shows nothing.

use std::{collections::BTreeMap, time::Duration};

use payonce_domain::{
    incident::IncidentType,
    journal::{Cause, Fact},
    order::OrderStatus,
    payment::{AttemptState, PaymentState, ProblemCode, evidence::Source},
};
use payonce_engine::{
    Engine,
    checkout::{Call, PayAgain, PayWith},
};
use payonce_ports::{
    entropy::{Entropy, SeededEntropy},
    store::IdempotencyKey,
};
use payonce_proof::{
    mortal::Life,
    world::{World, alone, card, order_of},
};
use payonce_simulator::pg::{
    faults::{CallbackFaults, LookUpFaults, PostFaults},
    settings::{Percent, Settings},
};

use crate::{is_full, postgres, shop::LONG};

const ORDERS: usize = 30;

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
    product: payonce_domain::ids::ProductId,
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

/// One seed's story. Says what happened in it.
async fn story(world: World, seed: u64) -> Seen {
    let chance = SeededEntropy::new(seed ^ 0x5eed);
    let context = format!("seed {seed}");
    let setting_up = Life::ending_at(0);
    let first = world.process(&setting_up).await;
    let product = world.product(&first, 1_000).await;
    setting_up.kill();

    let deaths = 1 + usize::try_from(chance.number() % 3).expect("small");
    let mut died = 0;
    for turn in 0..deaths {
        let life = Life::ending_at(5 + chance.number() % 120);
        let engine = world.process(&life).await;
        let (from, to) = (turn * ORDERS / deaths, (turn + 1) * ORDERS / deaths);
        buy(&world, &engine, product, &chance, from, to).await;
        world.pass(Duration::from_secs(chance.number() % 60)).await;
        died += usize::from(life.is_dead());
        life.kill();
    }
    // The last process lives, and buyers who were told nothing come again.
    let last = world.process(&Life::ending_at(0)).await;
    buy(&world, &last, product, &chance, 0, ORDERS).await;
    // The gateway tells the truth at last, and whatever was believed in error is asked about again.
    let truthful = Settings {
        look_up_faults: LookUpFaults::default(),
        ..world.simulator.settings().as_ref().clone()
    };
    world.simulator.change(truthful).expect("changed");
    world.pass(LONG).await;

    world.assert_true(&context).await;
    let incidents = world.store.incidents(1_000).await.expect("books");
    let mut seen = Seen::from([("processes died", died)]);
    let mut completed = 0;
    let mut not_returned = 0;
    for sale in world.store.orders(None, None, 1_000).await.expect("books") {
        let end = (sale.payment.state, sale.order.status);
        let told = |kind| {
            incidents.iter().any(|raised| raised.order_id == sale.order.id && raised.kind == kind)
        };
        match end {
            (PaymentState::Paid, OrderStatus::Completed) => completed += 1,
            (PaymentState::Failed, OrderStatus::Failed) => {}
            (PaymentState::Unresolved, OrderStatus::Pending) => {
                assert!(told(IncidentType::Unresolved), "{context}: unresolved and nobody told");
                not_returned += 1;
                *seen.entry("unresolved").or_default() += 1;
            }
            (PaymentState::CompensationFailed, OrderStatus::Failed) => {
                assert!(told(IncidentType::ChargedAfterGivenUp), "{context}: charged in silence");
                *seen.entry("charged after a lie about absence").or_default() += 1;
            }
            end => panic!("{context}: {end:?}"),
        }
        for entry in world.store.journal(sale.order.id).await.expect("books") {
            let Cause::Evidence { source } = entry.cause else { continue };
            for fact in entry.facts {
                let Fact::AttemptMoved { from, to, problem, .. } = fact else { continue };
                *seen
                    .entry(rare(source, from, to, problem.map(|problem| problem.code)))
                    .or_default() += 1;
            }
        }
    }
    let stock = world.store.product(product).await.expect("books").expect("the product");
    assert_eq!(stock.received - stock.available, completed + not_returned, "{context}: stock");

    let books = world.simulator.books(None, 10_000);
    let callbacks = books.transactions.iter().flat_map(|row| &row.callbacks);
    let doubled = callbacks.filter(|sent| sent.kind == "duplicate").count();
    seen.insert("duplicate callbacks", doubled);
    let refused = usize::try_from(books.counts.refused500).expect("small");
    let given_up = seen.get("not made at last").copied().unwrap_or(0);
    seen.insert("retries after certain failure", refused.saturating_sub(given_up));
    seen
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
    ] {
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
