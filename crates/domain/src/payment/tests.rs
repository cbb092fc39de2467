//! The decision, told as stories and walked at random. Every step of every story is checked
//! against the invariants.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::{
    Attempt, AttemptState, FailureReason, PaymentState, Problem, ProblemCode,
    evidence::{Evidence, Finding, Outcome, Sighting, Source, Transaction, Verdict},
    give_up::{self, CancelRefusal},
    renew::{self, NewAttempt, RenewRefusal},
    settle::{Circumstances, settle},
};
use crate::{
    checkout::{Item, NewOrder, PlaceRefusal, place},
    fulfilment::Fulfilment,
    gateway::{GatewayName, Manners},
    ids::{Mint, ProductId},
    incident::IncidentType,
    invariants::{SalePages, check_sale, check_stock},
    ledger::Posting,
    money::Money,
    obligation::{Lease, ObligationState, ObligationType},
    order::OrderStatus,
    product::{Product, ProductType},
    sale::{Change, Sale},
    time::Timestamp,
};

const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn manners() -> Manners {
    Manners {
        charge_within: Duration::from_secs(15),
        request_life: Duration::from_mins(2),
        verdict_after: Duration::from_secs(2),
        look_up_at_most_every: Duration::from_secs(30),
        horizon: Duration::from_mins(15),
        unresolved_every: Duration::from_mins(15),
        doubt_absence_for: Duration::from_hours(6),
        can_refund: false,
    }
}

/// One order with its books and a clock.
struct World {
    now: Timestamp,
    products: BTreeMap<ProductId, Product>,
    sale: Sale,
    postings: Vec<Posting>,
    fulfilments: Vec<Fulfilment>,
    incidents: Vec<IncidentType>,
    journal: Vec<String>,
    seed: u64,
}

fn product(stock: u32) -> Product {
    Product {
        id: Mint::new(START, 1).id(),
        kind: ProductType::Book,
        name: "A book".into(),
        price: Money::krw(15_000),
        available: stock.into(),
        received: stock.into(),
        on_sale: true,
        created_at: START,
    }
}

fn attempt(number: u64) -> NewAttempt {
    NewAttempt {
        id: Mint::new(START, 100 + number).id(),
        gateway: GatewayName::new("pg"),
        gateway_order_id: format!("10000000000000000{number}"),
        gateway_user_id: "shop".into(),
        card_company: "KB".into(),
        send_within: manners().charge_within,
    }
}

fn order(product_id: ProductId, quantity: u32) -> NewOrder {
    let mut mint = Mint::new(START, 50);
    NewOrder {
        order_id: mint.id(),
        payment_id: mint.id(),
        owner: mint.id(),
        items: vec![Item { product_id, quantity }],
        attempt: attempt(1),
        open_for: Duration::from_mins(15),
        metadata: "{}".into(),
    }
}

impl World {
    fn with_an_order() -> Self {
        let product = product(10);
        let id = product.id;
        let mut products = BTreeMap::from([(id, product)]);
        let change = place(&mut products, &order(id, 2), START, 7).expect("placed");
        let mut world = Self {
            now: START,
            products,
            sale: change.sale.clone(),
            postings: Vec::new(),
            fulfilments: Vec::new(),
            incidents: Vec::new(),
            journal: Vec::new(),
            seed: 1_000,
        };
        world.apply(change);
        world
    }

    fn apply(&mut self, change: Change) {
        for (id, quantity) in change.returned {
            self.products.get_mut(&id).expect("known").put_back(quantity);
        }
        self.sale = change.sale;
        self.postings.extend(change.postings);
        self.fulfilments.extend(change.fulfilments);
        self.incidents.extend(change.incidents.iter().map(|incident| incident.kind));
        self.journal.push(format!("{:?}", change.entry));
        self.check();
        self.sale.obligations.retain(|owed| owed.state != ObligationState::Done);
    }

    fn check(&self) {
        let pages = SalePages {
            sale: self.sale.clone(),
            postings: self.postings.clone(),
            fulfilments: self.fulfilments.clone(),
        };
        assert_eq!(check_sale(&pages), []);
        for product in self.products.values() {
            let held: i64 = self
                .sale
                .holds
                .iter()
                .filter(|hold| hold.state != crate::hold::HoldState::Returned)
                .map(|hold| i64::from(hold.quantity))
                .sum();
            assert_eq!(check_stock(product, held), []);
        }
    }

