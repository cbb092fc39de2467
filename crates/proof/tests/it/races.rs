//! Races: many buyers, many clicks, several processes, and processes that sleep and wake.

use std::time::Duration;

use payonce_domain::{
    checkout::{Item, PlaceRefusal},
    ids::{Mint, OrderId, ProductId},
    incident::IncidentType,
    obligation::{Obligation, ObligationState},
    order::OrderStatus,
    payment::{AttemptState, PaymentState, renew::RenewRefusal},
    refund::RefundState,
    sale::Sale,
    time::Timestamp,
};
use payonce_engine::{
    Engine,
    checkout::{Call, CheckoutError, PayAgain, PayWith, Taken},
    giving_up::GiveUpError,
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
    plan::{LookUpFault, Verdict},
    script::{LookUpScript, PostScript, Script, Step},
    settings::Settings,
};

use crate::{
    is_full,
    postgres::{self, Database},
    shop::{LONG, Shop, kind},
};

/// A world on PostgreSQL with three processes.
struct Three {
    shop: Shop,
    engines: Vec<Engine>,
}

impl Three {
    async fn open(settings: Settings, stock: u32) -> Self {
        let seed = settings.seed;
        let database = postgres::database();
        let mut world = World::on_postgres(database.emptied(), settings, seed).await;
        world.lanes = 4;
        let shop = Shop::in_world(world, stock).await;
        let mut engines = vec![shop.engine.clone()];
        for _ in 0..2 {
            engines.push(shop.world.process(&Life::ending_at(0)).await);
        }
        Self { shop, engines }
    }

    /// All at once, each at the next process in turn; answers in the order of asking.
    async fn at_once<T: Send + 'static, F>(&self, calls: Vec<impl FnOnce(Engine) -> F>) -> Vec<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let engines = self.engines.iter().cycle().cloned();
        let asked: Vec<_> = calls
            .into_iter()
            .zip(engines)
            .map(|(call, engine)| tokio::spawn(call(engine)))
            .collect();
        let mut answers = Vec::with_capacity(asked.len());
        for answer in asked {
            answers.push(answer.await.expect("answered"));
        }
        answers
    }
}

fn scripted(shop: &Shop, posts: Vec<PostScript>, look_ups: Vec<LookUpScript>) {
    shop.world.simulator.script(Script { posts, look_ups });
}

fn pay_again(shop: &Shop, order_id: payonce_domain::ids::OrderId, key: &str) -> PayAgain {
    let key = IdempotencyKey { scope: shop.world.owner.to_string(), key: key.to_owned() };
    let call = Call { key, fingerprint: order_id.to_string() };
    PayAgain { call, order_id, pay_with: PayWith::Card(card()), gateway: None }
}

#[test]
fn three_hundred_buyers_of_a_hundred_copies_at_three_processes_get_exactly_a_hundred() {
    alone(async {
        let three = Three::open(kind(31), 100).await;
        let calls = (0..300).map(|buyer| {
            let request = three.shop.world.order(three.shop.product, &format!("buyer {buyer}"));
            move |engine: Engine| async move { engine.place(request).await }
        });
        let answers = three.at_once(calls.collect()).await;
        let sold = answers.iter().filter(|answer| matches!(answer, Ok(Taken::Now(_)))).count();
        let sold_out = |answer: &&Result<Taken, CheckoutError>| {
            matches!(answer, Err(CheckoutError::Place(PlaceRefusal::SoldOut { .. })))
        };
        let refused = answers.iter().filter(sold_out).count();
        assert_eq!((sold, refused), (100, 200));
        three.shop.assert_ends_true("three hundred buyers", &[]).await;
        assert_eq!(three.shop.ends().await, [("completed", 100)].into());
        assert_eq!(three.shop.product().await.available, 0);
        assert_eq!(three.shop.world.simulator.summary().approved, 100);
    });
}

#[test]
fn fifty_placements_at_once_under_one_key_are_one_order_and_one_transaction() {
    alone(async {
        let three = Three::open(kind(32), 100).await;
        let calls = (0..50).map(|_| {
            let request = three.shop.world.order(three.shop.product, "one key");
            move |engine: Engine| async move { engine.place(request).await }
        });
        let answers = three.at_once(calls.collect()).await;
        let ids: std::collections::BTreeSet<_> =
            answers.iter().map(|answer| order_of(answer.as_ref().expect("taken"))).collect();
        assert_eq!(ids.len(), 1);
        let now = answers.iter().filter(|answer| matches!(answer, Ok(Taken::Now(_)))).count();
        assert_eq!(now, 1, "one made it, the others were told of it");
        three.shop.assert_ends_true("one key", &[]).await;
        assert_eq!(three.shop.world.simulator.summary().counts.posts, 1);
        assert_eq!(three.shop.product().await.available, 99);
    });
}

