//! Money goes back, and several ask for it at once through several processes, or one of them sleeps
//! with the work in hand and sends too late. What went back is judged by the gateway's own books.

use std::time::Duration;

use payonce_domain::{
    gateway::GatewayName,
    ids::{OrderId, ProductId},
    order::OrderStatus,
    payment::PaymentState,
    refund::{
        RefundState,
        request::{HowMuch, RefundRefusal},
    },
    sale::Sale,
};
use payonce_engine::{
    Engine,
    checkout::Call,
    giving_up::GiveUpError,
    refunds::{AskRefund, RefundError, RefundTaken},
};
use payonce_gateways::toss;
use payonce_ports::store::IdempotencyKey;
use payonce_proof::{
    mortal::Life,
    world::{World, alone, order_of},
};
use payonce_simulator::{
    pg::settings::Settings,
    toss::{
        books::PaymentRow,
        buyer::BuyerChoice,
        operation::Operation,
        plan::Course,
        script::{CallScript, Script},
    },
};

use crate::{deaths::Books, is_full, postgres};

const LONG: Duration = Duration::from_hours(1);
const PRICE: i64 = 15_000;

/// A world with one order, and three processes that share its books.
struct Three {
    world: World,
    engines: Vec<Engine>,
    product: ProductId,
    id: OrderId,
}

impl Three {
    /// The order was placed and its buyer is back; whether it is confirmed is another matter.
    async fn confirmed(books: Books<'_>, seed: u64, courses: Vec<Course>) -> Self {
        let mut world = books.world(Settings::stock(seed), seed).await;
        world.lanes = 2;
        let mut engines = Vec::new();
        for _ in 0..3 {
            engines.push(world.process(&Life::ending_at(0)).await);
        }
        let product = world.product(&engines[0], 5).await;
        let calls = courses.into_iter().map(|course| CallScript::next(Operation::Confirm, course));
        world.toss.script(Script { calls: calls.collect() });
        let id = paid_by_page(&world, &engines[0], product).await;
        Self { world, engines, product, id }
    }

    async fn paid(books: Books<'_>, seed: u64) -> Self {
        let three = Self::confirmed(books, seed, Vec::new()).await;
        assert!(three.world.until_settled(LONG).await, "never paid");
        assert_eq!(three.sale().await.payment.state, PaymentState::Paid);
        three
    }

    async fn sale(&self) -> Sale {
        self.world.sale(self.id).await
    }

    /// Everything is certain, all books are equal, and so much went back.
    async fn assert_given_back(&self, context: &str, given: i64) -> Sale {
        assert!(self.world.until_settled(LONG).await, "{context}: not settled");
        self.world.assert_true(context).await;
        let sale = self.sale().await;
        let done = sale.refunds.iter().filter(|refund| refund.state == RefundState::Done);
        assert_eq!(done.map(|refund| refund.amount.minor).sum::<i64>(), given, "{context}: ours");
        assert_eq!(given_back(&payment(&self.world)), given, "{context}: the gateway's");
        let incidents = self.world.store.incidents(10).await.expect("books");
        assert!(incidents.is_empty(), "{context}: {incidents:#?}");
        sale
    }

    async fn available(&self) -> i64 {
        let product = self.world.store.product(self.product).await;
        product.expect("books").expect("the product").available
    }
}

/// The buyer agreed on the page and came back.
async fn paid_by_page(world: &World, engine: &Engine, product: ProductId) -> OrderId {
    let taken = engine.place(world.order_by_page(product, "the order")).await.expect("placed");
    let id = order_of(&taken).expect("an order");
    let fields = world.at_the_page(id, BuyerChoice::Pay).await.expect("at the page");
    world.come_back(engine, &fields).await.expect("taken");
    id
}

/// The only payment in the gateway's books.
fn payment(world: &World) -> PaymentRow {
    let mut payments = world.toss.books().payments;
    assert_eq!(payments.len(), 1, "{payments:?}");
    payments.remove(0)
}

fn given_back(row: &PaymentRow) -> i64 {
    row.cancels.iter().map(|cancel| i64::try_from(cancel.amount).expect("an amount")).sum()
}

