//! What is not certain: missing lines, undone charges and second charges.

use super::*;

#[test]
fn a_missing_line_proves_nothing() {
    for certainty in [OurCertainty::InDoubt, OurCertainty::BelievedNot, OurCertainty::Not] {
        let mut world = World::clean();
        world.attempted(20, 10_000, certainty);
        assert_eq!(world.found(), [], "{certainty:?}");
    }
    let mut world = World::clean();
    world.attempted(20, 10_000, OurCertainty::Certain);
    world.refund_begun(1, "a", 500, OurCertainty::Certain);
    let report = world.report();
    for (days, word) in [(0, "look_up"), (2, "look_up"), (3, "incident"), (4_000, "incident")] {
        let today = day().plus_days(days);
        let repairs: Vec<_> =
            report.findings.iter().map(|finding| repair(finding, today).word()).collect();
        assert_eq!(repairs, [word, word], "after {days} days");
    }
    for finding in &report.findings {
        assert_eq!(finding.difference, Difference::NotListed);
        assert!(finding.english().ends_with("does not prove that it was not made."));
    }
}

#[test]
fn nothing_is_missed_in_a_report_that_need_not_have_it_yet() {
    let mut world = World::clean();
    world.attempted(20, 10_000, OurCertainty::Certain);
    for reading in &mut world.expectations.readings {
        reading.read_on = day();
        reading.listed_after_days = 1;
    }
    assert_eq!(world.found(), [], "it is listed from the next day on");
    world.expectations.readings.clear();
    assert_eq!(world.found(), [], "no report was read to its end");

    let mut world = World::clean();
    world.lines.retain(|line| line.source() == Source::Transactions);
    world.expectations.readings[0].gateway = GatewayName::new("inicis");
    assert_eq!(world.found(), [], "the settlement that was read is another gateway's");
}

#[test]
fn what_happened_on_another_day_is_matched_but_not_missed() {
    let mut world = World::clean();
    world.paid(20, 10_000);
    world.attempted(21, 10_000, OurCertainty::Certain);
    for ours in world.ours.iter_mut().skip(11) {
        ours.at = day().starts_in_seoul().before(Duration::from_secs(1));
    }
    world.lines.retain(|line| line.movement != "charge20" || line.source() == Source::Settlement);
    assert_eq!(world.found(), []);
    assert_eq!(world.report().matched(MovementType::Charge), 9);
}

#[test]
fn a_line_of_what_we_hold_refused_is_for_a_person() {
    let mut world = World::clean();
    world.attempted(20, 10_000, OurCertainty::Not);
    world.list(charge_line(20, 10_000));
    world.refund_begun(1, "a", 500, OurCertainty::Not);
    world.list(refund_line(1, "a", 500));
    assert_eq!(world.found(), [(Difference::MovedThere, "incident"); 2]);
}

#[test]
fn a_charge_that_the_gateway_itself_took_back_confirms_nothing() {
    for (certainty, found) in [
        (OurCertainty::InDoubt, vec![(Difference::UndoneThere, "look_up")]),
        (OurCertainty::BelievedNot, vec![]),
        (OurCertainty::Not, vec![]),
        (OurCertainty::Certain, vec![(Difference::RefundedThere, "incident")]),
    ] {
        let mut world = World::clean();
        world.attempted(20, 10_000, certainty);
        world.list(charge_line(20, 10_000));
        world.list(refund_line(20, "net", 10_000));
        assert_eq!(world.found(), found, "{certainty:?}");
    }
}

#[test]
fn a_refund_of_what_we_do_not_hold_charged_is_unknown() {
    let mut world = World::clean();
    world.attempted(20, 10_000, OurCertainty::Not);
    world.charge(20).reference = Some("pay20".into());
    world.list(refund_line(20, "a", 10_000));
    assert_eq!(world.found(), [(Difference::UnknownRefund, "incident")]);
}

#[test]
fn a_partial_refund_leaves_a_charge_in_doubt_to_be_confirmed() {
    let mut world = World::clean();
    world.attempted(20, 10_000, OurCertainty::InDoubt);
    world.list(charge_line(20, 10_000));
    world.list(refund_line(20, "a", 4_000));
    assert_eq!(
        world.found(),
        [(Difference::UnknownRefund, "incident"), (Difference::InDoubt, "confirm")]
    );
}

#[test]
fn a_confirmed_charge_is_the_transaction_of_the_line() {
    let mut world = World::empty();
    world.attempted(1, 10_000, OurCertainty::InDoubt);
    world.list(charge_line(1, 10_000));
    let attempt = world.charge(1).attempt_id;
    let Repair::Confirm { attempt: confirmed, transaction } =
        repair(&world.report().findings[0], day())
    else {
        panic!("not confirmed");
    };
    assert_eq!(confirmed, attempt);
    assert_eq!(transaction.reference, "pay1");
    assert_eq!(transaction.gateway_order_id, "order1");
    assert_eq!(transaction.amount, Money::krw(10_000));
    assert!(world.report().unposted.is_empty(), "the fee is posted once the charge is");
}

