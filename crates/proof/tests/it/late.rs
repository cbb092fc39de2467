//! Late: the gateway charges long after it stopped answering, and whoever waits has given up, wished
//! to cancel, or both. Every ordering of what can happen around it, and the table of what comes of it.
//!
//! The order must be served, or the money must be back at the gateway; never neither, never in silence.

use std::{fs, path::Path, time::Duration};

use payonce_domain::{
    checkout::PlaceRefusal,
    ids::{OrderId, ProductId},
    incident::IncidentType,
    journal::{Cause, Fact},
    order::OrderStatus,
    payment::{AttemptState, FailureReason, PaymentState, evidence::Source},
    refund::RefundState,
    sale::Sale,
};
use payonce_engine::{
    Engine,
    checkout::{CheckoutError, Taken},
    giving_up::GiveUpError,
};
use payonce_proof::{
    mortal::Life,
    world::{Fields, World, alone, order_of},
};
use payonce_simulator::toss::{
    books::PaymentRow,
    buyer::BuyerChoice,
    faults::{CallFaults, Faults},
    operation::Operation,
    payment::Status,
    plan::Course,
    script::{CallScript, Script},
    settings::{Millis, Percent, Settings as TossSettings},
};

use crate::shop::kind;

/// Later than any belief, and in time for the order; the half of a turn of the obligation loop keeps
/// the moments of this story apart from its.
const IN_TIME: Duration = Duration::from_millis(6 * 60_000 + 2_500);
/// The order's time for paying is over by then.
const EXPIRED: Duration = Duration::from_millis(20 * 60_000 + 2_500);
/// From the late charge until anybody can know of it: time to wish and to buy the last copy.
const UNKNOWN_FOR: Duration = Duration::from_secs(7);
/// Longer than the longest wait between two look-ups.
const FOUND_WITHIN: Duration = Duration::from_mins(40);
const SETTLED_WITHIN: Duration = Duration::from_hours(1);

/// What the gateway says while it is silent about the confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// That it is not confirmed so far: the same request is sent again and again.
    Repeated,
    /// That it knows of no payment: its absence is believed, and the buyer may pay again.
    BelievedAbsent,
}

/// When the buyer wishes to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Never,
    Before,
    DuringRepeat,
    After,
}

/// Who makes us ask first, once the gateway tells the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Webhook,
    LookUp,
    Reload,
}

#[derive(Debug, Clone, Copy)]
struct Ordering {
    doubt: Doubt,
    expired: bool,
    wish: Wish,
    first: First,
    /// Whether another buyer comes for the last copy before the charge is found.
    wanted: bool,
}

/// One order whose confirmation is done late.
struct Late {
    world: World,
    engine: Engine,
    product: ProductId,
    id: OrderId,
    fields: Fields,
    key: String,
    ordering: Ordering,
}

impl Ordering {
    /// What came of it, in a few words.
    fn story(self) -> String {
        alone(async move {
            let late = Late::confirmed(self).await;
            late.charged_in_silence().await;
            late.found().await;
            late.told().await
        })
    }

    fn late_by(self) -> Duration {
        if self.expired { EXPIRED } else { IN_TIME }
    }

    /// Whether nobody else can have had the copy: an attempt is at the gateway, or the order is open.
    fn is_held(self) -> bool {
        match self.doubt {
            Doubt::Repeated => true,
            Doubt::BelievedAbsent => !self.expired && self.wish == Wish::Never,
        }
    }

    fn row(self) -> [&'static str; 3] {
        let doubt = match self.doubt {
            Doubt::Repeated => "repeated",
            Doubt::BelievedAbsent => "believed absent",
        };
        let expired = if self.expired { "expired" } else { "in time" };
        let wish = match self.wish {
            Wish::Never => "never",
            Wish::Before => "before",
            Wish::DuringRepeat => "during a repeat",
            Wish::After => "after",
        };
        [doubt, expired, wish]
    }
}