#[test]
fn fifty_payments_at_once_of_one_declined_order_are_one_attempt() {
    alone(async {
        let three = Three::open(kind(33), 100).await;
        let shop = &three.shop;
        scripted(shop, vec![PostScript::next([Step::Verdict(Verdict::Limit)])], Vec::new());
        let id = shop.order("declined").await;
        shop.world.pass(Duration::from_secs(30)).await;
        assert_eq!(shop.sale(id).await.payment.state, PaymentState::Created);
        let calls = (0..50).map(|click| {
            let request = pay_again(shop, id, &format!("click {click}"));
            move |engine: Engine| async move { engine.pay_again(request).await }
        });
        let answers = three.at_once(calls.collect()).await;
        let now = answers.iter().filter(|answer| matches!(answer, Ok(Taken::Now(_)))).count();
        let in_progress = |answer: &&Result<Taken, CheckoutError>| {
            matches!(answer, Err(CheckoutError::Renew(RenewRefusal::InProgress)))
        };
        assert_eq!((now, answers.iter().filter(in_progress).count()), (1, 49));
        assert_eq!(shop.sale(id).await.attempts.len(), 2);
        shop.assert_ends_true("paid again", &[]).await;
        assert_eq!(shop.world.simulator.summary().counts.posts, 2, "the declined one and one more");
        assert_eq!(shop.ends().await, [("completed", 1)].into());
    });
}

#[test]
fn a_buyer_who_clicks_again_after_a_lost_answer_is_charged_once() {
    alone(async {
        let three = Three::open(kind(34), 10).await;
        let shop = &three.shop;
        let lost = PostScript::next([Step::Accept, Step::DropResponse]).times(5);
        scripted(shop, vec![lost], Vec::new());
        let id = shop.order("click").await;
        for engine in &three.engines {
            shop.world.pass(Duration::from_millis(700)).await;
            let again = engine.place(shop.world.order(shop.product, "click")).await;
            assert_eq!(again, Ok(Taken::Before(id)));
            let renewed = engine.pay_again(pay_again(shop, id, "another key")).await;
            assert_eq!(renewed, Err(CheckoutError::Renew(RenewRefusal::InProgress)));
        }
        shop.assert_ends_true("clicked again", &[]).await;
        assert_eq!(shop.world.simulator.summary().counts.posts, 1);
        let other_body = shop.world.product(&shop.engine, 10).await;
        let reused = shop.engine.place(shop.world.order(other_body, "click")).await;
        assert_eq!(reused, Err(CheckoutError::KeyReused), "the same key for something else");
        assert_eq!(shop.sales().await.len(), 1);
    });
}

/// One order, whose process stops at this step and wakes only after another one has finished its
/// work. Returns whether it came that far.
fn check_pause(name: &str, steps: &[Step], paused_at: u64, database: Option<&Database>) -> bool {
    alone(async {
        let context = format!("{name}, paused at step {paused_at}");
        let settings = Settings { callbacks: false, ..kind(35) };
        let world = match database {
            Some(database) => World::on_postgres(database.emptied(), settings, 35).await,
            None => World::on_sqlite(settings, 35).await,
        };
        let setting_up = Life::ending_at(0);
        let engine = world.process(&setting_up).await;
        let product = world.product(&engine, 5).await;
        setting_up.kill();
        let posts = vec![PostScript::next(steps.to_vec()).times(10)];
        world.simulator.script(Script { posts, look_ups: Vec::new() });

        let life = Life::pausing_at(paused_at);
        let sleeper = world.process(&life).await;
        let request = world.order(product, "the order");
        let placing = {
            let request = request.clone();
            tokio::spawn(async move { sleeper.place(request).await })
        };
        world.pass(Duration::from_mins(2)).await;
        if !life.is_paused() {
            return false;
        }
        let other = world.process(&Life::ending_at(0)).await;
        let again = order_of(&other.place(request).await.expect("taken")).expect("an order");
        assert!(world.until_final(LONG).await, "{context}: not final while one sleeps");
        world.assert_true(&context).await;
        let posts = world.simulator.summary().counts.posts;
        let before = world.sale(again).await;

        life.wake();
        world.pass(Duration::from_mins(40)).await;
        let after = world.simulator.summary();
        assert_eq!(after.counts.posts, posts, "{context}: sent after another had finished");
        assert!(after.approved <= 1, "{context}: charged {} times", after.approved);
        let woken = world.sale(again).await;
        assert_eq!(woken.order, before.order, "{context}: what woke up moved the order");
        assert_eq!(woken.payment, before.payment, "{context}: what woke up moved the payment");
        assert_eq!(woken.attempts, before.attempts, "{context}: what woke up moved an attempt");
        assert_eq!(woken.holds, before.holds, "{context}: what woke up moved a hold");
        let verdict = world.assert_true(&context).await;
        assert_eq!(verdict.orders, 1, "{context}: one key, one order");
        assert!(world.store.incidents(10).await.expect("books").is_empty(), "{context}");
        placing.abort();
        true
    })
}

