//! A process dies before or after every commit and every gateway call; another one goes on, and in
//! a sample of the stories dies too.

use std::time::Duration;

use payonce_domain::{order::OrderStatus, payment::PaymentState};
use payonce_engine::checkout::Taken;
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
    deaths::{Books, Deaths, Told, double_deaths, matrix},
    is_full, postgres,
};

/// Longer than anything may take: the horizon, the life of a request, an order's open time.
const LONG: Duration = Duration::from_mins(40);

/// How one order meets the gateway.
#[derive(Debug, Clone)]
struct Way {
    steps: Vec<Step>,
    callbacks: bool,
}

fn ways() -> Vec<(&'static str, Way)> {
    let way = |name, callbacks, steps: &[Step]| (name, Way { steps: steps.to_vec(), callbacks });
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

async fn world(books: Books<'_>, way: &Way, seed: u64) -> World {
    let mut settings = Settings::stock(seed);
    settings.callbacks = way.callbacks;
    let world = books.world(settings, seed).await;
    let posts = vec![PostScript::next(way.steps.clone()).times(6)];
    world.simulator.script(Script { posts, look_ups: Vec::new() });
    world
}

/// One order, whose processes die at these steps; at last one lives on.
async fn story(books: Books<'_>, way: &Way, deaths: Deaths) -> Told {
    let context = format!("{books:?}, {way:?}, {deaths:?}");
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

#[test]
fn an_order_ends_true_wherever_its_process_dies() {
    let books = Books::Sqlite;
    matrix(books, &ways(), 14, 4, |way, deaths| alone(story(books, way, deaths)));
}

#[test]
fn an_order_ends_true_wherever_its_process_dies_on_postgres() {
    let database = postgres::database();
    let books = Books::Postgres(&database);
    matrix(books, &ways(), 5, 2, |way, deaths| alone(story(books, way, deaths)));
}

#[test]
fn an_order_ends_true_when_the_process_that_takes_over_dies_too() {
    let (books, each) = (Books::Sqlite, if is_full() { 40 } else { 3 });
    double_deaths(books, &ways(), each, |way, deaths| alone(story(books, way, deaths)));
}

#[test]
fn an_order_ends_true_when_the_process_that_takes_over_dies_too_on_postgres() {
    let database = postgres::database();
    let (books, each) = (Books::Postgres(&database), if is_full() { 40 } else { 1 });
    double_deaths(books, &ways(), each, |way, deaths| alone(story(books, way, deaths)));
}
