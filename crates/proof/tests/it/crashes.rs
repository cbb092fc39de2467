//! A process dies before or after every commit and every gateway call; another one goes on, and in
//! a sample of the stories dies too.
//!
//! `PAYONCE_PROOF=full` kills at every step, on both databases.

use std::time::Duration;

use payonce_domain::{order::OrderStatus, payment::PaymentState};
use payonce_engine::checkout::Taken;
use payonce_ports::entropy::{Entropy, SeededEntropy};
use payonce_proof::{
    mortal::Life,
    world::{World, alone},
};
use payonce_simulator::pg::{
    plan::Verdict,
    script::{PostScript, Script, Step},
    settings::Settings,
};

use crate::{
    is_full,
    postgres::{self, Database},
};

/// Longer than anything may take: the horizon, the life of a request, an order's open time.
const LONG: Duration = Duration::from_mins(40);

/// How one order meets the gateway.
#[derive(Debug, Clone)]
struct Way {
    name: &'static str,
    steps: Vec<Step>,
    callbacks: bool,
}

fn ways() -> Vec<Way> {
    let way = |name, callbacks, steps: &[Step]| Way { name, steps: steps.to_vec(), callbacks };
    let approve = Step::Verdict(Verdict::Approve);
    vec![
        way("approved", true, &[Step::Accept, approve.clone()]),
        way("approved, no callback", false, &[Step::Accept, approve.clone()]),
        way("declined", true, &[Step::Accept, Step::Verdict(Verdict::Limit)]),
        way("certain failure", true, &[Step::Fail500]),
        way("answer lost", true, &[Step::Accept, Step::DropResponse, approve.clone()]),
        way("request lost", true, &[Step::DropRequest]),
        way("hangs 60 s", true, &[Step::HangMs(60_000), approve.clone()]),
        way("foreign 5xx, created", true, &[Step::Foreign5xxCreated, approve]),
        way("foreign 5xx, not created", true, &[Step::Foreign5xx]),
    ]
}

/// Where the books of these stories are.
#[derive(Clone, Copy)]
enum Books<'a> {
    Sqlite,
    Postgres(&'a Database),
}

impl std::fmt::Debug for Books<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        })
    }
}

async fn world(books: Books<'_>, way: &Way, seed: u64) -> World {
    let mut settings = Settings::stock(seed);
    settings.callbacks = way.callbacks;
    let world = match books {
        Books::Sqlite => World::on_sqlite(settings, seed).await,
        Books::Postgres(database) => World::on_postgres(database.emptied(), settings, seed).await,
    };
    let posts = vec![PostScript::next(way.steps.clone()).times(6)];
    world.simulator.script(Script { posts, look_ups: Vec::new() });
    world
}

/// At which steps the first process dies, and the one that takes over from it; 0 is never.
#[derive(Debug, Clone, Copy)]
struct Deaths {
    first: u64,
    second: u64,
}

/// What a story shows besides its end.
struct Told {
    /// Steps that the first process took.
    first: u64,
    /// Whether the second process died, too.
    second_died: bool,
}