    fn attempt(&self, number: usize) -> &Attempt {
        &self.sale.attempts[number - 1]
    }

    fn evidence(&self, number: usize, finding: Finding) -> Evidence {
        let source = match finding {
            Finding::Answer(_) => Source::Response,
            Finding::Sighting(_) => Source::LookUp,
        };
        Evidence { attempt_id: self.attempt(number).id, source, finding }
    }

    fn settle_under(&mut self, number: usize, finding: Finding, lease: Option<Lease>) {
        self.settle_late(number, finding, lease, self.now);
    }

    /// Settles now what the gateway was asked about at `asked_at`.
    fn settle_late(
        &mut self,
        number: usize,
        finding: Finding,
        lease: Option<Lease>,
        asked_at: Timestamp,
    ) {
        let evidence = self.evidence(number, finding);
        self.seed += 1;
        let manners = manners();
        let (now, seed) = (self.now, self.seed);
        let circumstances = Circumstances { manners: &manners, lease, asked_at, now, seed };
        let change = settle(&self.sale, &evidence, &circumstances).expect("a legal decision");
        self.apply(change);
    }

    fn settle(&mut self, number: usize, finding: Finding) {
        self.settle_under(number, finding, None);
    }

    /// Leases the look-up that is owed for this attempt, if one is.
    fn lease(&mut self, number: usize) -> Option<Lease> {
        let id = self.attempt(number).id;
        let lease = self.sale.owed_look_up(id).map(|owed| (owed.id, owed.fence + 1));
        for owed in &mut self.sale.obligations {
            if Some(owed.id) == lease.map(|(id, _)| id) {
                owed.fence += 1;
            }
        }
        lease.map(|(obligation_id, fence)| Lease { obligation_id, fence })
    }

    fn look_up(&mut self, number: usize, sighting: Sighting) {
        let lease = self.lease(number);
        self.settle_under(number, Finding::Sighting(sighting), lease);
    }

    fn found(&self, number: usize, verdict: Verdict) -> Sighting {
        let attempt = self.attempt(number);
        Sighting::Found(vec![Transaction {
            reference: format!("TR:{number}"),
            gateway_order_id: attempt.gateway_order_id.clone(),
            amount: attempt.amount,
            verdict,
        }])
    }

    fn accept(&mut self, number: usize) {
        let reference = format!("TR:{number}");
        self.settle(number, Finding::Answer(Outcome::Accepted { reference }));
    }

    fn pass(&mut self, wait: Duration) {
        self.now = self.now.after(wait);
    }

    fn expire(&mut self) {
        let owed = self.sale.obligations.iter().find(|owed| owed.kind == ObligationType::Expire);
        let Some(owed) = owed else { return };
        let lease = Lease { obligation_id: owed.id, fence: owed.fence };
        self.seed += 1;
        let change = give_up::expire(&self.sale, lease, self.now, self.seed).expect("legal");
        self.apply(change);
    }

    fn pay_again(&mut self, number: u64) -> Result<(), RenewRefusal> {
        self.seed += 1;
        let change = renew::pay_again(&self.sale, &attempt(number), self.now, self.seed)?;
        self.apply(change);
        Ok(())
    }

    fn cancel(&mut self) -> Result<(), CancelRefusal> {
        self.seed += 1;
        let change = give_up::cancel(&self.sale, self.now, self.seed)?;
        self.apply(change);
        Ok(())
    }

    fn states(&self) -> (PaymentState, OrderStatus) {
        (self.sale.payment.state, self.sale.order.status)
    }

    fn left(&self) -> i64 {
        self.products.values().next().expect("one product").available
    }
}

fn declined() -> Verdict {
    Verdict::Declined(Problem::new(ProblemCode::LimitExceeded, "한도초과입니다."))
}

fn no_answer() -> Finding {
    Finding::Answer(Outcome::Unknown { text: "no answer in time".into() })
}

#[test]
fn an_approved_order_is_paid_fulfilled_and_booked_once() {
    let mut world = World::with_an_order();
    assert_eq!(world.left(), 8);
    world.accept(1);
    let approved = world.found(1, Verdict::Approved);
    world.look_up(1, approved.clone());
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    let booked = world.postings.len();
    for _ in 0..3 {
        world.look_up(1, approved.clone());
        world.accept(1);
    }
    assert_eq!((world.postings.len(), world.fulfilments.len(), world.left()), (booked, 1, 8));
    assert!(world.sale.obligations.is_empty(), "nothing is owed any more");
}