impl Late {
    /// The buyer came back from the page, and the gateway is silent.
    async fn confirmed(ordering: Ordering) -> Self {
        let world = World::on_sqlite(kind(7_000), 7_000).await;
        let mut settings = world.toss.settings().as_ref().clone();
        settings.webhooks.faults.delay = Percent::ALWAYS;
        settings.webhooks.faults.delay_ms = Millis::exactly(millis(UNKNOWN_FOR));
        world.toss.change(settings).expect("changed");
        let engine = world.process(&Life::ending_at(0)).await;
        if ordering.first != First::Webhook {
            world.cut_callbacks();
        }
        let product = world.product(&engine, 1).await;
        let taken = engine.place(world.order_by_page(product, "late")).await.expect("placed");
        let id = order_of(&taken).expect("an order");
        let fields = world.at_the_page(id, BuyerChoice::Pay).await.expect("at the page");
        let (_, key) = fields.iter().find(|(name, _)| name == "paymentKey").expect("a key").clone();
        let late_ms = millis(ordering.late_by());
        let courses = if ordering.wish == Wish::DuringRepeat {
            // The first is lost; it is the repeat that hangs.
            let hour = 3_600_000;
            vec![Course::DropBefore, Course::Hang { ms: hour, done_after_ms: late_ms }]
        } else {
            vec![Course::Late { ms: late_ms }]
        };
        let calls = courses.into_iter().map(|course| CallScript::next(Operation::Confirm, course));
        world.toss.script(Script { calls: calls.collect() });
        world.come_back(&engine, &fields).await.expect("taken");
        let late = Self { world, engine, product, id, fields, key, ordering };
        late.confirmations(1).await;
        if ordering.doubt == Doubt::BelievedAbsent {
            assert!(late.world.toss.hide(&late.key, true));
        }
        late
    }

    /// Lets time pass until so many confirmations have arrived at the gateway.
    async fn confirmations(&self, count: usize) {
        for _ in 0..600 {
            let books = self.world.toss.books();
            let asked = books.requests.iter().filter(|row| row.operation == Operation::Confirm);
            if asked.count() >= count {
                return;
            }
            self.world.pass(Duration::from_millis(100)).await;
        }
        panic!("{:?}: fewer than {count} confirmations", self.ordering);
    }

    /// The gateway charges, and nobody can know.
    async fn charged_in_silence(&self) {
        let Ordering { doubt, expired, wish, wanted, .. } = self.ordering;
        if wish == Wish::DuringRepeat {
            self.confirmations(2).await;
            let sale = self.sale().await;
            assert_eq!(sale.attempts[0].state, AttemptState::Sent, "a repeat is under way");
            self.wishes().await;
        }
        let charged_at = self.world.age() + self.ordering.late_by();
        if wish == Wish::Before {
            self.until(charged_at.saturating_sub(Duration::from_secs(20))).await;
            self.assert_in_doubt().await;
            self.wishes().await;
        }
        self.until(charged_at.saturating_sub(Duration::from_secs(1))).await;
        self.assert_in_doubt().await;
        if doubt == Doubt::Repeated {
            self.queries(CallFaults { fail: Percent::ALWAYS, ..CallFaults::default() });
        }
        assert_eq!(self.row().status, Status::InProgress, "{:?}: too early", self.ordering);
        self.until(charged_at + Duration::from_secs(2)).await;
        assert_eq!(self.row().status, Status::Done, "{:?}: not charged", self.ordering);
        assert_ne!(self.sale().await.attempts[0].state, AttemptState::Approved, "known already");
        if wish == Wish::After {
            self.wishes().await;
        }
        if wanted {
            self.another_buyer().await;
        }
        if expired {
            assert!(self.world.age() > Duration::from_mins(15));
        }
        let just_before = UNKNOWN_FOR.saturating_sub(Duration::from_millis(120));
        self.until(charged_at + just_before).await;
    }

