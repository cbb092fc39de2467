//! A buyer comes back from the gateway's page, and the process dies before or after each commit and
//! each call of the confirmation, the look-ups and the repeats. Another one goes on.

use std::time::Duration;

use payonce_domain::{order::OrderStatus, payment::PaymentState};
use payonce_proof::{mortal::Life, world::alone};
use payonce_simulator::{
    pg::settings::Settings,
    toss::{
        buyer::BuyerChoice,
        operation::Operation,
        plan::Course,
        script::{CallScript, Script},
    },
};

use crate::{
    deaths::{Books, Deaths, Told, double_deaths, matrix},
    is_full, postgres,
};

/// Longer than anything may take: the page's ten minutes, the horizon, an order's open time.
const LONG: Duration = Duration::from_hours(1);

/// What the buyer does on the page, and how the gateway takes the first confirmations.
#[derive(Debug, Clone)]
struct Way {
    choice: BuyerChoice,
    courses: Vec<Course>,
}

fn ways() -> Vec<(&'static str, Way)> {
    let pays = |name, courses: &[Course]| {
        (name, Way { choice: BuyerChoice::Pay, courses: courses.to_vec() })
    };
    vec![
        pays("confirmed", &[]),
        ("refused", Way { choice: BuyerChoice::PayOverLimit, courses: Vec::new() }),
        ("turned down", Way { choice: BuyerChoice::Cancel, courses: Vec::new() }),
        pays("answer lost", &[Course::Lost]),
        pays("request lost", &[Course::DropBefore]),
        pays("500, nothing done", &[Course::Fail, Course::Fail]),
        pays("500, done", &[Course::FailAfter]),
        pays("hangs, done meanwhile", &[Course::Hang { ms: 60_000, done_after_ms: 40_000 }]),
        pays("done late", &[Course::Late { ms: 90_000 }]),
        pays("a proxy's 504, done", &[Course::ForeignAfter]),
        pays("429", &[Course::TooMany { with_body: false }]),
    ]
}

/// One order, whose processes die at these steps after its buyer came back; at last one lives on.
async fn story(books: Books<'_>, way: &Way, deaths: Deaths) -> Told {
    let context = format!("{books:?}, {way:?}, {deaths:?}");
    let world = books.world(Settings::stock(2_000), 2_000).await;
    let setting_up = Life::ending_at(0);
    let first = world.process(&setting_up).await;
    let product = world.product(&first, 5).await;
    first.place(world.order_by_page(product, "the order")).await.expect("placed");
    let id = world.sales().await[0].order.id;
    setting_up.kill();
    let calls = way.courses.iter().map(|it| CallScript::next(Operation::Confirm, it.clone()));
    world.toss.script(Script { calls: calls.collect() });
    let fields = world.at_the_page(id, way.choice).await.expect("at the page");

    let life = Life::ending_at(deaths.first);
    let engine = world.process(&life).await;
    let gateway = payonce_domain::gateway::GatewayName::new(payonce_gateways::toss::NAME);
    let returning = {
        let (engine, gateway, fields) = (engine.clone(), gateway.clone(), fields.clone());
        tokio::spawn(async move { engine.returned(&gateway, &fields).await })
    };
    world.pass(Duration::from_mins(3)).await;
    returning.abort();
    life.kill();

    let second_life = Life::ending_at(deaths.second);
    if deaths.second != 0 {
        let second = world.process(&second_life).await;
        let (gateway, fields) = (gateway.clone(), fields.clone());
        let returning = tokio::spawn(async move { second.returned(&gateway, &fields).await });
        world.pass(Duration::from_mins(3)).await;
        returning.abort();
        second_life.kill();
    }

    // A new process, and a buyer who saw nothing and reloads the page.
    let last = world.process(&Life::ending_at(0)).await;
    let _again = world.come_back(&last, &fields).await;
    assert!(world.until_settled(LONG).await, "{context}: not final after {LONG:?}");
    world.assert_true(&context).await;
    let sale = world.sale(id).await;
    let end = (sale.payment.state, sale.order.status);
    let expected = if way.choice == BuyerChoice::Pay {
        matches!(
            end,
            (PaymentState::Paid, OrderStatus::Completed)
                | (PaymentState::Failed, OrderStatus::Failed)
        )
    } else {
        end == (PaymentState::Failed, OrderStatus::Failed)
    };
    assert!(expected, "{context}: {end:?}");
    if way.choice == BuyerChoice::Pay && deaths.first == 0 {
        assert_eq!(end.0, PaymentState::Paid, "{context}: nobody died, so it is sold");
    }
    Told {
        first: life.steps(),
        second_died: deaths.second != 0 && second_life.steps() >= deaths.second,
    }
}

#[test]
fn a_confirmation_ends_true_wherever_its_process_dies() {
    let books = Books::Sqlite;
    matrix(books, &ways(), 12, 4, |way, deaths| alone(story(books, way, deaths)));
}

#[test]
fn a_confirmation_ends_true_wherever_its_process_dies_on_postgres() {
    let database = postgres::database();
    let books = Books::Postgres(&database);
    matrix(books, &ways(), 4, 2, |way, deaths| alone(story(books, way, deaths)));
}

#[test]
fn a_confirmation_ends_true_when_the_process_that_takes_over_dies_too() {
    let (books, each) = (Books::Sqlite, if is_full() { 40 } else { 2 });
    double_deaths(books, &ways(), each, |way, deaths| alone(story(books, way, deaths)));
}