#[test]
fn a_declined_order_stays_open_and_can_be_paid_by_another_card() {
    let mut world = World::with_an_order();
    world.accept(1);
    let seen = world.found(1, declined());
    world.look_up(1, seen);
    assert_eq!(world.states(), (PaymentState::Created, OrderStatus::Pending));
    world.pay_again(2).expect("open");
    assert_eq!(world.pay_again(3), Err(RenewRefusal::InProgress));
    world.accept(2);
    let seen = world.found(2, Verdict::Approved);
    world.look_up(2, seen);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
}

#[test]
fn an_order_that_nobody_pays_expires_and_its_stock_returns_once() {
    let mut world = World::with_an_order();
    world.accept(1);
    let seen = world.found(1, declined());
    world.look_up(1, seen);
    world.expire();
    assert_eq!(world.states(), (PaymentState::Created, OrderStatus::Pending), "not yet");
    world.pass(Duration::from_mins(16));
    assert_eq!(world.pay_again(2), Err(RenewRefusal::Expired(world.sale.order.expires_at)));
    world.expire();
    world.expire();
    assert_eq!(world.states(), (PaymentState::Failed, OrderStatus::Failed));
    assert_eq!((world.sale.payment.reason, world.left()), (Some(FailureReason::Expired), 10));
}

#[test]
fn what_certainly_was_not_made_ends_the_order_and_returns_its_stock() {
    let outcomes = [
        (Outcome::NotCreated { text: "500".into() }, FailureReason::GatewayUnavailable),
        (Outcome::NotSent { text: "refused".into() }, FailureReason::GatewayUnavailable),
        (Outcome::Rejected { text: "400".into() }, FailureReason::Rejected),
    ];
    for (outcome, reason) in outcomes {
        let mut world = World::with_an_order();
        world.settle(1, Finding::Answer(outcome.clone()));
        world.settle(1, Finding::Answer(outcome));
        assert_eq!(world.states(), (PaymentState::Failed, OrderStatus::Failed));
        assert_eq!((world.sale.payment.reason, world.left()), (Some(reason), 10));
    }
}

#[test]
fn an_absence_is_believed_only_late_and_only_when_said_twice() {
    let mut world = World::with_an_order();
    world.settle(1, no_answer());
    world.look_up(1, Sighting::Absent);
    assert_eq!(world.attempt(1).state, AttemptState::Unknown, "too early");
    world.pass(Duration::from_secs(134));
    world.look_up(1, Sighting::Absent);
    assert_eq!(world.attempt(1).state, AttemptState::Unknown, "the request may still live");
    world.pass(Duration::from_secs(1));
    world.look_up(1, Sighting::Absent);
    assert_eq!(world.attempt(1).state, AttemptState::NotCharged);
    assert_eq!(world.states(), (PaymentState::Created, OrderStatus::Pending));
}

#[test]
fn a_single_late_absence_is_not_believed() {
    let mut world = World::with_an_order();
    world.settle(1, no_answer());
    world.pass(Duration::from_mins(5));
    world.look_up(1, Sighting::Absent);
    assert_eq!(world.attempt(1).state, AttemptState::Unknown);
    world.look_up(1, Sighting::Absent);
    assert_eq!(world.attempt(1).state, AttemptState::NotCharged);
}

#[test]
fn an_absence_counts_from_when_it_was_asked_not_from_when_it_is_written_down() {
    let mut world = World::with_an_order();
    world.look_up(1, Sighting::Absent);
    let (asked_at, lease) = (world.now, world.lease(1));
    // Whoever asked was stopped with the answer in hand; the request was on its way meanwhile.
    world.pass(Duration::from_mins(5));
    world.settle_late(1, Finding::Sighting(Sighting::Absent), lease, asked_at);
    assert_eq!(world.attempt(1).state, AttemptState::Sent);
    world.look_up(1, Sighting::Absent);
    assert_eq!(world.attempt(1).state, AttemptState::NotCharged, "asked late, and not the first");
}

#[test]
fn one_absence_that_is_decided_twice_counts_once() {
    let mut world = World::with_an_order();
    world.settle(1, no_answer());
    world.pass(Duration::from_mins(5));
    let lease = world.lease(1);
    for _commit_in_doubt in 0..3 {
        world.settle_under(1, Finding::Sighting(Sighting::Absent), lease);
        assert_eq!((world.attempt(1).state, world.attempt(1).absences), (AttemptState::Unknown, 1));
        assert_eq!(world.sale.owed_look_up(world.attempt(1).id).expect("owed").tries, 1);
    }
    let mut without_a_lease = World::with_an_order();
    without_a_lease.settle(1, Finding::Sighting(Sighting::Absent));
    assert_eq!(without_a_lease.attempt(1).absences, 0, "nothing says which answer this is");
}

