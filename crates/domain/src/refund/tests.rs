//! Refunds, told as stories. Every step of every story is checked against the invariants.

use std::time::Duration;

use super::{
    Pieces, RefundState,
    evidence::{Given, RefundEvidence, RefundFinding, RefundOutcome, RefundSighting},
    perform::Step,
    request::{HowMuch, RefundRefusal},
    retry::RetryRefusal,
};
use crate::{
    incident::IncidentType,
    money::Money,
    obligation::ObligationState,
    order::OrderStatus,
    payment::{PaymentState, evidence::Source},
    story::World,
};

fn unknown() -> RefundOutcome {
    RefundOutcome::Unknown { text: "no answer in time".into() }
}

fn nothing() -> RefundSighting {
    RefundSighting::Seen(Vec::new())
}

#[test]
fn a_full_refund_gives_everything_back_once() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Rest).expect("paid");
    assert_eq!(world.states(), (PaymentState::Cancelling, OrderStatus::Completed));
    assert_eq!(world.left(), 8, "the stock is back when the money is");
    world.give_back(id);
    assert_eq!(world.states(), (PaymentState::Cancelled, OrderStatus::Cancelled));
    assert_eq!((world.left(), world.fulfilments[0].revoked), (10, 2));
    let (booked, given) = (world.postings.len(), world.given(id));
    let reference = given.reference;
    for _late_answer in 0..3 {
        let again = RefundOutcome::Done { reference: reference.clone() };
        world.settle_refund(id, RefundFinding::Answer(again), None);
    }
    assert_eq!((world.left(), world.postings.len()), (10, booked));
}

#[test]
fn of_two_refunds_of_sixty_of_a_hundred_one_succeeds() {
    let mut world = World::paid();
    world.ask_back(HowMuch::Amount(18_000)).expect("60 of 100");
    let second = world.ask_back(HowMuch::Amount(18_000));
    assert_eq!(second, Err(RefundRefusal::TooMuch { refundable: 12_000, asked: 18_000 }));
}

#[test]
fn twenty_partial_refunds_never_exceed_the_charge() {
    let mut world = World::paid();
    let taken: Vec<_> =
        (0..20).filter_map(|_| world.ask_back(HowMuch::Amount(2_500)).ok()).collect();
    assert_eq!(taken.len(), 12, "12 of 2,500 are 30,000");
    for (nth, id) in taken.iter().enumerate() {
        world.give_back(*id);
        let last = nth == 11;
        let state = if last { PaymentState::Cancelled } else { PaymentState::Cancelling };
        assert_eq!(world.states().0, state);
    }
    assert_eq!((world.states().1, world.left()), (OrderStatus::Cancelled, 10));
}

#[test]
fn a_precondition_that_does_not_hold_begins_nothing() {
    let mut world = World::paid();
    let refused = world.ask_back_expecting(HowMuch::Amount(1_000), Some(29_999));
    assert_eq!(refused, Err(RefundRefusal::Expected { refundable: 30_000, expected: 29_999 }));
    world.ask_back_expecting(HowMuch::Amount(1_000), Some(30_000)).expect("as believed");
    assert_eq!(world.sale.refunds.len(), 1);
}

#[test]
fn pieces_come_back_to_stock_with_their_money_and_only_once() {
    let mut world = World::paid();
    let product_id = *world.products.keys().next().expect("one");
    let one = HowMuch::Pieces(vec![Pieces { product_id, quantity: 1 }]);
    let two = HowMuch::Pieces(vec![Pieces { product_id, quantity: 2 }]);
    let id = world.ask_back(one.clone()).expect("one of two");
    assert_eq!(world.refund(id).amount, Money::krw(15_000));
    assert_eq!(world.ask_back(two), Err(RefundRefusal::TooManyPieces { product_id, left: 1 }));
    world.give_back(id);
    assert_eq!(world.states(), (PaymentState::PartiallyRefunded, OrderStatus::Completed));
    assert_eq!((world.left(), world.fulfilments[0].revoked), (9, 1));
    let id = world.ask_back(one).expect("the other");
    world.give_back(id);
    assert_eq!(world.states(), (PaymentState::Cancelled, OrderStatus::Cancelled));
    assert_eq!((world.left(), world.fulfilments[0].revoked), (10, 2));
}