fn pauses(database: Option<&Database>, at_most: u64) {
    let approve = Step::Verdict(Verdict::Approve);
    let ways: [(&str, Vec<Step>); 4] = [
        ("approved", vec![Step::Accept, approve.clone()]),
        ("answer lost", vec![Step::Accept, Step::DropResponse, approve.clone()]),
        ("certain failure", vec![Step::Fail500]),
        ("hangs", vec![Step::HangMs(60_000), approve]),
    ];
    for (name, steps) in ways {
        let mut paused_at = 1;
        while paused_at <= at_most && check_pause(name, &steps, paused_at, database) {
            paused_at += 1;
        }
        println!("{name}: paused at {} steps", paused_at - 1);
        assert!(paused_at > at_most.min(8), "{name}: only {paused_at} steps");
    }
}

#[test]
fn a_process_that_sleeps_at_any_step_and_wakes_too_late_charges_and_changes_nothing() {
    pauses(None, if is_full() { 100 } else { 16 });
}

#[test]
fn a_process_that_sleeps_and_wakes_too_late_charges_and_changes_nothing_on_postgres() {
    pauses(Some(&postgres::database()), if is_full() { 100 } else { 6 });
}

#[test]
fn a_lease_that_was_slept_through_moves_nothing() {
    alone(async {
        let mut world = World::on_postgres(postgres::database().emptied(), kind(40), 40).await;
        // The sweep makes look-ups due as well, which is not the question here.
        world.settings.adjustment_every = Duration::from_hours(10);
        world.simulator.script(Script {
            posts: vec![PostScript::next([Step::NeverProcess])],
            look_ups: Vec::new(),
        });
        let (sleeping, taking_over) = (Life::ending_at(0), Life::ending_at(0));
        let sleeper = world.process(&sleeping).await;
        let product = world.product(&sleeper, 5).await;
        let taken = world.place(&sleeper, product, "the order").await.expect("taken");
        let id = order_of(&taken).expect("an order");
        let owed = async || world.sale(id).await.obligations[0].clone();
        // The gateway has it, so the next step is the end of a claim: the lease is held, and the
        // look-up is not begun.
        world.pass(Duration::from_millis(1_500)).await;
        sleeping.pause_after(1);
        world.pass(Duration::from_secs(15)).await;
        assert!(sleeping.is_paused() && owed().await.leased_until.is_some());
        let slept_through = owed().await;
        let _other = world.process(&taking_over).await;
        world.pass(Duration::from_mins(5)).await;
        taking_over.kill();
        let now_owed = owed().await;
        assert!(now_owed.fence > slept_through.fence, "nobody took over");

        let asked = world.simulator.summary().counts.look_ups;
        sleeping.wake();
        world.pass(Duration::from_secs(1)).await;
        assert_eq!(world.simulator.summary().counts.look_ups, asked + 1, "what woke up asked");
        assert_eq!(owed().await, now_owed, "and its old lease moved nothing");
    });
}

/// A request that outlives all belief: it hangs at the gateway for eight minutes.
struct LateCharge {
    shop: Shop,
    id: OrderId,
}

impl LateCharge {
    /// Hangs, and its absence is believed.
    async fn believed_absent(callbacks: bool, stock: u32) -> Self {
        let shop = Shop::open(Settings { callbacks, ..kind(36) }, stock).await;
        scripted(&shop, vec![PostScript::next([Step::HangMs(8 * 60_000)])], Vec::new());
        let id = shop.order("late").await;
        shop.world.pass(Duration::from_mins(5)).await;
        assert_eq!(shop.sale(id).await.attempts[0].state, AttemptState::NotCharged, "believed");
        Self { shop, id }
    }