#[test]
fn a_transaction_once_acknowledged_is_never_believed_absent() {
    let mut world = World::with_an_order();
    world.accept(1);
    for _ in 0..50 {
        world.pass(Duration::from_mins(10));
        world.look_up(1, Sighting::Absent);
    }
    assert_eq!(world.attempt(1).state, AttemptState::Accepted);
    assert_eq!(world.states(), (PaymentState::Unresolved, OrderStatus::Pending));
    assert_eq!(world.incidents, [IncidentType::Unresolved], "one alarm, not fifty");
    assert_eq!(world.left(), 8, "stock stays held while money may move");
}

#[test]
fn an_unresolved_payment_is_still_asked_about_and_still_ends_true() {
    let mut world = World::with_an_order();
    world.accept(1);
    for _ in 0..3 {
        world.pass(Duration::from_mins(20));
        world.look_up(1, Sighting::Unknown { text: "503".into() });
    }
    assert_eq!(world.states().0, PaymentState::Unresolved);
    let seen = world.found(1, Verdict::Approved);
    world.look_up(1, seen);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
}

/// Brings an order to where the first attempt was believed absent.
fn believed_absent() -> World {
    let mut world = World::with_an_order();
    world.settle(1, no_answer());
    world.pass(Duration::from_secs(136));
    world.look_up(1, Sighting::Absent);
    world.look_up(1, Sighting::Absent);
    assert_eq!(world.attempt(1).state, AttemptState::NotCharged);
    world
}

#[test]
fn a_charge_that_surfaces_late_is_adopted_while_the_order_can_be_served() {
    let mut world = believed_absent();
    let seen = world.found(1, Verdict::Approved);
    world.look_up(1, seen);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    assert_eq!(world.incidents, []);
}

#[test]
fn an_attempt_that_surfaces_undecided_blocks_paying_again() {
    let mut world = believed_absent();
    let seen = world.found(1, Verdict::Pending);
    world.look_up(1, seen);
    assert_eq!(world.states(), (PaymentState::Processing, OrderStatus::Pending));
    assert_eq!(world.pay_again(2), Err(RenewRefusal::InProgress));
}

#[test]
fn a_charge_that_surfaces_after_the_order_was_given_up_alarms_and_owes_a_refund() {
    let mut world = believed_absent();
    world.pass(Duration::from_mins(16));
    world.expire();
    assert_eq!(world.states(), (PaymentState::Failed, OrderStatus::Failed));
    let seen = world.found(1, Verdict::Approved);
    world.look_up(1, seen.clone());
    world.look_up(1, seen);
    assert_eq!(world.states(), (PaymentState::CompensationFailed, OrderStatus::Failed));
    assert_eq!(world.incidents, [IncidentType::ChargedAfterGivenUp]);
    let owed: Vec<_> = world.sale.obligations.iter().map(|owed| (owed.kind, owed.state)).collect();
    assert_eq!(owed, [(ObligationType::Refund, ObligationState::Parked)]);
    assert_eq!(world.left(), 10, "the stock had gone back and stays there");
}

#[test]
fn a_charge_that_surfaces_beside_a_second_attempt_is_a_duplicate() {
    let mut world = believed_absent();
    world.pay_again(2).expect("open");
    world.accept(2);
    let (first, second) = (world.found(1, Verdict::Approved), world.found(2, Verdict::Approved));
    world.look_up(1, first);
    assert_eq!(world.incidents, [IncidentType::DuplicateCharge]);
    world.look_up(2, second);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
}

#[test]
fn a_charge_that_surfaced_undecided_is_asked_about_until_there_is_a_verdict() {
    let mut world = believed_absent();
    world.pay_again(2).expect("open");
    world.accept(2);
    let (pending, second) = (world.found(1, Verdict::Pending), world.found(2, Verdict::Approved));
    world.look_up(2, second);
    for _ in 0..30 {
        world.look_up(1, pending.clone());
        world.pass(Duration::from_mins(15));
    }
    assert!(world.sale.owed_look_up(world.attempt(1).id).is_some(), "longer than it was doubted");
    let charged = world.found(1, Verdict::Approved);
    world.look_up(1, charged);
    assert_eq!(world.incidents, [IncidentType::DuplicateCharge]);
    assert!(world.sale.owed_look_up(world.attempt(1).id).is_none());
}