#[test]
fn a_second_charge_is_given_back_once_and_never_the_one_that_pays() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.list(second_charge_line(1, 10_000));
    let refund = repair(&world.report().findings[0], day());
    assert!(
        matches!(&refund, Repair::RefundExtra { reference, amount, .. }
            if reference == "again1" && *amount == Money::krw(10_000)),
        "{refund:?}"
    );
    let plan = plan(&world.report(), day());
    world.carry_out(plan);
    assert_eq!(world.found(), [], "our refund of it is on its way");
    assert_eq!(world.report().without_effect, 1);
    let refund = SettlementLine {
        kind: MovementType::Refund,
        movement: "refund-again1".into(),
        ..second_charge_line(1, 10_000)
    };
    world.list(refund);
    assert_eq!(world.found(), [], "and here it is");
    assert_eq!(world.report().matched(MovementType::Refund), 1);
}

#[test]
fn of_two_charges_of_an_attempt_in_doubt_the_earlier_pays() {
    let mut world = World::empty();
    world.attempted(1, 10_000, OurCertainty::InDoubt);
    let earlier = minute(1);
    world.list(SettlementLine { at: Some(earlier), ..charge_line(1, 10_000) });
    world.list(second_charge_line(1, 10_000));
    let report = world.report();
    assert_eq!(
        world.found(),
        [(Difference::SecondCharge, "refund_extra"), (Difference::InDoubt, "confirm")]
    );
    assert_eq!(
        (report.findings[0].subject(), report.findings[1].subject()),
        ("again1".to_owned(), "charge1".to_owned())
    );
}

#[test]
fn a_second_charge_whose_refund_the_gateway_refused_is_still_given_back() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.list(second_charge_line(1, 10_000));
    world.refund_begun(1, "again", 10_000, OurCertainty::Not);
    world.ours[1].reference = Some("again1".into());
    assert_eq!(world.found(), [(Difference::SecondCharge, "refund_extra")]);
}

#[test]
fn our_refund_of_the_charge_that_pays_does_not_cover_a_second_one() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.refunded(1, "a", 10_000);
    world.list(SettlementLine { reference: "pay1".into(), ..second_charge_line(1, 10_000) });
    assert_eq!(world.found(), [(Difference::RivalCharge, "incident")]);
}

#[test]
fn a_refund_of_a_second_charge_is_no_refund_of_the_one_that_pays() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.list(SettlementLine { reference: "again1".into(), ..refund_line(1, "a", 10_000) });
    assert_eq!(world.found(), [(Difference::UnknownRefund, "incident")]);
}

#[test]
fn of_two_charges_neither_is_given_back_unless_the_other_is_sure_to_stand() {
    type Doubt = (&'static str, fn(&mut World));
    let doubts: [Doubt; 9] = [
        ("ours is listed twice", |world| world.list(charge_line(1, 10_000))),
        ("the reports disagree about the second", |world| {
            world.lines_of("again1").next().expect("listed").amount = Money::krw(9_000);
        }),
        ("our books give a part of the second back", |world| {
            world.refund_begun(1, "again", 4_000, OurCertainty::InDoubt);
            world.ours[1].reference = Some("again1".into());
        }),
        ("ours is not listed", |world| world.unlist("charge1")),
        ("ours has another amount", |world| {
            for line in world.lines_of("charge1") {
                line.amount = Money::krw(9_000);
            }
        }),
        ("something of ours was given back", |world| world.list(refund_line(1, "a", 10_000))),
        ("the second is of the same payment", |world| {
            for line in world.lines_of("again1") {
                line.reference = "pay1".into();
            }
        }),
        ("a part of the second was given back", |world| {
            let refund = SettlementLine {
                kind: MovementType::Refund,
                movement: "refund-again1".into(),
                ..second_charge_line(1, 4_000)
            };
            world.list(refund);
        }),
        ("we hold ours refused", |world| world.charge(1).certainty = OurCertainty::Not),
    ];
    for (name, plant) in doubts {
        let mut world = World::empty();
        world.paid(1, 10_000);
        world.list(second_charge_line(1, 10_000));
        plant(&mut world);
        let found = world.found();
        assert!(found.contains(&(Difference::RivalCharge, "incident")), "{name}: {found:?}");
        assert!(!found.iter().any(|(_, repair)| *repair == "refund_extra"), "{name}: {found:?}");
    }
}

#[test]
fn a_payment_that_pays_another_order_is_not_given_back() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.attempted(2, 10_000, OurCertainty::InDoubt);
    world.list(charge_line(2, 10_000));
    world.list(SettlementLine { reference: "pay2".into(), ..second_charge_line(1, 10_000) });
    assert_eq!(
        world.found(),
        [(Difference::RivalCharge, "incident"), (Difference::InDoubt, "confirm")]
    );
}

#[test]
fn what_was_in_doubt_over_midnight_is_not_missed_on_the_second_day() {
    for (recorded_before, missed) in
        [(Duration::from_mins(4), true), (Duration::from_mins(6), false)]
    {
        let mut world = World::empty();
        world.attempted(5, 10_000, OurCertainty::Certain);
        let ours = world.charge(5);
        ours.recorded_at = ours.at.before(recorded_before);
        assert_eq!(world.found().len(), usize::from(missed), "{recorded_before:?}");
    }
}