    /// Found charged. Returns what became of the payment, and what people are told.
    async fn ends(&self) -> (Sale, Vec<IncidentType>) {
        self.shop.world.pass(Duration::from_mins(40)).await;
        let sale = self.shop.sale(self.id).await;
        assert_eq!(sale.attempts[0].state, AttemptState::Approved, "a late charge is never silent");
        self.shop.world.assert_true("late charge").await;
        let told = self.shop.incidents().await.iter().map(|incident| incident.kind).collect();
        (sale, told)
    }
}

#[test]
fn a_charge_later_than_any_belief_is_adopted_if_the_gateway_calls_back_in_time() {
    alone(async {
        let (sale, told) = LateCharge::believed_absent(true, 5).await.ends().await;
        assert_eq!((sale.payment.state, told), (PaymentState::Paid, vec![]));
    });
}

#[test]
fn a_charge_later_than_any_belief_that_is_found_too_late_is_served_while_stock_is_left() {
    alone(async {
        let late = LateCharge::believed_absent(false, 1).await;
        late.shop.world.pass(Duration::from_mins(11)).await;
        assert_eq!(late.shop.sale(late.id).await.order.status, OrderStatus::Failed, "expired");
        assert_eq!(late.shop.product().await.available, 1, "what it held went back");
        let (sale, told) = late.ends().await;
        assert_eq!((sale.payment.state, told), (PaymentState::Paid, vec![]));
        assert_eq!(sale.order.status, OrderStatus::Completed);
        assert_eq!(late.shop.product().await.available, 0, "and was taken again");
    });
}

#[test]
fn a_charge_later_than_any_belief_is_alarmed_if_another_buyer_has_the_last_copy() {
    alone(async {
        let late = LateCharge::believed_absent(false, 1).await;
        late.shop.world.pass(Duration::from_mins(11)).await;
        let other = late.shop.order("the last copy").await;
        let (sale, told) = late.ends().await;
        assert_eq!(late.shop.sale(other).await.order.status, OrderStatus::Completed);
        assert_eq!(
            (sale.payment.state, sale.order.status),
            (PaymentState::CompensationFailed, OrderStatus::Failed)
        );
        assert_eq!(told, [IncidentType::ChargedAfterGivenUp]);
        let [refund] = &sale.refunds[..] else { panic!("{:?}", sale.refunds) };
        assert_eq!((refund.state, refund.amount), (RefundState::Refused, sale.payment.amount));
        let parked = |owed: &&Obligation| {
            owed.refund_id == Some(refund.id) && owed.state == ObligationState::Parked
        };
        assert_eq!(sale.obligations.iter().filter(parked).count(), 1, "it waits for people");
        assert_eq!(late.shop.product().await.available, 0);
    });
}

#[test]
fn a_late_charge_beside_a_newer_payment_is_alarmed_as_a_duplicate() {
    alone(async {
        let shop = Shop::open(Settings { callbacks: false, ..kind(37) }, 5).await;
        scripted(&shop, vec![PostScript::next([Step::HangMs(8 * 60_000)])], Vec::new());
        let id = shop.order("late").await;
        shop.world.pass(Duration::from_mins(5)).await;
        let again = shop.engine.pay_again(pay_again(&shop, id, "another card")).await;
        assert_eq!(again, Ok(Taken::Now(id)));
        shop.world.pass(Duration::from_mins(40)).await;
        let sale = shop.sale(id).await;
        assert_eq!(
            (sale.payment.state, sale.order.status),
            (PaymentState::Paid, OrderStatus::Completed)
        );
        assert!(sale.attempts.iter().all(|attempt| attempt.state == AttemptState::Approved));
        let kinds: Vec<_> = shop.incidents().await.iter().map(|incident| incident.kind).collect();
        assert_eq!(kinds, [IncidentType::DuplicateCharge]);
        assert_eq!(shop.product().await.available, 4, "fulfilled once");
        shop.world.assert_true("duplicate").await;
    });
}

