//! A process dies before or after every commit and every gateway call; another one goes on.

use std::time::Duration;

use payonce_domain::{order::OrderStatus, payment::PaymentState};
use payonce_engine::checkout::Taken;
use payonce_proof::{mortal::Life, world::World};
use payonce_simulator::pg::{
    plan::Verdict,
    script::{PostScript, Script, Step},
    settings::Settings,
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

async fn world(way: &Way, seed: u64) -> World {
    let mut settings = Settings::stock(seed);
    settings.callbacks = way.callbacks;
    let world = World::on_sqlite(settings, seed).await;
    let posts = vec![PostScript::next(way.steps.clone()).times(6)];
    world.simulator.script(Script { posts, look_ups: Vec::new() });
    world
}

/// One order, whose process dies at this step; then another process takes over. Returns how many
/// steps the first process took.
async fn story(way: &Way, dies_at: u64) -> u64 {
    let context = format!("{}, process dies at step {dies_at}", way.name);
    let world = world(way, 1_000 + dies_at).await;
    let setting_up = Life::ending_at(0);
    let first = world.process(&setting_up);
    let product = world.product(&first, 5).await;
    setting_up.kill();

    let life = Life::ending_at(dies_at);
    let engine = world.process(&life);
    let request = world.order(product, "the order");
    let placing = {
        let (engine, request) = (engine.clone(), request.clone());
        tokio::spawn(async move { engine.place(request).await })
    };
    world.pass(Duration::from_mins(5)).await;
    let answered = placing.is_finished();
    placing.abort();
    if dies_at != 0 && !life.is_dead() {
        return life.steps();
    }
    life.kill();

    // A new process, and a buyer who heard nothing and asks again with the same key.
    let second = world.process(&Life::ending_at(0));
    let again = second.place(request).await;
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
    life.steps()
}

#[tokio::test(start_paused = true)]
async fn an_order_ends_true_wherever_its_process_dies() {
    for way in ways() {
        let mut dies_at = 1;
        let mut deaths = 0;
        loop {
            let steps = story(&way, dies_at).await;
            if steps < dies_at {
                break;
            }
            deaths += 1;
            dies_at += 1;
        }
        println!("{:<28} {deaths} deaths", way.name);
        assert!(deaths >= 6, "{}: only {deaths} steps: the matrix is too small", way.name);
    }
}
