//! The decision, told as stories and walked at random. Every step of every story is checked
//! against the invariants.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::{
    AttemptState, FailureReason, PaymentState, Problem, ProblemCode,
    evidence::{Finding, Outcome, Sighting, Transaction, Verdict},
    give_up::CancelRefusal,
    page::{Confirm, Return, ReturnRefusal},
    renew::RenewRefusal,
    ruling::{Heard, Ruled, RulingRefusal},
};
use crate::{
    checkout::{Item, PlaceRefusal, place},
    ids::{Mint, ProductId, RefundId},
    incident::IncidentType,
    money::Money,
    obligation::{Lease, ObligationState, ObligationType},
    order::OrderStatus,
    refund::{
        Pieces,
        evidence::{RefundOutcome, RefundSighting},
        request::HowMuch,
    },
    story::{START, World, declined, no_answer, order, product},
};

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
fn a_payment_that_waits_to_be_asked_about_alarms_nobody_yet() {
    let mut world = World::with_an_order();
    world.accept(1);
    world.pass(Duration::from_mins(20));
    let tries = world.sale.owed_look_up(world.attempt(1).id).expect("owed").tries;
    world.look_up(1, Sighting::NotAsked { again_in: Duration::from_mins(3) });
    assert_eq!((world.states().0, &world.incidents[..]), (PaymentState::Processing, &[][..]));
    let owed = world.sale.owed_look_up(world.attempt(1).id).expect("owed");
    assert_eq!((owed.tries, owed.due_at), (tries, world.now.after(Duration::from_mins(3))));
    world.look_up(1, Sighting::Unknown { text: "503".into() });
    assert_eq!(world.states().0, PaymentState::Unresolved, "asked, and still in doubt");
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

/// Brings an order to where it was given up and the first attempt turns out charged.
fn charged_after_expiry(stock_left: i64) -> World {
    let mut world = believed_absent();
    world.pass(Duration::from_mins(16));
    world.expire();
    assert_eq!(world.states(), (PaymentState::Failed, OrderStatus::Failed));
    world.sell_until(stock_left);
    let seen = world.found(1, Verdict::Approved);
    world.look_up(1, seen.clone());
    world.look_up(1, seen);
    world
}

#[test]
fn a_charge_that_surfaces_after_the_order_was_given_up_is_adopted_if_it_can_still_be_served() {
    let world = charged_after_expiry(2);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    assert_eq!((world.left(), world.fulfilments.len()), (0, 1), "the hold was taken again");
    assert_eq!(world.incidents, []);
}

#[test]
fn a_charge_that_surfaces_after_the_last_copy_was_sold_owes_a_refund_by_hand_where_there_is_no_call()
 {
    let world = charged_after_expiry(1);
    assert_eq!(world.states(), (PaymentState::CompensationFailed, OrderStatus::Failed));
    assert_eq!(world.incidents, [IncidentType::ChargedAfterGivenUp]);
    let owed: Vec<_> = world.sale.obligations.iter().map(|owed| (owed.kind, owed.state)).collect();
    assert_eq!(owed, [(ObligationType::Refund, ObligationState::Parked)]);
    assert_eq!(world.left(), 1, "the stock had gone back and stays there");
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
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
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
fn of_two_charges_the_one_that_paid_is_kept_whichever_is_told_first_or_alone() {
    let mut world = World::with_an_order();
    world.accept(1);
    let Sighting::Found(own) = world.found(1, Verdict::Approved) else { unreachable!() };
    let other = Transaction { reference: "TR:0".into(), ..own[0].clone() };
    world.look_up(1, Sighting::Found(own.clone()));
    for seen in [vec![other.clone(), own[0].clone()], vec![other.clone()], vec![other]] {
        world.settle(1, Finding::Sighting(Sighting::Found(seen)));
        let to_give_back: Vec<_> = world.sale.refunds.iter().map(|it| it.charge.as_str()).collect();
        assert_eq!(to_give_back, ["TR:0"]);
    }
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    assert_eq!(world.incidents, [IncidentType::DuplicateCharge]);

    let mut alone = World::with_an_order();
    alone.accept(1);
    alone.look_up(1, Sighting::Found(own.clone()));
    let other = Transaction { reference: "TR:0".into(), ..own[0].clone() };
    alone.settle(1, Finding::Sighting(Sighting::Found(vec![other])));
    assert_eq!(alone.incidents, [IncidentType::DuplicateCharge]);
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
fn what_is_certainly_uncharged_is_cancelled_at_once() {
    let mut world = World::with_an_order();
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
fn a_wish_to_cancel_is_kept_while_it_is_not_certain_and_executed_when_it_is() {
    type Ending = (fn(&mut World), PaymentState, OrderStatus, i64);
    let endings: [Ending; 4] = [
        (
            |world| {
                let charged = world.found(1, Verdict::Approved);
                world.look_up(1, charged);
            },
            PaymentState::Cancelling,
            OrderStatus::Cancelled,
            10,
        ),
        (
            |world| {
                let refused = world.found(1, declined());
                world.look_up(1, refused);
            },
            PaymentState::Failed,
            OrderStatus::Cancelled,
            10,
        ),
        (
            |world| world.settle(1, Finding::Answer(Outcome::NotSent { text: "cut".into() })),
            PaymentState::Failed,
            OrderStatus::Cancelled,
            10,
        ),
        (|world| world.settle(1, no_answer()), PaymentState::Processing, OrderStatus::Pending, 8),
    ];
    for (ending, state, status, left) in endings {
        let mut world = World::at_a_page();
        world.come_back(1, "key").expect("ours");
        world.cancel().expect("the wish is kept");
        assert_eq!(world.states(), (PaymentState::Processing, OrderStatus::Pending));
        assert_eq!(world.pay_again(2), Err(RenewRefusal::InProgress));
        ending(&mut world);
        assert_eq!((world.states(), world.left()), ((state, status), left));
    }
}

#[test]
fn a_wish_to_cancel_lapses_where_a_charge_cannot_be_given_back() {
    let mut world = World::with_an_order();
    world.cancel().expect("the wish is kept");
    let charged = world.found(1, Verdict::Approved);
    world.look_up(1, charged);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    assert!(world.journal.concat().contains("CancelLapsed"));
}

#[test]
fn a_buyer_who_comes_back_from_the_page_is_confirmed_once() {
    let mut world = World::at_a_page();
    assert_eq!(world.states(), (PaymentState::RequiresAction, OrderStatus::Pending));
    assert!(matches!(world.come_back(1, "key"), Ok(Confirm::Send(_))));
    assert_eq!(world.come_back(1, "key"), Ok(Confirm::Before), "while it is under way");
    assert_eq!(world.come_back(1, "other"), Err(ReturnRefusal::Another));
    let charged = world.found(1, Verdict::Approved);
    world.look_up(1, charged);
    assert_eq!(world.come_back(1, "key"), Ok(Confirm::Before), "and after it");
    assert_eq!(world.come_back(1, "other"), Err(ReturnRefusal::Another));
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
}

#[test]
fn a_forged_return_changes_nothing() {
    let mut world = World::at_a_page();
    let before = world.sale.clone();
    let ours = world.attempt(1).gateway_order_id.clone();
    let returned = |order: &str, amount| Return {
        gateway_order_id: order.to_owned(),
        amount: Some(Money::krw(amount)),
        authentication: "key".into(),
    };
    let cheap = world.bring_back(&returned(&ours, 100));
    assert_eq!(cheap, Err(ReturnRefusal::Amount { actual: 30_000, claimed: 100 }));
    assert_eq!(world.bring_back(&returned("another", 30_000)), Err(ReturnRefusal::NotOurs));
    assert_eq!(world.sale, before);
    let mut card = World::with_an_order();
    let ours = card.attempt(1).gateway_order_id.clone();
    assert_eq!(card.bring_back(&returned(&ours, 30_000)), Err(ReturnRefusal::NotOurs));
}

#[test]
fn a_buyer_who_never_comes_back_gives_the_stock_back_and_a_late_return_charges_nothing() {
    let mut world = World::at_a_page();
    world.pass(Duration::from_mins(16));
    let expires_at = world.sale.order.expires_at;
    assert_eq!(world.come_back(1, "key"), Err(ReturnRefusal::Expired(expires_at)));
    world.expire();
    assert_eq!(world.states(), (PaymentState::Failed, OrderStatus::Failed));
    assert_eq!((world.attempt(1).state, world.left()), (AttemptState::NotCharged, 10));
    assert_eq!(world.come_back(1, "key"), Err(ReturnRefusal::Over));
}

#[test]
fn a_page_that_is_left_for_another_way_to_pay_is_never_confirmed() {
    let mut world = World::at_a_page();
    world.pay_again(2).expect("open");
    assert_eq!(world.attempt(1).problem.as_ref().map(|it| it.code), Some(ProblemCode::Superseded));
    assert_eq!(world.come_back(1, "key"), Err(ReturnRefusal::Over));
    assert!(matches!(world.come_back(2, "key two"), Ok(Confirm::Send(_))));
}

#[test]
fn a_confirmation_that_certainly_was_not_done_may_be_made_again_under_the_right_key() {
    for (outcome, request) in [
        (Outcome::NotSent { text: "no connection".into() }, 1),
        (Outcome::NotCreated { text: "closed".into() }, 2),
    ] {
        let mut world = World::at_a_page();
        world.come_back(1, "key").expect("ours");
        world.settle(1, Finding::Answer(outcome));
        assert_eq!(world.states(), (PaymentState::RequiresAction, OrderStatus::Pending));
        assert_eq!((world.attempt(1).request, world.left()), (request, 8));
        assert!(matches!(world.come_back(1, "key"), Ok(Confirm::Send(_))));
    }
}

#[test]
fn a_confirmation_whose_outcome_is_unknown_is_repeated_as_the_same_request() {
    let mut world = World::at_a_page();
    world.come_back(1, "key").expect("ours");
    assert!(!world.repeat(1), "somebody may be sending it");
    world.settle(1, no_answer());
    let unconfirmed = world.found(1, Verdict::Unconfirmed);
    world.look_up(1, unconfirmed);
    assert!(world.repeat(1));
    assert_eq!((world.attempt(1).state, world.attempt(1).request), (AttemptState::Sent, 1));
    assert!(!world.repeat(1), "it is being sent");
    world.pass(Duration::from_mins(1));
    assert!(world.repeat(1), "whoever was to send it has died");
    world.cancel().expect("the wish is kept");
    world.settle(1, no_answer());
    assert!(!world.repeat(1), "nobody wants it any more");

    let mut card = World::with_an_order();
    card.settle(1, no_answer());
    assert!(!card.repeat(1), "a repeat there could charge twice");
}

#[test]
fn what_is_said_of_a_repeat_says_nothing_of_what_was_sent_before() {
    let said = || "said".to_owned();
    for answer in [
        Outcome::NotSent { text: said() },
        Outcome::NotCreated { text: said() },
        Outcome::Rejected { text: said() },
    ] {
        let mut world = World::at_a_page();
        world.come_back(1, "key").expect("ours");
        world.settle(1, no_answer());
        assert!(world.repeat(1));
        world.settle(1, Finding::Answer(answer));
        assert_eq!(world.attempt(1).state, AttemptState::Unknown, "the first may have charged");
        let charged = world.found(1, Verdict::Approved);
        world.look_up(1, charged);
        assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    }
}

#[test]
fn an_answer_that_is_taken_twice_says_nothing_of_what_was_sent_since() {
    for outcome in [
        Outcome::NotSent { text: "no connection".into() },
        Outcome::NotCreated { text: "closed".into() },
    ] {
        let mut world = World::at_a_page();
        world.come_back(1, "key").expect("ours");
        let first = world.evidence(1, Finding::Answer(outcome));
        world.settle_evidence(&first, None, world.now);
        assert_eq!(world.attempt(1).state, AttemptState::Recorded);
        world.pass(Duration::from_secs(2));
        assert!(matches!(world.come_back(1, "key"), Ok(Confirm::Send(_))), "it may be tried again");
        let request = world.attempt(1).request;
        // The commit was in doubt, so whoever had the first answer brings it once more.
        world.settle_evidence(&first, None, world.now);
        let confirmed = world.attempt(1);
        assert_eq!((confirmed.state, confirmed.request), (AttemptState::Sent, request));
        world.settle(1, no_answer());
        assert_eq!(world.attempt(1).state, AttemptState::Unknown);
        assert_eq!(world.pay_again(2), Err(RenewRefusal::InProgress), "it may be charged");
    }
}

#[test]
fn a_refusal_that_was_seen_before_the_buyer_came_back_does_not_end_what_is_being_confirmed() {
    let mut world = World::at_a_page();
    let over = world.found(1, declined());
    let seen = world.evidence(1, Finding::Sighting(over));
    let asked_at = world.now;
    world.pass(Duration::from_secs(1));
    world.come_back(1, "key").expect("ours");
    world.settle_evidence(&seen, None, asked_at);
    let confirmed = world.attempt(1);
    assert_eq!((confirmed.state, &confirmed.reference), (AttemptState::Sent, &None));
    assert_eq!(world.pay_again(2), Err(RenewRefusal::InProgress), "it may be charged");
    let charged = world.found(1, Verdict::Approved);
    world.settle(1, Finding::Sighting(charged));
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
}

#[test]
fn an_unconfirmed_payment_whose_page_is_over_ends_uncharged() {
    let mut world = World::at_a_page();
    world.come_back(1, "key").expect("ours");
    world.settle(1, no_answer());
    let over = Problem::new(ProblemCode::Abandoned, "EXPIRED_PAYMENT");
    let expired = world.found(1, Verdict::Declined(over));
    world.look_up(1, expired);
    assert_eq!(world.states(), (PaymentState::Created, OrderStatus::Pending), "may pay again");
}

#[test]
fn over_an_amount_two_people_must_say_the_same() {
    let mut world = World::with_an_order();
    world.settle(1, no_answer());
    let (first, second) = (Ruled::NotCharged, Ruled::Charged { reference: "TR:1".into() });
    assert_eq!(world.rule(1, "a", &first, true), Ok(Heard::AwaitsSecond));
    assert_eq!(world.rule(1, "a", &first, true), Err(RulingRefusal::SamePerson));
    assert_eq!(world.rule(1, "b", &second, true), Err(RulingRefusal::Disagrees));
    assert_eq!(world.attempt(1).state, AttemptState::Unknown, "nothing is decided yet");
    assert_eq!(world.rule(1, "b", &first, true), Ok(Heard::Applied));
    assert_eq!(world.states(), (PaymentState::Created, OrderStatus::Pending));
    assert_eq!(world.rule(1, "c", &first, true), Err(RulingRefusal::NotInDoubt));
    let charged = world.found(1, Verdict::Approved);
    world.look_up(1, charged);
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed), "the gateway counts");
}

#[test]
fn a_charge_that_is_given_back_already_does_not_pay_for_another_attempt() {
    let mut world = believed_absent();
    world.pay_again(2).expect("open");
    world.settle(2, no_answer());
    let surfaced = world.found(1, Verdict::Approved);
    world.settle(1, Finding::Sighting(surfaced));
    assert_eq!(world.incidents, [IncidentType::DuplicateCharge]);
    let same = Ruled::Charged { reference: "TR:1".into() };
    assert_eq!(world.rule(2, "a", &same, false), Err(RulingRefusal::AnotherCharge));
    let own = Ruled::Charged { reference: "TR:2".into() };
    assert_eq!(world.rule(2, "a", &own, false), Ok(Heard::Applied));
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
}

#[test]
fn one_person_is_enough_below_it_and_what_was_ruled_is_booked() {
    let mut world = World::with_an_order();
    world.settle(1, no_answer());
    let ruled = Ruled::Charged { reference: "TR:9".into() };
    assert_eq!(world.rule(1, "a", &ruled, false), Ok(Heard::Applied));
    assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
    assert!(world.journal.concat().contains("seen in the gateway's console"));
}

#[test]
fn late_completion_after_cancel_is_adopted_or_refunded_in_every_ordering() {
    // What happens, in this order, to a payment whose outcome is unknown; and how it ends.
    let orderings: [(&[Event], PaymentState, OrderStatus); 6] = [
        (&[Event::Wish, Event::Charged], PaymentState::Cancelled, OrderStatus::Cancelled),
        (&[Event::Charged, Event::Wish], PaymentState::Cancelled, OrderStatus::Cancelled),
        (
            &[Event::Gone, Event::Wish, Event::Charged],
            PaymentState::Cancelled,
            OrderStatus::Cancelled,
        ),
        (
            &[Event::Wish, Event::Gone, Event::Charged],
            PaymentState::Cancelled,
            OrderStatus::Cancelled,
        ),
        (&[Event::Gone, Event::Expire, Event::Charged], PaymentState::Paid, OrderStatus::Completed),
        (
            &[Event::Gone, Event::Expire, Event::SoldOut, Event::Charged],
            PaymentState::Cancelled,
            OrderStatus::Failed,
        ),
    ];
    for (steps, state, status) in orderings {
        let mut world = World::at_a_page();
        world.come_back(1, "key").expect("ours");
        world.settle(1, no_answer());
        for step in steps {
            step.take(&mut world);
        }
        let owed: Vec<_> = world.sale.refunds.iter().map(|refund| refund.id).collect();
        for id in owed {
            world.give_back(id);
        }
        assert_eq!(world.states(), (state, status), "{steps:?}");
        let served = status == OrderStatus::Completed;
        assert_eq!(world.fulfilments.iter().any(|it| it.revoked < it.quantity), served);
    }
}

/// One thing that happens to a payment in doubt.
#[derive(Debug, Clone, Copy)]
enum Event {
    Wish,
    Charged,
    Gone,
    Expire,
    SoldOut,
}

impl Event {
    fn take(self, world: &mut World) {
        match self {
            Self::Wish => world.cancel().expect("kept or done"),
            Self::Charged => {
                let charged = world.found(1, Verdict::Approved);
                world.look_up(1, charged);
            }
            Self::Gone => {
                world.pass(Duration::from_secs(136));
                world.look_up(1, Sighting::Absent);
                world.look_up(1, Sighting::Absent);
                assert_eq!(world.attempt(1).state, AttemptState::NotCharged);
            }
            Self::Expire => {
                world.pass(Duration::from_mins(16));
                world.expire();
            }
            Self::SoldOut => world.sell_until(1),
        }
    }
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
    Return(usize, u8),
    Repeat(usize),
    Refund(u8),
    RefundTurn(u8, u8),
    RetryRefund(u8),
    Sell,
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
        (1..4_usize, 0..3_u8).prop_map(|(number, key)| Happening::Return(number, key)),
        (1..4_usize).prop_map(Happening::Repeat),
        (0..6_u8).prop_map(Happening::Refund),
        (0..4_u8, 0..8_u8).prop_map(|(which, kind)| Happening::RefundTurn(which, kind)),
        (0..4_u8).prop_map(Happening::RetryRefund),
        Just(Happening::Sell),
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
            4 => self.found(number, Verdict::Unconfirmed),
            5 => Sighting::Absent,
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

    fn nth_refund(&self, which: u8) -> Option<RefundId> {
        self.sale.refunds.get(usize::from(which)).map(|refund| refund.id)
    }

    fn happen_to_refund(&mut self, which: u8, kind: u8) {
        let Some(id) = self.nth_refund(which) else { return };
        let owed = self
            .sale
            .obligations
            .iter()
            .any(|owed| owed.refund_id == Some(id) && owed.state == ObligationState::Owed);
        if !owed {
            return;
        }
        let text = String::from("said");
        let given = self.given(id);
        let (answer, seen) = match kind {
            0 | 1 => (
                RefundOutcome::Done { reference: given.reference.clone() },
                RefundSighting::Seen(vec![given]),
            ),
            2 => (RefundOutcome::Refused { text }, RefundSighting::Seen(vec![])),
            3 => (RefundOutcome::NotDone { text }, RefundSighting::Seen(vec![])),
            4 => (RefundOutcome::NotSent { text }, RefundSighting::Seen(vec![])),
            5 => (RefundOutcome::Unknown { text }, RefundSighting::Seen(vec![given])),
            _ => (RefundOutcome::Unknown { text: text.clone() }, RefundSighting::Unknown { text }),
        };
        self.refund_turn(id, answer, seen);
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
            Happening::Return(number, key) if known(self, number) => {
                let _refused = self.come_back(number, &format!("key {key}"));
            }
            Happening::Repeat(number) if known(self, number) => {
                let _refused = self.repeat(number);
            }
            Happening::Answer(..)
            | Happening::LookUp(..)
            | Happening::Callback(..)
            | Happening::Return(..)
            | Happening::Repeat(..) => {}
            Happening::Refund(kind) => {
                let product_id = *self.products.keys().next().expect("one product");
                let _refused = self.ask_back(match kind {
                    0 => HowMuch::Rest,
                    1 | 2 => HowMuch::Pieces(vec![Pieces { product_id, quantity: kind.into() }]),
                    _ => HowMuch::Amount(i64::from(kind) * 2_500),
                });
            }
            Happening::RefundTurn(which, kind) => self.happen_to_refund(which, kind),
            Happening::RetryRefund(which) => {
                if let Some(id) = self.nth_refund(which) {
                    let _refused = self.retry_refund(id);
                }
            }
            Happening::Sell => self.sell_until(1),
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
        for mut world in [World::with_an_order(), World::at_a_page()] {
            for happening in &happenings {
                world.happen(happening);
            }
        }
    }
}
