//! After a long outage: thousands of payments were being confirmed when the gateway hung and every
//! process died. Hours later one starts, and the gateway permits only so many look-ups a minute.
//!
//! All must be settled, the gateway never asked more than it permits, and whoever comes to buy
//! meanwhile must not wait behind those who came hours ago.

use std::{num::NonZeroU16, sync::Arc, time::Duration};

use payonce_domain::{
    ids::OrderId, incident::IncidentType, order::OrderStatus, sale::Sale, time::Timestamp,
};
use payonce_engine::Engine;
use payonce_proof::{
    mortal::Life,
    world::{World, alone, order_of},
};
use payonce_resilience::breaker::Span;
use payonce_simulator::toss::{
    buyer::BuyerChoice,
    faults::{CallFaults, Faults, Profile},
    operation::Operation,
    plan::Course,
    script::{CallScript, Script},
    settings::{Percent, Settings as TossSettings},
};

use crate::{
    is_full, postgres,
    shop::{LONG, kind},
};

/// A buyer whose confirmation is answered at once knows within this time,
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// and one whose answer is lost within this.
const LOST_WITHIN: Duration = Duration::from_mins(2);

/// How many are in doubt, what the gateway permits, and how often a new buyer comes.
#[derive(Debug, Clone, Copy)]
struct Outage {
    payments: usize,
    look_ups_per_minute: u32,
    buyers_apart: Duration,
}

/// Someone who buys while the backlog is worked off.
struct Buyer {
    id: OrderId,
    came_back: Timestamp,
    is_lost: bool,
}

impl Outage {
    /// Tells processes of the limit, and lets so many be confirmed at once: no breaker and no
    /// bulkhead keeps this outage small.
    fn prepare(self, world: &mut World) {
        world.toss_gateway.manners.look_ups_per_minute = Some(self.look_ups_per_minute);
        world.toss_layers.charges_at_once = self.payments;
        world.toss_layers.charge_breaker.span = Span::LastCalls(NonZeroU16::MAX);
        world.toss_layers.charge_breaker.minimum_calls = NonZeroU16::MAX;
        world.settings.obligations_every = Duration::from_millis(200);
    }

    async fn story(self, mut world: World) {
        self.prepare(&mut world);
        let world = Arc::new(world);
        let in_doubt = self.everything_hangs(&world).await;
        world.pass(Duration::from_hours(3)).await;

        let calm = world.toss.settings().as_ref().clone();
        world.toss.change(TossSettings { faults: Profile::Calm.faults(), ..calm }).expect("calm");
        let product = in_doubt.first().expect("some").holds[0].product_id;
        let began = world.age();
        let engine = world.process(&Life::ending_at(0)).await;
        // What the gateway tells by itself is not the question here.
        world.cut_callbacks();

        let mut buyers = Vec::new();
        let mut kept_back = 0;
        let mut settled_after = Duration::ZERO;
        while settled_after.is_zero() {
            assert!(
                world.age().saturating_sub(began) < Duration::from_hours(1),
                "{self:?}: not settled"
            );
            for _ in 0..6 {
                buyers.push(buy(&world, &engine, product, buyers.len()).await);
                world.pass(self.buyers_apart).await;
            }
            if kept_back == 0 {
                kept_back = kept_back_of(&world).await;
            }
            let open = world.store.open_sales(None, 500).await.expect("books");
            if !open.iter().any(|sale| in_doubt.iter().any(|old| old.order.id == sale.order.id)) {
                settled_after = world.age().saturating_sub(began);
            }
        }
        assert!(world.until_final(LONG).await, "{self:?}: not final");
        world.assert_true("after the outage").await;
        // What was asked about beyond the horizon and is still in doubt is told to people, nothing else is.
        let incidents = world.store.incidents(20_000).await.expect("books");
        let told = incidents.len();
        assert!(incidents.iter().all(|told| told.kind == IncidentType::Unresolved), "{self:?}");
        let (answered, lost) = waits(&world, &buyers).await;
        let peak = self.busiest_minute(&world);
        println!(
            "{} in doubt, {} look-ups a minute permitted: {kept_back} kept back at first, settled \
             after {settled_after:?}, {peak} look-ups in the busiest minute; of {} buyers meanwhile \
             the slowest knew after {answered:?}, with a lost answer after {lost:?}; {told} alarms",
            self.payments,
            self.look_ups_per_minute,
            buyers.len()
        );
        assert!(kept_back > self.payments / 4, "the backlog was no backlog: {kept_back}");
        let permitted = usize::try_from(self.look_ups_per_minute).expect("few");
        assert!(peak <= permitted, "{peak} look-ups in a minute, {permitted} permitted");
        assert!(peak > permitted / 2, "only {peak} of {permitted}: needlessly slow");
        assert!(answered <= ANSWERED_WITHIN, "answered at once: {answered:?}");
        assert!(lost <= LOST_WITHIN, "answer lost: {lost:?}");
        ends(&world, &in_doubt).await;
    }