#[test]
fn a_charge_that_was_said_not_to_be_made_and_surfaces_is_asked_about_again() {
    let mut world = World::with_an_order();
    world.settle(1, Finding::Answer(Outcome::NotCreated { text: "500".into() }));
    let pending = world.found(1, Verdict::Pending);
    world.settle(1, Finding::Sighting(pending));
    assert!(world.sale.owed_look_up(world.attempt(1).id).is_some());
    let charged = world.found(1, Verdict::Approved);
    world.look_up(1, charged);
    assert_eq!(world.states(), (PaymentState::CompensationFailed, OrderStatus::Failed));
    assert_eq!(world.incidents, [IncidentType::ChargedAfterGivenUp]);
}

#[test]
fn evidence_about_another_order_or_amount_changes_nothing_and_alarms_once() {
    let wrong_order = |found: &mut Transaction| found.gateway_order_id = "999999".into();
    let wrong_amount = |found: &mut Transaction| found.amount = Money::krw(1);
    for spoil in [wrong_order as fn(&mut Transaction), wrong_amount] {
        let mut world = World::with_an_order();
        world.accept(1);
        let Sighting::Found(mut seen) = world.found(1, Verdict::Approved) else { unreachable!() };
        spoil(&mut seen[0]);
        for _ in 0..5 {
            world.look_up(1, Sighting::Found(seen.clone()));
        }
        assert_eq!(world.states(), (PaymentState::Processing, OrderStatus::Pending));
        assert_eq!(world.incidents, [IncidentType::EvidenceMismatch]);
        assert!(
            !world.journal.concat().contains("999999"),
            "another order is no business of this buyer"
        );
        assert_eq!(world.postings, []);
    }
}

#[test]
fn two_charges_under_one_gateway_order_id_are_paid_once_and_alarmed() {
    let mut world = World::with_an_order();
    world.accept(1);
    let Sighting::Found(mut seen) = world.found(1, Verdict::Approved) else { unreachable!() };
    seen.push(Transaction { reference: "TR:x".into(), ..seen[0].clone() });
    world.look_up(1, Sighting::Found(seen.clone()));
    world.settle(1, Finding::Sighting(Sighting::Found(seen)));
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    assert_eq!(world.incidents, [IncidentType::DuplicateCharge]);
}

#[test]
fn a_verdict_that_changes_later_is_told_and_not_believed() {
    let mut world = World::with_an_order();
    world.accept(1);
    let (yes, no) = (world.found(1, Verdict::Approved), world.found(1, declined()));
    world.look_up(1, yes);
    world.look_up(1, no);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    assert_eq!(world.incidents, [IncidentType::VerdictContradicted]);
}

#[test]
fn an_old_lease_moves_no_appointment_but_its_evidence_counts() {
    let mut world = World::with_an_order();
    world.accept(1);
    let owed = world.sale.owed_look_up(world.attempt(1).id).expect("owed").clone();
    let stale = Lease { obligation_id: owed.id, fence: owed.fence - 1 };
    let pending = world.found(1, Verdict::Pending);
    world.settle_under(1, Finding::Sighting(pending), Some(stale));
    assert_eq!(world.sale.owed_look_up(world.attempt(1).id), Some(&owed));
    let approved = world.found(1, Verdict::Approved);
    world.settle_under(1, Finding::Sighting(approved), Some(stale));
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
}

#[test]
fn only_what_is_certainly_uncharged_can_be_cancelled() {
    let mut world = World::with_an_order();
    assert_eq!(world.cancel(), Err(CancelRefusal::InProgress));
    world.accept(1);
    let seen = world.found(1, declined());
    world.look_up(1, seen);
    world.cancel().expect("nothing is at the gateway");
    world.cancel().expect("twice is once");
    assert_eq!(world.states(), (PaymentState::Failed, OrderStatus::Cancelled));
    assert_eq!(world.left(), 10);

    let mut paid = World::with_an_order();
    let seen = paid.found(1, Verdict::Approved);
    paid.look_up(1, seen);
    assert_eq!(paid.cancel(), Err(CancelRefusal::CannotRefund));
}