    /// What stands in our books while the gateway says nothing of use.
    async fn assert_in_doubt(&self) {
        let sale = self.sale().await;
        let ended = (sale.order.status, sale.payment.reason);
        let attempt = sale.attempts[0].state;
        match self.ordering.doubt {
            Doubt::Repeated => {
                assert!(attempt.is_at_gateway(), "{:?}: {attempt:?}", self.ordering);
                assert_eq!(sale.order.status, OrderStatus::Pending);
                let books = self.world.toss.books();
                let asked = books.requests.iter().filter(|row| row.operation == Operation::Confirm);
                assert!(asked.count() > 1, "{:?}: never repeated", self.ordering);
            }
            Doubt::BelievedAbsent => {
                assert_eq!(attempt, AttemptState::NotCharged, "{:?}", self.ordering);
                assert!(sale.attempts[0].is_believed_absent());
                if self.ordering.expired {
                    assert_eq!(ended, (OrderStatus::Failed, Some(FailureReason::Expired)));
                }
            }
        }
    }

    async fn wishes(&self) {
        let told = self.engine.cancel(self.id, "changed my mind").await;
        let Ordering { doubt, expired, .. } = self.ordering;
        if doubt == Doubt::BelievedAbsent && expired {
            // There is nothing left to cancel.
            assert!(matches!(told, Err(GiveUpError::Refused(_))), "{told:?}");
        } else {
            assert_eq!(told, Ok(()));
        }
    }

    /// Another buyer comes for the last copy, and gets it unless it is still held.
    async fn another_buyer(&self) {
        let placed = self.world.place(&self.engine, self.product, "another").await;
        match placed {
            Ok(Taken::Now(_)) => assert!(!self.ordering.is_held(), "{:?}", self.ordering),
            Err(CheckoutError::Place(PlaceRefusal::SoldOut { .. })) => {
                assert!(self.ordering.is_held(), "{:?}", self.ordering);
            }
            other => panic!("{:?}: {other:?}", self.ordering),
        }
    }

    /// The gateway tells the truth again, and somebody asks.
    async fn found(&self) {
        self.queries(CallFaults::default());
        assert!(self.world.toss.hide(&self.key, false));
        if self.ordering.first == First::Reload {
            self.world.come_back(&self.engine, &self.fields).await.expect("recognised");
            self.engine.check(self.id).await.expect("checked");
        }
        let end = self.world.age() + FOUND_WITHIN;
        while self.sale().await.attempts[0].state != AttemptState::Approved {
            assert!(self.world.age() < end, "{:?}: a silent charge", self.ordering);
            self.world.pass(Duration::from_secs(1)).await;
        }
        let settled = self.world.until_settled(SETTLED_WITHIN).await;
        assert!(settled, "{:?}: not settled", self.ordering);
    }

    /// What came of it, after all books were compared.
    async fn told(&self) -> String {
        let context = format!("{:?}", self.ordering);
        self.world.assert_true(&context).await;
        let sale = self.sale().await;
        let by = match self.ordering.first {
            First::Webhook => Source::CallbackLookUp,
            First::LookUp => Source::LookUp,
            First::Reload => Source::CheckLookUp,
        };
        assert_eq!(self.found_by(&sale).await, Some(by), "{context}: somebody else was first");

        let row = self.row();
        assert_eq!(row.approvals, 1, "{context}: charged once");
        let product = self.world.store.product(self.product).await.expect("books").expect("it");
        let sales = self.world.sales().await;
        let served = sales.iter().filter(|sale| sale.order.status == OrderStatus::Completed);
        assert_eq!(product.received - product.available, count(served.count()), "{context}: stock");
        if self.ordering.wanted && !self.ordering.is_held() {
            let other = sales.iter().find(|other| other.order.id != self.id).expect("the other");
            assert_eq!(other.order.status, OrderStatus::Completed, "{context}: the other buyer");
        }

        let incidents = self.world.store.incidents(10).await.expect("books");
        let raised: Vec<_> = incidents.iter().map(|incident| incident.kind).collect();
        let alarmed = raised.contains(&IncidentType::ChargedAfterGivenUp);
        let others = raised.iter().filter(|kind| **kind != IncidentType::ChargedAfterGivenUp);
        let beyond_horizon = self.ordering.doubt == Doubt::Repeated && self.ordering.expired;
        let expected: &[IncidentType] =
            if beyond_horizon { &[IncidentType::Unresolved] } else { &[] };
        assert_eq!(others.copied().collect::<Vec<_>>(), expected, "{context}");

        let end = (sale.payment.state, sale.order.status, row.balance);
        let what = match end {
            (PaymentState::Paid, OrderStatus::Completed, 15_000) => {
                assert_eq!(sale.refunds, [], "{context}");
                "served"
            }
            (PaymentState::Cancelled, OrderStatus::Cancelled | OrderStatus::Failed, 0) => {
                let [refund] = &sale.refunds[..] else { panic!("{context}: {:?}", sale.refunds) };
                assert_eq!(refund.state, RefundState::Done, "{context}");
                "given back"
            }
            end => panic!("{context}: {end:?}"),
        };
        if alarmed { format!("{what}, alarmed") } else { what.to_owned() }
    }