#[test]
fn what_is_not_paid_cannot_be_refunded() {
    let mut world = World::at_a_page();
    let refused = world.ask_back(HowMuch::Rest);
    assert_eq!(refused, Err(RefundRefusal::NotPaid(PaymentState::RequiresAction)));
    let mut paid = World::paid();
    for amount in [0, -1] {
        assert_eq!(paid.ask_back(HowMuch::Amount(amount)), Err(RefundRefusal::NotPositive));
    }
    paid.manners.can_refund = false;
    assert_eq!(paid.ask_back(HowMuch::Rest), Err(RefundRefusal::CannotRefund));
}

#[test]
fn a_refund_without_an_answer_is_looked_up_and_then_asked_for_as_the_same_request() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    world.refund_turn(id, unknown(), nothing());
    assert_eq!(world.refund(id).state, RefundState::Unknown);
    assert!(matches!(world.refund_turn(id, unknown(), nothing()), Step::LookUp(_)));
    let Step::Send { refund, balance } = world.refund_turn(id, unknown(), nothing()) else {
        panic!("asked for again");
    };
    assert_eq!((refund.request, balance), (1, Money::krw(30_000)), "one key for one refund");
    let seen = RefundSighting::Seen(vec![world.given(id)]);
    world.refund_turn(id, unknown(), seen);
    assert_eq!(world.refund(id).state, RefundState::Done);
    assert_eq!(world.states().0, PaymentState::PartiallyRefunded);
}

#[test]
fn where_a_repeat_could_give_back_twice_an_absence_must_be_old_and_said_twice() {
    let mut world = World::paid();
    world.manners.repeat_within = None;
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    world.refund_turn(id, unknown(), nothing());
    world.refund_turn(id, unknown(), nothing());
    assert_eq!(world.refund(id).state, RefundState::Unknown, "too early");
    world.pass(Duration::from_mins(5));
    world.refund_turn(id, unknown(), nothing());
    assert_eq!(world.refund(id).state, RefundState::Owed);
}

#[test]
fn only_a_certain_refusal_makes_the_next_request_another_one() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    world.refund_turn(id, RefundOutcome::NotSent { text: "cut".into() }, nothing());
    assert_eq!((world.refund(id).state, world.refund(id).request), (RefundState::Owed, 1));
    world.refund_turn(id, RefundOutcome::NotDone { text: "closed".into() }, nothing());
    assert_eq!((world.refund(id).state, world.refund(id).request), (RefundState::Owed, 2));
}

#[test]
fn what_is_said_of_a_repeated_refund_says_nothing_of_what_was_sent_before() {
    let said = || "said".to_owned();
    for answer in [
        RefundOutcome::NotSent { text: said() },
        RefundOutcome::NotDone { text: said() },
        RefundOutcome::Refused { text: said() },
        RefundOutcome::Unclear { text: said() },
    ] {
        let mut world = World::paid();
        let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
        world.refund_turn(id, unknown(), nothing());
        world.refund_turn(id, unknown(), nothing());
        world.refund_turn(id, answer, nothing());
        assert_eq!(world.refund(id).state, RefundState::Unknown);
        world.refund_turn(id, unknown(), nothing());
        let refund = world.refund(id);
        assert_eq!(
            (refund.state, refund.request),
            (RefundState::Owed, 1),
            "the first may still be done"
        );
    }
}

#[test]
fn an_answer_that_is_taken_twice_says_nothing_of_what_was_asked_for_since() {
    let said = || "said".to_owned();
    for answer in [RefundOutcome::NotSent { text: said() }, RefundOutcome::NotDone { text: said() }]
    {
        let mut world = World::paid();
        let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
        let other = world.ask_back(HowMuch::Amount(7_000)).expect("paid");
        let (lease, _step) = world.refund_step(id);
        let first = RefundEvidence {
            refund_id: id,
            source: Source::Response,
            sending: Some(world.refund(id).send_before),
            finding: RefundFinding::Answer(answer),
        };
        world.settle_refund_evidence(&first, Some(lease));
        assert_eq!(world.refund(id).state, RefundState::Owed);
        world.pass(Duration::from_secs(2));
        let (_second, step) = world.refund_step(id);
        assert!(matches!(step, Step::Send { .. }), "{step:?}");
        let request = world.refund(id).request;
        // The commit was in doubt, so whoever had the first answer brings it once more.
        world.settle_refund_evidence(&first, Some(lease));
        assert_eq!(
            (world.refund(id).state, world.refund(id).request),
            (RefundState::Sent, request)
        );
        assert_eq!(world.refund_step(other).1, Step::Nothing, "one of a charge at a time");
    }
}