    /// Buyers come back to two processes, their confirmations hang, and both processes die.
    async fn everything_hangs(self, world: &World) -> Vec<Sale> {
        let lives = [Life::ending_at(0), Life::ending_at(0)];
        let processes = [world.process(&lives[0]).await, world.process(&lives[1]).await];
        world.cut_callbacks();
        let copies = u32::try_from(2 * self.payments).expect("few");
        let product = world.product(&processes[0], copies).await;
        let hang = Percent::new(80.0).expect("a share");
        let drop_before = Percent::new(20.0).expect("a share");
        let confirm = CallFaults { hang, drop_before, ..CallFaults::default() };
        let settings = world.toss.settings().as_ref().clone();
        let faults = Faults { confirm, ..Faults::default() };
        world.toss.change(TossSettings { faults, ..settings }).expect("changed");
        for number in 0..self.payments {
            let engine = &processes[number % 2];
            let request = world.order_by_page(product, &format!("in doubt {number}"));
            let id = order_of(&engine.place(request).await.expect("placed")).expect("an order");
            let choice = if number % 5 == 0 { BuyerChoice::PayOverLimit } else { BuyerChoice::Pay };
            let fields = world.at_the_page(id, choice).await.expect("at the page");
            world.come_back(engine, &fields).await.expect("taken");
        }
        world.pass(Duration::from_secs(2)).await;
        for life in &lives {
            life.kill();
        }
        let sales = world.sales().await;
        let undecided =
            |sale: &&Sale| sale.live_attempt().is_some_and(|live| live.state.is_at_gateway());
        assert_eq!(sales.iter().filter(undecided).count(), self.payments, "all are in doubt");
        sales
    }

    /// By the gateway's own log.
    fn busiest_minute(self, world: &World) -> usize {
        let requests = world.toss.books().requests;
        let asked = requests.iter().filter(|row| row.operation == Operation::Query);
        let mut at_ms: Vec<u64> = asked.map(|row| ms_of_day(&row.at)).collect();
        at_ms.sort_unstable();
        assert!(at_ms.len() >= self.payments, "{self:?}: {} look-ups", at_ms.len());
        let within = |from: usize| at_ms[from..].partition_point(|at| at - at_ms[from] < 60_000);
        (0..at_ms.len()).map(within).max().unwrap_or(0)
    }
}

/// `2026-09-21T14:13:20.000Z` as milliseconds of its day, which these stories do not outlast.
fn ms_of_day(at: &str) -> u64 {
    let (_, time) = at.trim_end_matches('Z').split_once('T').expect("a time");
    let parts: Vec<u64> =
        time.split([':', '.']).map(|part| part.parse().expect("a number")).collect();
    ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000 + parts[3]
}

/// Someone buys; every other answer is lost.
async fn buy(
    world: &World,
    engine: &Engine,
    product: payonce_domain::ids::ProductId,
    number: usize,
) -> Buyer {
    let request = world.order_by_page(product, &format!("new {number}"));
    let id = order_of(&engine.place(request).await.expect("placed")).expect("an order");
    let is_lost = number % 2 == 1;
    if is_lost {
        let order_id = world.sale(id).await.attempts[0].gateway_order_id.clone();
        let lost = CallScript::for_order(Operation::Confirm, order_id, Course::Lost);
        world.toss.script(Script { calls: vec![lost] });
    }
    let fields = world.at_the_page(id, BuyerChoice::Pay).await.expect("at the page");
    let came_back = engine.clock().now();
    world.come_back(engine, &fields).await.expect("taken");
    Buyer { id, came_back, is_lost }
}

/// Look-ups that stand in line because the gateway permits no more now.
async fn kept_back_of(world: &World) -> usize {
    let mut waiting = 0;
    let mut after = None;
    loop {
        let page = world.store.open_sales(after, 500).await.expect("books");
        let Some(last) = page.last() else { return waiting };
        after = Some(last.order.id);
        let in_line = |sale: &&Sale| {
            let mut errors = sale.obligations.iter().filter_map(|owed| owed.last_error.as_ref());
            errors.any(|error| error.contains("waits for room"))
        };
        waiting += page.iter().filter(in_line).count();
    }
}

/// The longest that a buyer waited: answered at once, and with a lost answer.
async fn waits(world: &World, buyers: &[Buyer]) -> (Duration, Duration) {
    let (mut answered, mut lost) = (Duration::ZERO, Duration::ZERO);
    for buyer in buyers {
        let sale = world.sale(buyer.id).await;
        assert_eq!(sale.order.status, OrderStatus::Completed, "a buyer was turned away");
        let longest = if buyer.is_lost { &mut lost } else { &mut answered };
        *longest = sale.payment.changed_at.since(buyer.came_back).max(*longest);
    }
    (answered, lost)
}

/// Of those in doubt some had been charged, some refused, and some never reached the gateway.
async fn ends(world: &World, in_doubt: &[Sale]) {
    let (mut completed, mut failed) = (0, 0);
    for old in in_doubt {
        match world.sale(old.order.id).await.order.status {
            OrderStatus::Completed => completed += 1,
            OrderStatus::Failed => failed += 1,
            other => panic!("{other:?}"),
        }
    }
    println!("{completed} of them had been charged, {failed} had not");
    assert!(completed * 2 > in_doubt.len() && failed * 5 > in_doubt.len());
}

#[test]
fn a_backlog_is_settled_within_the_permitted_look_ups_and_starves_no_new_buyer() {
    let payments = if is_full() { 10_000 } else { 1_000 };
    let buyers_apart = Duration::from_secs(2);
    let outage = Outage { payments, look_ups_per_minute: 600, buyers_apart };
    alone(async { outage.story(World::on_sqlite(kind(7_100), 7_100).await).await });
}

#[test]
fn a_backlog_is_settled_within_the_permitted_look_ups_on_postgres() {
    let payments = if is_full() { 500 } else { 80 };
    let buyers_apart = Duration::from_secs(5);
    let outage = Outage { payments, look_ups_per_minute: 60, buyers_apart };
    let database = postgres::database();
    alone(async {
        outage.story(World::on_postgres(database.emptied(), kind(7_200), 7_200).await).await;
    });
}
