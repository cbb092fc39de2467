//! Money goes back, and the process dies before or after each commit and each call of the refund and
//! its look-ups. Another one goes on.

use std::time::Duration;

use payonce_domain::{
    order::OrderStatus,
    payment::PaymentState,
    refund::{RefundState, request::HowMuch},
};
use payonce_engine::{checkout::Call, refunds::AskRefund};
use payonce_ports::store::IdempotencyKey;
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

const LONG: Duration = Duration::from_hours(1);

/// How much goes back, and how the gateway takes the first requests.
#[derive(Debug, Clone)]
struct Way {
    how_much: HowMuch,
    courses: Vec<Course>,
}

fn ways() -> Vec<(&'static str, Way)> {
    let part = |name, courses: &[Course]| {
        (name, Way { how_much: HowMuch::Amount(5_000), courses: courses.to_vec() })
    };
    vec![
        part("part, given back", &[]),
        ("all, given back", Way { how_much: HowMuch::Rest, courses: Vec::new() }),
        part("answer lost", &[Course::Lost]),
        part("request lost", &[Course::DropBefore]),
        part("500, nothing done", &[Course::Fail, Course::Fail]),
        part("500, done", &[Course::FailAfter]),
        part("hangs, done meanwhile", &[Course::Hang { ms: 60_000, done_after_ms: 40_000 }]),
        part("done late", &[Course::Late { ms: 45_000 }]),
        part("busy", &[Course::Answer { code: "FORBIDDEN_CONSECUTIVE_REQUEST".into() }]),
        ("all, answer lost", Way { how_much: HowMuch::Rest, courses: vec![Course::Lost] }),
    ]
}

/// One paid order whose money goes back while processes die at these steps; at last one lives on.
async fn story(books: Books<'_>, way: &Way, deaths: Deaths) -> Told {
    let context = format!("{books:?}, {way:?}, {deaths:?}");
    let world = books.world(Settings::stock(3_000), 3_000).await;
    let setting_up = Life::ending_at(0);
    let first = world.process(&setting_up).await;
    let product = world.product(&first, 5).await;
    first.place(world.order_by_page(product, "the order")).await.expect("placed");
    let id = world.sales().await[0].order.id;
    let fields = world.at_the_page(id, BuyerChoice::Pay).await.expect("at the page");
    world.come_back(&first, &fields).await.expect("taken");
    assert!(world.until_settled(LONG).await, "{context}: never paid");
    setting_up.kill();
    let calls = way.courses.iter().map(|it| CallScript::next(Operation::Cancel, it.clone()));
    world.toss.script(Script { calls: calls.collect() });
    let ask = AskRefund {
        call: Call {
            key: IdempotencyKey { scope: world.owner.to_string(), key: "back".into() },
            fingerprint: "the same".into(),
        },
        order_id: id,
        how_much: way.how_much.clone(),
        expected_refundable: Some(15_000),
        reason: "a torn page".into(),
    };

    let life = Life::ending_at(deaths.first);
    let engine = world.process(&life).await;
    let asking = {
        let ask = ask.clone();
        tokio::spawn(async move { engine.ask_refund(ask).await })
    };
    world.pass(Duration::from_mins(3)).await;
    asking.abort();
    life.kill();

    let second_life = Life::ending_at(deaths.second);
    if deaths.second != 0 {
        let second = world.process(&second_life).await;
        let ask = ask.clone();
        let asking = tokio::spawn(async move { second.ask_refund(ask).await });
        world.pass(Duration::from_mins(3)).await;
        asking.abort();
        second_life.kill();
    }

    // A new process, and a shop that heard nothing and asks again with the same key.
    let last = world.process(&Life::ending_at(0)).await;
    let _again = last.ask_refund(ask).await;
    assert!(world.until_settled(LONG).await, "{context}: not certain after {LONG:?}");
    world.assert_true(&context).await;
    let sale = world.sale(id).await;
    assert_eq!(sale.refunds.len(), 1, "{context}: one key, one refund");
    assert_eq!(sale.refunds[0].state, RefundState::Done, "{context}");
    let end = (sale.payment.state, sale.order.status);
    let expected = match way.how_much {
        HowMuch::Rest => (PaymentState::Cancelled, OrderStatus::Cancelled),
        HowMuch::Amount(_) | HowMuch::Pieces(_) => {
            (PaymentState::PartiallyRefunded, OrderStatus::Completed)
        }
    };
    assert_eq!(end, expected, "{context}");
    Told {
        first: life.steps(),
        second_died: deaths.second != 0 && second_life.steps() >= deaths.second,
    }
}

#[test]
fn a_refund_ends_true_wherever_its_process_dies() {
    let books = Books::Sqlite;
    matrix(books, &ways(), 12, 4, |way, deaths| alone(story(books, way, deaths)));
}

#[test]
fn a_refund_ends_true_wherever_its_process_dies_on_postgres() {
    let database = postgres::database();
    let books = Books::Postgres(&database);
    matrix(books, &ways(), 4, 2, |way, deaths| alone(story(books, way, deaths)));
}

#[test]
fn a_refund_ends_true_when_the_process_that_takes_over_dies_too() {
    let (books, each) = (Books::Sqlite, if is_full() { 40 } else { 2 });
    double_deaths(books, &ways(), each, |way, deaths| alone(story(books, way, deaths)));
}