    /// What the evidence was that found the charge.
    async fn found_by(&self, sale: &Sale) -> Option<Source> {
        let attempt = sale.attempts[0].id;
        let approves = |fact: &Fact| {
            matches!(fact, Fact::AttemptMoved { attempt_id, to: AttemptState::Approved, .. }
                if *attempt_id == attempt)
        };
        let journal = self.world.store.journal(self.id).await.expect("books");
        journal.into_iter().find_map(|entry| match entry.cause {
            Cause::Evidence { source } => entry.facts.iter().any(approves).then_some(source),
            _ => None,
        })
    }

    async fn sale(&self) -> Sale {
        self.world.sale(self.id).await
    }

    fn row(&self) -> PaymentRow {
        let payments = self.world.toss.books().payments;
        payments.into_iter().find(|row| row.payment_key == self.key).expect("the payment")
    }

    fn queries(&self, query: CallFaults) {
        let settings = self.world.toss.settings().as_ref().clone();
        let faults = Faults { query, ..settings.faults };
        self.world.toss.change(TossSettings { faults, ..settings }).expect("changed");
    }

    async fn until(&self, age: Duration) {
        self.world.pass(age.saturating_sub(self.world.age())).await;
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).expect("short")
}

fn count(count: usize) -> i64 {
    i64::try_from(count).expect("few")
}

/// Every ordering that can be, row by row of the table.
fn rows() -> Vec<Ordering> {
    let mut rows = Vec::new();
    for doubt in [Doubt::Repeated, Doubt::BelievedAbsent] {
        for expired in [false, true] {
            for wish in [Wish::Never, Wish::Before, Wish::DuringRepeat, Wish::After] {
                // What is believed absent is not repeated.
                if doubt == Doubt::BelievedAbsent && wish == Wish::DuringRepeat {
                    continue;
                }
                let (first, wanted) = (First::Webhook, false);
                rows.push(Ordering { doubt, expired, wish, first, wanted });
            }
        }
    }
    rows
}

fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<&str> = cells.into_iter().collect();
    format!("| {} |", cells.join(" | "))
}

/// The table that begins with this line in `docs/proofs.md`.
fn documented(head: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/proofs.md")).expect("docs/proofs.md");
    let lines = text.lines().skip_while(|line| *line != head);
    lines.take_while(|line| line.starts_with('|')).map(str::to_owned).collect()
}

#[test]
fn a_charge_that_comes_late_is_served_or_given_back_in_every_ordering() {
    let head = line([
        "the gateway's silence",
        "the order's time",
        "wish to cancel",
        "webhook first",
        "look-up first",
        "reload first",
        "webhook first, copy wanted",
        "look-up first, copy wanted",
        "reload first, copy wanted",
    ]);
    let mut table = vec![head.clone(), line(["---"; 9])];
    for row in rows() {
        let mut cells: Vec<String> = row.row().map(str::to_owned).into();
        for wanted in [false, true] {
            for first in [First::Webhook, First::LookUp, First::Reload] {
                cells.push(Ordering { first, wanted, ..row }.story());
            }
        }
        table.push(line(cells.iter().map(String::as_str)));
    }
    println!("{}", table.join("\n"));
    assert_eq!(table, documented(&head), "docs/proofs.md has another table");
}
