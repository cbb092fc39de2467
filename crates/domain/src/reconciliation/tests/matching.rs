//! Which line is which movement: equal refunds, reports that disagree, names that contradict.

use super::*;

#[test]
fn equal_partial_refunds_are_told_apart_by_their_movements() {
    let mut world = World::clean();
    world.unlist("refund8a");
    for (label, ours) in ["a", "b", "c"].into_iter().zip(8..) {
        world.ours[ours].movement = Some(format!("refund8{label}"));
    }
    let report = world.report();
    assert_eq!(world.found(), [(Difference::NotListed, "look_up")]);
    assert_eq!(report.findings[0].subject(), refund_id(8, "a").to_string());

    world.list(refund_line(8, "z", 1_000));
    assert_eq!(
        world.found(),
        [(Difference::UnknownRefund, "incident"), (Difference::NotListed, "look_up")],
        "another of the same amount does not stand in for it"
    );
}

#[test]
fn refunds_are_matched_by_amount_under_either_name_of_the_payment() {
    let mut world = World::empty();
    world.attempted(1, 10_000, OurCertainty::InDoubt);
    for (label, amount) in [("a", 1_000), ("b", 2_000)] {
        world.refund_begun(1, label, amount, OurCertainty::InDoubt);
        world.list(refund_line(1, label, amount));
    }
    let repairs = [(Difference::InDoubt, "confirm_refund"); 2];
    assert_eq!(world.found(), repairs, "by order id: no reference is known");

    for ours in &mut world.ours {
        ours.reference = Some("pay1".into());
    }
    for line in &mut world.lines {
        line.gateway_order_id = "somebody-else".into();
    }
    let contradicted = [(Difference::NamesContradict, "incident"); 2];
    assert_eq!(world.found(), contradicted, "by reference: the order id is not ours");
}

#[test]
fn a_refused_refund_is_not_the_one_of_another_amount() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.refund_begun(1, "a", 2_000, OurCertainty::Not);
    world.list(refund_line(1, "b", 3_000));
    assert_eq!(world.found(), [(Difference::UnknownRefund, "incident")]);
}

#[test]
fn a_line_that_a_certain_refund_explains_confirms_no_refund_in_doubt() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.refund_begun(1, "doubtful", 1_000, OurCertainty::InDoubt);
    world.refunded(1, "certain", 1_000);
    assert_eq!(world.found(), []);
    world.list(refund_line(1, "another", 1_000));
    assert_eq!(world.found(), [(Difference::InDoubt, "confirm_refund")]);
}

#[test]
fn one_left_refund_of_another_amount_is_an_amount_and_two_are_not_guessed_at() {
    let mut world = World::empty();
    world.paid(1, 10_000);
    world.refund_begun(1, "a", 1_000, OurCertainty::Certain);
    world.list(refund_line(1, "x", 1_200));
    assert_eq!(world.found(), [(Difference::Amount, "incident")]);
    world.list(refund_line(1, "y", 1_300));
    assert_eq!(
        world.found(),
        [
            (Difference::UnknownRefund, "incident"),
            (Difference::UnknownRefund, "incident"),
            (Difference::NotListed, "look_up"),
        ]
    );
}

#[test]
fn reports_that_disagree_with_each_other_move_nothing() {
    let mut world = World::empty();
    world.attempted(1, 10_000, OurCertainty::InDoubt);
    world.list(charge_line(1, 10_000));
    world.settled("charge1");
    for line in world.lines.iter_mut().filter(|line| line.settled.is_none()) {
        line.amount = Money::krw(9_000);
    }
    assert_eq!(world.found(), [(Difference::SourcesDisagree, "incident")]);
    let finding = &world.report().findings[0];
    assert_eq!(
        (finding.expected, finding.seen),
        (Some(Money::krw(10_000)), Some(Money::krw(9_000)))
    );
}

#[test]
fn what_one_report_lists_and_another_does_not_is_found() {
    for (source, left) in
        [(Source::Settlement, "its transactions"), (Source::Transactions, "its settlement")]
    {
        let mut world = World::clean();
        world.lines.retain(|line| line.movement != "charge3" || line.source() != source);
        assert_eq!(world.found(), [(Difference::ListedInPart, "incident")]);
        let told = world.report().findings[0].english();
        assert!(told.contains(&format!("is in {left} alone")), "{told}");
        assert_eq!(world.report().matched(MovementType::Charge), 8);
    }
}

#[test]
fn a_movement_listed_twice_in_one_report_counts_once() {
    let mut world = World::clean();
    let line = world.lines_of("charge3").next().expect("listed").clone();
    world.lines.push(line);
    assert_eq!(world.found(), [(Difference::RepeatedLine, "incident")]);
    assert_eq!(world.report().matched(MovementType::Charge), 8);
}

#[test]
fn a_payment_that_is_ours_by_one_name_alone_is_for_a_person() {
    let mut world = World::clean();
    for line in world.lines_of("charge3") {
        line.gateway_order_id = "somebody-else".into();
    }
    assert_eq!(world.found(), [(Difference::NamesContradict, "incident")]);
}

#[test]
fn the_same_names_at_another_gateway_are_not_ours() {
    let mut world = World::empty();
    world.attempted(1, 10_000, OurCertainty::InDoubt);
    world.list(SettlementLine { gateway: GatewayName::new("inicis"), ..charge_line(1, 10_000) });
    assert_eq!(world.found(), [(Difference::UnknownKey, "incident")]);
}

#[test]
fn a_movement_that_one_report_tells_in_two_ways_moves_nothing() {
    let mut world = World::empty();
    world.attempted(1, 10_000, OurCertainty::InDoubt);
    world.list(charge_line(1, 10_000));
    world.lines.push(charge_line(1, 9_000));
    assert_eq!(world.found(), [(Difference::RepeatedLine, "incident")]);
}