#[test]
fn a_repeat_is_heard_again_once_nothing_of_the_first_can_be_under_way() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    world.refund_turn(id, unknown(), nothing());
    world.pass(Duration::from_mins(5));
    world.refund_turn(id, unknown(), nothing());
    world.refund_turn(id, RefundOutcome::Refused { text: "too old".into() }, nothing());
    assert_eq!(world.refund(id).state, RefundState::Refused);
}

#[test]
fn a_request_that_hears_nothing_for_ever_makes_room_for_the_next_once_its_absence_is_certain() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    for believed in [false, true] {
        let (_lease, step) = world.refund_step(id);
        let Step::Send { refund, .. } = step else { panic!("sent: {step:?}") };
        assert_eq!(refund.request, 1, "one key as long as it may be under way");
        world.settle_refund(id, RefundFinding::Answer(unknown()), None);
        world.pass(Duration::from_mins(5));
        world.refund_turn(id, unknown(), nothing());
        assert_eq!(world.refund(id).request, 1 + u32::from(believed));
    }
    world.refund_turn(id, unknown(), nothing());
    world.refund_turn(id, unknown(), nothing());
    assert_eq!((world.refund(id).state, world.refund(id).request), (RefundState::Owed, 2));
}

#[test]
fn an_answer_from_which_nothing_follows_is_not_asked_for_again_under_the_same_key() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    let unclear = || RefundOutcome::Unclear { text: "PROVIDER_ERROR".into() };
    world.refund_turn(id, unclear(), nothing());
    assert_eq!(world.refund(id).state, RefundState::Unknown);
    world.refund_turn(id, unclear(), nothing());
    assert_eq!((world.refund(id).state, world.refund(id).request), (RefundState::Owed, 2));
}

#[test]
fn one_refund_of_a_charge_is_under_way_at_a_time_and_states_what_is_left() {
    let mut world = World::paid();
    let first = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    let second = world.ask_back(HowMuch::Amount(7_000)).expect("paid");
    world.refund_turn(first, unknown(), nothing());
    assert_eq!(world.refund_turn(second, unknown(), nothing()), Step::Nothing);
    let seen = RefundSighting::Seen(vec![world.given(first)]);
    world.refund_turn(first, unknown(), seen);
    let (_lease, step) = world.refund_step(second);
    let Step::Send { balance, .. } = step else { panic!("its turn: {step:?}") };
    assert_eq!(balance, Money::krw(25_000));
}

#[test]
fn a_worker_with_an_old_lease_sends_nothing() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    let (_first, step) = world.refund_step(id);
    assert!(matches!(step, Step::Send { .. }));
    let (_second, step) = world.refund_step(id);
    assert_eq!(step, Step::Nothing, "the first one may be sending at this moment");
    world.pass(Duration::from_mins(1));
    let (_third, step) = world.refund_step(id);
    assert!(matches!(step, Step::LookUp(_)), "and has died since: {step:?}");
}

#[test]
fn a_refused_refund_alarms_and_is_tried_again_on_command_as_another_request() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Rest).expect("paid");
    world.refund_turn(id, RefundOutcome::Refused { text: "too old".into() }, nothing());
    assert_eq!(world.states(), (PaymentState::CompensationFailed, OrderStatus::Completed));
    assert_eq!(world.incidents, [IncidentType::CompensationFailed]);
    let parked = world.sale.obligations.iter().any(|owed| owed.state == ObligationState::Parked);
    assert!(parked, "it stays visible");
    world.retry_refund(id).expect("on command");
    assert_eq!(world.states().0, PaymentState::Cancelling);
    assert_eq!(world.refund(id).request, 2);
    world.give_back(id);
    assert_eq!(world.states(), (PaymentState::Cancelled, OrderStatus::Cancelled));
    assert_eq!(world.retry_refund(id), Err(RetryRefusal::Done));
}