/// One order, whose processes die at these steps; at last one lives on.
async fn story(books: Books<'_>, way: &Way, deaths: Deaths) -> Told {
    let context = format!("{books:?}, {}, {deaths:?}", way.name);
    // The same seed for every death: until it dies, each life of a way is the same.
    let world = world(books, way, 1_000).await;
    let setting_up = Life::ending_at(0);
    let first = world.process(&setting_up).await;
    let product = world.product(&first, 5).await;
    setting_up.kill();

    let life = Life::ending_at(deaths.first);
    let engine = world.process(&life).await;
    let request = world.order(product, "the order");
    let placing = {
        let (engine, request) = (engine.clone(), request.clone());
        tokio::spawn(async move { engine.place(request).await })
    };
    world.pass(Duration::from_mins(5)).await;
    let answered = placing.is_finished();
    placing.abort();
    life.kill();

    let second_life = Life::ending_at(deaths.second);
    if deaths.second != 0 {
        let second = world.process(&second_life).await;
        let request = request.clone();
        let placing = tokio::spawn(async move { second.place(request).await });
        world.pass(Duration::from_mins(5)).await;
        placing.abort();
        second_life.kill();
    }

    // A new process, and a buyer who heard nothing and asks again with the same key.
    let last = world.process(&Life::ending_at(0)).await;
    let again = last.place(request).await;
    assert!(world.until_final(LONG).await, "{context}: not final after {LONG:?}");
    let verdict = world.assert_true(&context).await;
    assert_eq!(verdict.orders, 1, "{context}: one key, one order");
    if answered {
        assert!(matches!(again, Ok(Taken::Before(_))), "{context}: {again:?}");
    }
    for sale in world.store.orders(None, None, 10).await.expect("books") {
        let end = (sale.payment.state, sale.order.status);
        let is_true_end = matches!(
            end,
            (PaymentState::Paid, OrderStatus::Completed)
                | (PaymentState::Failed, OrderStatus::Failed)
        );
        assert!(is_true_end, "{context}: {end:?}");
    }
    Told {
        first: life.steps(),
        second_died: deaths.second != 0 && second_life.steps() >= deaths.second,
    }
}

/// The first deaths one by one, then a sample of the later ones.
fn chosen(steps: u64, one_by_one: u64, sampled: usize, chance: &SeededEntropy) -> Vec<u64> {
    if is_full() || steps <= one_by_one {
        return (1..=steps).collect();
    }
    let later = steps - one_by_one;
    let mut chosen: Vec<u64> = (1..=one_by_one).collect();
    chosen.extend((0..sampled).map(|_| one_by_one + 1 + chance.number() % later));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

fn matrix(books: Books<'_>, one_by_one: u64, sampled: usize) {
    for (index, way) in (0..).zip(ways()) {
        let chance = SeededEntropy::new(77 + index);
        let unharmed = alone(story(books, &way, Deaths { first: 0, second: 0 }));
        let steps = unharmed.first;
        assert!(steps >= 6, "{}: only {steps} steps: the matrix is too small", way.name);
        let deaths = chosen(steps, one_by_one, sampled, &chance);
        let mut died = 0;
        for &first in &deaths {
            let told = alone(story(books, &way, Deaths { first, second: 0 }));
            // PostgreSQL answers two questions in either order, and a life may end a step sooner.
            died += usize::from(told.first >= first);
        }
        println!("{books:?}, {:<26} {died} deaths of {steps} steps", way.name);
        assert!(died + 2 >= deaths.len(), "{}: of {deaths:?} only {died} came", way.name);
    }
}

/// The process that takes over dies as well, in this many stories of each way.
fn double_deaths(books: Books<'_>, each: usize) {
    let mut died_twice = 0;
    for (index, way) in (0..).zip(ways()) {
        let chance = SeededEntropy::new(99 + index);
        for _ in 0..each {
            let first = 1 + chance.number() % 8;
            let second = 1 + chance.number() % 8;
            let told = alone(story(books, &way, Deaths { first, second }));
            died_twice += usize::from(told.second_died);
        }
    }
    println!("{books:?}: {died_twice} double deaths");
    assert!(died_twice >= 5 * each, "only {died_twice} stories had two deaths");
}

#[test]
fn an_order_ends_true_wherever_its_process_dies() {
    matrix(Books::Sqlite, 14, 4);
}

#[test]
fn an_order_ends_true_wherever_its_process_dies_on_postgres() {
    matrix(Books::Postgres(&postgres::database()), 5, 2);
}

#[test]
fn an_order_ends_true_when_the_process_that_takes_over_dies_too() {
    double_deaths(Books::Sqlite, if is_full() { 40 } else { 3 });
}

#[test]
fn an_order_ends_true_when_the_process_that_takes_over_dies_too_on_postgres() {
    double_deaths(Books::Postgres(&postgres::database()), if is_full() { 40 } else { 1 });
}