#[test]
fn a_process_that_stops_mid_work_gives_its_leases_back_and_another_finishes_at_once() {
    alone(async {
        let world = World::on_postgres(postgres::database().emptied(), kind(38), 38).await;
        let mut shop = Shop::in_world(world, 5).await;
        // A lease that would hold up the story for an hour if it were not given back.
        shop.world.settings.lease = Duration::from_hours(1);
        shop.engine.stop(Duration::ZERO).await;
        let life = Life::ending_at(0);
        let stopping = shop.world.process(&life).await;
        shop.world.cut_callbacks();
        let hangs = LookUpScript::next(LookUpFault::HangMs(60_000)).times(1);
        scripted(&shop, vec![PostScript::next([Step::DropResponse])], vec![hangs]);
        let id = order_of(&stopping.place(shop.world.order(shop.product, "stop")).await.unwrap());
        let id = id.expect("an order");
        let leased = async || {
            let sale = shop.sale(id).await;
            sale.obligations.iter().any(|owed| owed.leased_until.is_some())
        };
        let mut waited = 0;
        while !leased().await {
            waited += 1;
            assert!(waited < 600, "nothing was ever leased");
            shop.world.pass(Duration::from_millis(100)).await;
        }
        assert!(!stopping.stop(Duration::from_millis(100)).await, "a look-up is still under way");
        assert!(!leased().await, "the lease is given back");
        life.kill();
        shop.engine = shop.world.process(&Life::ending_at(0)).await;
        shop.world.pass(Duration::from_secs(20)).await;
        assert_eq!(shop.sale(id).await.order.status, OrderStatus::Completed);
        shop.assert_ends_true("stopped", &[]).await;
    });
}

/// Items of up to three products, in any order.
fn basket(products: &[ProductId], chance: &SeededEntropy) -> Vec<Item> {
    let mut products = products.to_vec();
    let count = 1 + chance.number() % 3;
    (0..count)
        .map(|_| {
            let at = usize::try_from(chance.number() % products.len() as u64).expect("small");
            Item { product_id: products.remove(at), quantity: 1 }
        })
        .collect()
}

#[test]
fn a_mixed_load_from_three_processes_ends_true_without_a_deadlock() {
    alone(async {
        let three = Three::open(Settings::stock(39), 1_000).await;
        let shop = &three.shop;
        let mut products = vec![shop.product];
        for _ in 0..4 {
            products.push(shop.world.product(&shop.engine, 40).await);
        }
        let orders = if is_full() { 600 } else { 150 };
        let buyers = (0..orders).map(|buyer| {
            let chance = SeededEntropy::new(4_000 + buyer);
            let mut request = shop.world.order(shop.product, &format!("buyer {buyer}"));
            request.items = basket(&products, &chance);
            let nobody = Mint::new(Timestamp::from_micros(1), buyer).id();
            let again = pay_again(shop, nobody, &format!("again {buyer}"));
            move |engine: Engine| async move {
                engine.clock().sleep(Duration::from_millis(chance.number() % 20_000)).await;
                let id = match engine.place(request).await {
                    Ok(taken) => order_of(&taken).expect("an order"),
                    Err(CheckoutError::Place(PlaceRefusal::SoldOut { .. })) => return "sold out",
                    Err(error) => panic!("{error}"),
                };
                engine.clock().sleep(Duration::from_millis(chance.number() % 90_000)).await;
                match chance.number() % 3 {
                    0 => match engine.cancel(id, "changed my mind").await {
                        Ok(()) => "cancelled",
                        Err(GiveUpError::Refused(_)) => "not cancelled",
                        Err(error) => panic!("{error}"),
                    },
                    1 => match engine.pay_again(PayAgain { order_id: id, ..again }).await {
                        Ok(_) => "paid again",
                        Err(CheckoutError::Renew(_)) => "not paid again",
                        Err(error) => panic!("{error}"),
                    },
                    _ => {
                        engine.check(id).await.expect("checked");
                        "checked"
                    }
                }
            }
        });
        let answers = three.at_once(buyers.collect()).await;
        let mut seen = std::collections::BTreeMap::new();
        for answer in answers {
            *seen.entry(answer).or_insert(0) += 1;
        }
        println!("mixed load: {seen:?}");
        for rare in ["sold out", "cancelled", "not cancelled", "paid again", "checked"] {
            assert!(seen.contains_key(rare), "{rare} never happened: {seen:?}");
        }
        let settled = shop.world.until_final(LONG).await;
        let open =
            shop.sales().await.into_iter().filter(|sale| sale.order.status == OrderStatus::Pending);
        assert!(settled, "not final after {LONG:?}: {:#?}", open.collect::<Vec<_>>());
        shop.world.assert_true("mixed load").await;
        assert!(shop.incidents().await.is_empty());
    });
}