#[test]
fn a_refused_refund_frees_its_money_for_another_and_then_is_too_much() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(20_000)).expect("paid");
    world.refund_turn(id, RefundOutcome::Refused { text: "no".into() }, nothing());
    world.ask_back(HowMuch::Amount(25_000)).expect("nothing went back");
    assert_eq!(world.retry_refund(id), Err(RetryRefusal::TooMuch(5_000)));
}

#[test]
fn pieces_that_came_back_with_another_refund_are_not_paid_for_again() {
    let (mut world, product_id) = World::paid_for_two();
    let cheap = || HowMuch::Pieces(vec![Pieces { product_id, quantity: 1 }]);
    let first = world.ask_back(cheap()).expect("paid");
    world.refund_turn(first, RefundOutcome::Refused { text: "no".into() }, nothing());
    let instead = world.ask_back(cheap()).expect("nothing went back");
    world.give_back(instead);
    let refused = world.retry_refund(first);
    assert_eq!(refused, Err(RetryRefusal::TooManyPieces { product_id, left: 0 }));
    assert_eq!(world.states(), (PaymentState::PartiallyRefunded, OrderStatus::Completed));
}

#[test]
fn a_refused_refund_that_another_one_replaced_keeps_nothing_open() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(20_000)).expect("paid");
    world.refund_turn(id, RefundOutcome::Refused { text: "no".into() }, nothing());
    let all = world.ask_back(HowMuch::Rest).expect("nothing went back");
    assert_eq!(world.states().0, PaymentState::CompensationFailed);
    world.give_back(all);
    assert_eq!(world.states(), (PaymentState::Cancelled, OrderStatus::Cancelled));
    assert_eq!(world.left(), 10, "the stock is back with the money");
}

#[test]
fn a_refused_refund_stays_owed_while_it_can_be_tried_again() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(20_000)).expect("paid");
    world.refund_turn(id, RefundOutcome::Refused { text: "no".into() }, nothing());
    let more = world.ask_back(HowMuch::Amount(15_000)).expect("nothing went back");
    world.refund_turn(more, RefundOutcome::Refused { text: "no".into() }, nothing());
    let little = world.ask_back(HowMuch::Amount(10_000)).expect("nothing went back");
    world.give_back(little);
    assert_eq!(world.states(), (PaymentState::CompensationFailed, OrderStatus::Completed));
    world.retry_refund(id).expect("there is room for it");
    world.give_back(id);
    assert_eq!(world.states(), (PaymentState::Cancelled, OrderStatus::Cancelled));
}

#[test]
fn a_refund_in_doubt_beyond_the_horizon_alarms_once_and_is_never_forgotten() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Rest).expect("paid");
    for _ in 0..10 {
        world.refund_turn(id, unknown(), RefundSighting::Unknown { text: "503".into() });
        world.pass(Duration::from_mins(5));
    }
    assert_eq!(world.states().0, PaymentState::CompensationFailed);
    assert_eq!(world.incidents, [IncidentType::CompensationFailed], "one alarm");
    let seen = RefundSighting::Seen(vec![world.given(id)]);
    world.refund_turn(id, unknown(), seen);
    assert_eq!(world.states(), (PaymentState::Cancelled, OrderStatus::Cancelled));
}

#[test]
fn money_that_went_back_without_us_is_told() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    world.refund_turn(id, unknown(), nothing());
    let foreign = Given { reference: "CONSOLE".into(), amount: Money::krw(9), refund_id: None };
    world.refund_turn(id, unknown(), RefundSighting::Seen(vec![foreign]));
    assert_eq!(world.incidents, [IncidentType::ForeignRefund]);
}

#[test]
fn a_refund_seen_with_another_amount_is_not_believed() {
    let mut world = World::paid();
    let id = world.ask_back(HowMuch::Amount(5_000)).expect("paid");
    world.refund_turn(id, unknown(), nothing());
    let wrong = Given { amount: Money::krw(4_999), ..world.given(id) };
    world.refund_turn(id, unknown(), RefundSighting::Seen(vec![wrong]));
    assert_eq!(world.refund(id).state, RefundState::Unknown);
    assert_eq!(world.incidents, [IncidentType::EvidenceMismatch]);
}