fn ask(world: &World, id: OrderId, key: &str, how_much: HowMuch) -> AskRefund {
    AskRefund {
        call: Call {
            key: IdempotencyKey { scope: world.owner.to_string(), key: key.to_owned() },
            fingerprint: id.to_string(),
        },
        order_id: id,
        how_much,
        expected_refundable: None,
        reason: "a torn page".to_owned(),
    }
}

/// All ask at once, each at the next process. Says how many were taken; the others asked too much.
async fn ask_at_once(three: &Three, asks: Vec<AskRefund>) -> usize {
    let engines = three.engines.iter().cycle().cloned();
    let asked: Vec<_> = asks
        .into_iter()
        .zip(engines)
        .map(|(ask, engine)| tokio::spawn(async move { engine.ask_refund(ask).await }))
        .collect();
    let mut taken = 0;
    for answer in asked {
        match answer.await.expect("answered") {
            Ok(RefundTaken::Owed(_)) => taken += 1,
            Err(RefundError::Refused(RefundRefusal::TooMuch { refundable, asked })) => {
                assert!(asked > refundable);
            }
            other => panic!("{other:?}"),
        }
    }
    taken
}

fn on_both(story: impl Fn(Books<'_>)) {
    story(Books::Sqlite);
    story(Books::Postgres(&postgres::database()));
}

#[test]
fn two_refunds_of_more_than_half_at_the_same_moment_are_one() {
    on_both(|books| {
        alone(async {
            let three = Three::paid(books, 7_300).await;
            let most = HowMuch::Amount(PRICE * 60 / 100);
            let asks = ["one", "two"].map(|key| ask(&three.world, three.id, key, most.clone()));
            assert_eq!(ask_at_once(&three, asks.into()).await, 1, "{books:?}");
            let sale = three.assert_given_back(&format!("{books:?}"), 9_000).await;
            assert_eq!(sale.payment.state, PaymentState::PartiallyRefunded);
            assert_eq!(payment(&three.world).balance, 6_000);
        });
    });
}

#[test]
fn one_refund_asked_for_at_every_process_under_one_key_is_one() {
    on_both(|books| {
        alone(async {
            let three = Three::paid(books, 7_301).await;
            let asks = (0..12).map(|_| ask(&three.world, three.id, "one", HowMuch::Amount(4_000)));
            assert_eq!(ask_at_once(&three, asks.collect()).await, 12, "all are told of the one");
            let sale = three.assert_given_back(&format!("{books:?}"), 4_000).await;
            assert_eq!(sale.refunds.len(), 1);
        });
    });
}

#[test]
fn twenty_partial_refunds_at_once_give_back_no_more_than_was_charged() {
    on_both(|books| {
        alone(async {
            let three = Three::paid(books, 7_302).await;
            // The gateway answers a few of them badly.
            let courses = [Course::Lost, Course::Fail, Course::FailAfter, Course::DropBefore];
            let calls = courses.map(|course| CallScript::next(Operation::Cancel, course));
            three.world.toss.script(Script { calls: calls.into() });
            let asks = (0..20).map(|number| {
                let key = format!("part {number}");
                ask(&three.world, three.id, &key, HowMuch::Amount(1_000))
            });
            assert_eq!(ask_at_once(&three, asks.collect()).await, 15, "{books:?}");
            let sale = three.assert_given_back(&format!("{books:?}"), PRICE).await;
            assert_eq!(sale.refunds.len(), 15);
            let end = (sale.payment.state, sale.order.status);
            assert_eq!(end, (PaymentState::Cancelled, OrderStatus::Cancelled));
            assert_eq!(
                three.available().await,
                5,
                "nothing is left of the charge: the copy is back"
            );
            let requests = three.world.toss.books().requests;
            let asked = requests.iter().filter(|row| row.operation == Operation::Cancel).count();
            assert!(asked > 15, "{books:?}: every request was answered well");
        });
    });
}

/// A refund, a cancel and a callback at once, in this order of asking. What went back, by both books.
fn check_all_at_once(books: Books<'_>, first: usize) -> Result<RefundTaken, RefundError> {
    alone(async {
        let three = Three::paid(books, 7_303).await;
        let [a, b, c] = [0, 1, 2].map(|turn| three.engines[(first + turn) % 3].clone());
        let gateway = GatewayName::new(toss::NAME);
        let named = three.sale().await.attempts[0].gateway_order_id.clone();
        let part = ask(&three.world, three.id, "part", HowMuch::Amount(5_000));
        let id = three.id;
        let refund = async { a.ask_refund(part).await };
        let cancel = async { b.cancel(id, "changed my mind").await };
        let callback = async { c.called_back(&gateway, &named).await };
        let (asked, cancelled, called_back) = if first == 0 {
            tokio::join!(refund, cancel, callback)
        } else {
            let (cancelled, called_back, asked) = tokio::join!(cancel, callback, refund);
            (asked, cancelled, called_back)
        };
        assert_eq!(cancelled, Ok(()), "{books:?}: it can be cancelled in any case");
        assert!(called_back.is_ok());
        let sale = three.assert_given_back(&format!("{books:?}, {first}"), PRICE).await;
        let end = (sale.payment.state, sale.order.status);
        assert_eq!(end, (PaymentState::Cancelled, OrderStatus::Cancelled), "{books:?}");
        assert_eq!(sale.refunds.len(), if asked.is_ok() { 2 } else { 1 });
        assert_eq!(three.available().await, 5, "{books:?}: the copy is back, once");
        asked
    })
}

#[test]
fn a_refund_a_cancel_and_a_callback_at_once_give_everything_back_once() {
    on_both(|books| {
        let asked = [0, 1].map(|first| check_all_at_once(books, first));
        let too_late =
            Err(RefundError::Refused(RefundRefusal::TooMuch { refundable: 0, asked: 5_000 }));
        assert!(asked.iter().all(|asked| asked.is_ok() || *asked == too_late), "{asked:?}");
        if matches!(books, Books::Sqlite) {
            // There whoever asks first is first.
            assert!(asked[0].is_ok(), "the refund came first");
            assert_eq!(asked[1], too_late, "everything was on its way back");
        }
    });
}

#[test]
fn a_refund_a_cancel_and_a_callback_while_it_is_being_charged_give_everything_back_once() {
    on_both(|books| {
        alone(async {
            // Charged, and the answer lost: all three come before anybody knows.
            let three = Three::confirmed(books, 7_304, vec![Course::Late { ms: 20_000 }]).await;
            three.world.pass(Duration::from_secs(2)).await;
            let part = ask(&three.world, three.id, "part", HowMuch::Amount(5_000));
            let [a, b, c] = [0, 1, 2].map(|turn| three.engines[turn].clone());
            let gateway = GatewayName::new(toss::NAME);
            let named = three.sale().await.attempts[0].gateway_order_id.clone();
            let (asked, cancelled, called_back) = tokio::join!(
                a.ask_refund(part.clone()),
                b.cancel(three.id, "changed my mind"),
                c.called_back(&gateway, &named)
            );
            let not_paid = RefundRefusal::NotPaid(PaymentState::Processing);
            assert_eq!(asked, Err(RefundError::Refused(not_paid)), "{books:?}");
            assert!(cancelled.is_ok() && called_back.is_ok());
            let sale = three.assert_given_back(&format!("{books:?}"), PRICE).await;
            let end = (sale.payment.state, sale.order.status);
            assert_eq!(end, (PaymentState::Cancelled, OrderStatus::Cancelled), "{books:?}");
            assert_eq!(sale.refunds.len(), 1);
            assert_eq!(three.available().await, 5, "{books:?}");
            let again = a.ask_refund(part).await;
            assert!(matches!(again, Err(RefundError::Refused(_))), "{books:?}: {again:?}");
            let cancelled = b.cancel(three.id, "changed my mind").await;
            assert!(matches!(cancelled, Ok(()) | Err(GiveUpError::Refused(_))), "{cancelled:?}");
            three.assert_given_back(&format!("{books:?}, again"), PRICE).await;
        });
    });
}

/// How the gateway takes the first requests of a refund, and what is asked for besides.
struct Way {
    name: &'static str,
    courses: Vec<Course>,
    /// Whether a second refund is asked for while the process sleeps.
    another: bool,
}

fn ways() -> Vec<Way> {
    let busy = || Course::Answer { code: "FORBIDDEN_CONSECUTIVE_REQUEST".into() };
    let way = |name, courses, another| Way { name, courses, another };
    vec![
        way("given back", Vec::new(), false),
        way("answer lost", vec![Course::Lost], false),
        way("busy", vec![busy(), busy()], false),
        way("429", vec![Course::TooMany { with_body: true }], false),
        way("500, done", vec![Course::FailAfter], false),
        way("done late", vec![Course::Late { ms: 45_000 }], false),
        way("beside another", Vec::new(), true),
        way("busy, beside another", vec![busy()], true),
    ]
}

/// One refund whose process stops so many steps after it was asked for, with the lease in hand or just
/// before, and wakes only after another one has finished its work. Says whether it came that far, and
/// whether what woke up sent a request.
fn check_pause(books: Books<'_>, way: &Way, steps: u64) -> Option<bool> {
    alone(async {
        let context = format!("{books:?}, {}, paused after {steps} steps", way.name);
        let world = books.world(Settings::stock(7_305), 7_305).await;
        let life = Life::ending_at(0);
        let sleeper = world.process(&life).await;
        let product = world.product(&sleeper, 5).await;
        let id = paid_by_page(&world, &sleeper, product).await;
        assert!(world.until_settled(LONG).await, "{context}: never paid");
        let calls = way.courses.iter().map(|it| CallScript::next(Operation::Cancel, it.clone()));
        world.toss.script(Script { calls: calls.collect() });
        sleeper.ask_refund(ask(&world, id, "part", HowMuch::Amount(5_000))).await.expect("owed");
        life.hand_over_requests();
        life.pause_after(steps);
        world.pass(Duration::from_mins(3)).await;
        if !life.is_paused() {
            return None;
        }
        let other = world.process(&Life::ending_at(0)).await;
        if way.another {
            let more = ask(&world, id, "more", HowMuch::Amount(5_000));
            other.ask_refund(more).await.expect("owed");
        }
        assert!(world.until_settled(LONG).await, "{context}: not settled while one sleeps");
        world.assert_true(&context).await;
        let before = (world.sale(id).await, given_back(&payment(&world)));
        let given = if way.another { 10_000 } else { 5_000 };
        assert_eq!(before.1, given, "{context}: by the gateway's books");
        let cancels = |world: &World| {
            let requests = world.toss.books().requests;
            requests.iter().filter(|row| row.operation == Operation::Cancel).count()
        };
        let sent = cancels(&world);

        life.wake();
        world.pass(Duration::from_mins(40)).await;
        world.assert_true(&context).await;
        let after = (world.sale(id).await, given_back(&payment(&world)));
        assert_eq!(after.1, given, "{context}: what woke up gave back again");
        assert_eq!(after.0.payment, before.0.payment, "{context}: what woke up moved the payment");
        assert_eq!(after.0.refunds, before.0.refunds, "{context}: what woke up moved a refund");
        assert_eq!(after.0.holds, before.0.holds, "{context}: what woke up moved a hold");
        let incidents = world.store.incidents(10).await.expect("books");
        assert!(incidents.is_empty(), "{context}: {incidents:#?}");
        Some(cancels(&world) > sent)
    })
}

fn pauses(books: Books<'_>, at_most: u64) {
    let mut sent_late = 0;
    for way in ways() {
        let mut steps = 1;
        while steps <= at_most
            && let Some(sent) = check_pause(books, &way, steps)
        {
            sent_late += usize::from(sent);
            steps += 1;
        }
        println!("{books:?}, {:<22} paused at {} steps", way.name, steps - 1);
        assert!(steps > at_most.min(6), "{}: only {} steps", way.name, steps - 1);
    }
    println!("{books:?}: {sent_late} requests left a process that woke up too late");
    assert!(sent_late > 0, "nobody sent late");
}

#[test]
fn a_process_that_sleeps_with_a_refund_in_hand_and_sends_late_gives_nothing_back_twice() {
    pauses(Books::Sqlite, if is_full() { 100 } else { 10 });
}

#[test]
fn a_process_that_sleeps_with_a_refund_in_hand_gives_nothing_back_twice_on_postgres() {
    let database = postgres::database();
    pauses(Books::Postgres(&database), if is_full() { 100 } else { 5 });
}