#[test]
fn an_order_is_placed_whole_or_not_at_all() {
    let known = product(3);
    let id = known.id;
    let unknown: ProductId = Mint::new(START, 99).id();
    let overflow = u32::MAX;
    for (name, items, refusal) in [
        ("nothing", vec![], PlaceRefusal::Empty),
        ("zero", vec![(id, 0)], PlaceRefusal::BadQuantity(id)),
        ("huge", vec![(id, overflow)], PlaceRefusal::BadQuantity(id)),
        ("huge in two lines", vec![(id, overflow), (id, 2)], PlaceRefusal::BadQuantity(id)),
        ("unknown", vec![(id, 1), (unknown, 1)], PlaceRefusal::NoSuchProduct(unknown)),
        (
            "more than there is, in two lines",
            vec![(id, 2), (id, 2)],
            PlaceRefusal::SoldOut { product_id: id, available: 3 },
        ),
    ] {
        let mut products = BTreeMap::from([(id, known.clone())]);
        let mut wanted = order(id, 1);
        wanted.items =
            items.into_iter().map(|(product_id, quantity)| Item { product_id, quantity }).collect();
        assert_eq!(place(&mut products, &wanted, START, 1), Err(refusal), "{name}");
        assert_eq!(products[&id], known, "{name} left a trace");
    }
}

/// What may happen to an order, in any order and any number of times.
#[derive(Debug, Clone)]
enum Happening {
    Answer(usize, u8),
    LookUp(usize, u8),
    Callback(usize, u8),
    Wait(u64),
    Expire,
    PayAgain,
    Cancel,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (1..4_usize, 0..6_u8).prop_map(|(number, kind)| Happening::Answer(number, kind)),
        (1..4_usize, 0..8_u8).prop_map(|(number, kind)| Happening::LookUp(number, kind)),
        (1..4_usize, 0..8_u8).prop_map(|(number, kind)| Happening::Callback(number, kind)),
        (1..2_000_u64).prop_map(Happening::Wait),
        Just(Happening::Expire),
        Just(Happening::PayAgain),
        Just(Happening::Cancel),
    ]
}

impl World {
    fn answer(number: usize, kind: u8) -> Finding {
        let text = String::from("said");
        Finding::Answer(match kind {
            0 | 1 => Outcome::Accepted { reference: format!("TR:{number}") },
            2 => Outcome::NotCreated { text },
            3 => Outcome::NotSent { text },
            4 => Outcome::Rejected { text },
            _ => Outcome::Unknown { text },
        })
    }

    fn sighting(&self, number: usize, kind: u8) -> Sighting {
        match kind {
            0 | 1 => self.found(number, Verdict::Approved),
            2 => self.found(number, declined()),
            3 => self.found(number, Verdict::Pending),
            4 | 5 => Sighting::Absent,
            6 => Sighting::Unknown { text: "503".into() },
            _ => {
                let Sighting::Found(mut seen) = self.found(number, Verdict::Approved) else {
                    return Sighting::Absent;
                };
                seen[0].amount = Money::krw(1);
                Sighting::Found(seen)
            }
        }
    }

    fn happen(&mut self, happening: &Happening) {
        let known = |world: &Self, number: usize| number <= world.sale.attempts.len();
        match *happening {
            Happening::Answer(number, kind) if known(self, number) => {
                self.settle(number, Self::answer(number, kind));
            }
            Happening::LookUp(number, kind) if known(self, number) => {
                let seen = self.sighting(number, kind);
                self.look_up(number, seen);
            }
            Happening::Callback(number, kind) if known(self, number) => {
                let seen = self.sighting(number, kind);
                self.settle(number, Finding::Sighting(seen));
            }
            Happening::Answer(..) | Happening::LookUp(..) | Happening::Callback(..) => {}
            Happening::Wait(seconds) => self.pass(Duration::from_secs(seconds)),
            Happening::Expire => self.expire(),
            Happening::PayAgain => {
                let next = self.sale.attempts.len() as u64 + 1;
                if next < 4 {
                    let _refused = self.pay_again(next);
                }
            }
            Happening::Cancel => {
                let _refused = self.cancel();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever happens in whatever order, every invariant holds after every step (checked in
    /// `apply`), and the money booked is exactly the money approved.
    #[test]
    fn no_order_of_events_breaks_the_books(happenings in prop::collection::vec(happening(), 1..40)) {
        let mut world = World::with_an_order();
        for happening in &happenings {
            world.happen(happening);
        }
    }
}
