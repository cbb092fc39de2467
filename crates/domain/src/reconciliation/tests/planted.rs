//! A clean day, and a day with ten defects of which each is known by name.

use std::collections::BTreeSet;

use super::*;

/// One defect: what it is, how to plant it, what must be found and what must be done.
pub(super) struct Defect {
    name: &'static str,
    pub(super) plant: fn(&mut World),
    found: Difference,
    repair: &'static str,
}

pub(super) const DEFECTS: [Defect; 10] = [
    Defect {
        name: "our answer was lost, and the gateway charged",
        plant: |world| {
            world.attempted(101, 10_000, OurCertainty::InDoubt);
            world.list(charge_line(101, 10_000));
        },
        found: Difference::InDoubt,
        repair: "confirm",
    },
    Defect {
        name: "we believed in an absence, and the gateway charged",
        plant: |world| {
            world.attempted(102, 10_000, OurCertainty::BelievedNot);
            world.list(charge_line(102, 10_000));
        },
        found: Difference::BelievedNot,
        repair: "confirm",
    },
    Defect {
        name: "our refund's answer was lost, and the gateway refunded",
        plant: |world| {
            world.paid(103, 10_000);
            world.refund_begun(103, "a", 4_000, OurCertainty::InDoubt);
            world.list(refund_line(103, "a", 4_000));
        },
        found: Difference::InDoubt,
        repair: "confirm_refund",
    },
    Defect {
        name: "somebody refunded a part in the gateway's own console",
        plant: |world| {
            world.paid(104, 10_000);
            world.list(refund_line(104, "a", 3_000));
        },
        found: Difference::UnknownRefund,
        repair: "incident",
    },
    Defect {
        name: "the gateway does not list what we hold charged",
        plant: |world| world.attempted(105, 10_000, OurCertainty::Certain),
        found: Difference::NotListed,
        repair: "look_up",
    },
    Defect {
        name: "the gateway charged another amount",
        plant: |world| {
            world.attempted(106, 10_000, OurCertainty::Certain);
            world.list(charge_line(106, 1_000));
        },
        found: Difference::Amount,
        repair: "incident",
    },
    Defect {
        name: "the gateway keeps more than was agreed",
        plant: |world| {
            world.paid(107, 10_000);
            let settled = world.settled("charge107");
            settled.fee = Money::krw(350);
            settled.pay_out = Money::krw(9_650);
        },
        found: Difference::FeeRate,
        repair: "incident",
    },
    Defect {
        name: "the gateway charged one order twice",
        plant: |world| {
            world.paid(108, 10_000);
            world.list(second_charge_line(108, 10_000));
        },
        found: Difference::SecondCharge,
        repair: "refund_extra",
    },
    Defect {
        name: "the gateway gave back the whole of what we hold charged",
        plant: |world| {
            world.paid(109, 10_000);
            world.list(refund_line(109, "a", 10_000));
        },
        found: Difference::RefundedThere,
        repair: "incident",
    },
    Defect {
        name: "the gateway has a payment that no order of ours has",
        plant: |world| world.list(charge_line(110, 10_000)),
        found: Difference::UnknownKey,
        repair: "incident",
    },
];

#[test]
fn on_a_clean_day_nothing_differs_and_the_fees_are_posted() {
    let mut world = World::clean();
    let report = world.report();
    assert!(report.is_clean(), "{:#?}", report.findings);
    assert_eq!(
        (report.matched(MovementType::Charge), report.matched(MovementType::Refund)),
        (8, 3)
    );
    let sums: Vec<_> = report
        .totals
        .iter()
        .map(|total| (total.kind, total.amount, total.fee, total.vat, total.pay_out))
        .collect();
    assert_eq!(
        sums,
        [
            (MovementType::Charge, 80_000, 2_640, 240, 77_360),
            (MovementType::Refund, 4_500, 149, 13, 4_351),
        ]
    );
    let plan = plan(&report, day().next());
    assert_eq!(plan.len(), 1);
    assert!(matches!(&plan[0].repair, Repair::PostFees { lines } if lines.len() == 11));

    world.carry_out(plan);
    let again = world.report();
    assert!(again.is_clean() && again.unposted.is_empty());
    assert_eq!(again.totals, report.totals);
}

#[test]
fn each_defect_alone_is_found_as_what_it_is() {
    for Defect { name, plant, found, repair } in DEFECTS {
        let mut world = World::clean();
        plant(&mut world);
        assert_eq!(world.found(), [(found, repair)], "{name}");
    }
}

#[test]
fn ten_defects_of_one_day_are_ten_findings() {
    let mut world = World::clean();
    let mut planted = Vec::new();
    for Defect { plant, found, repair, .. } in DEFECTS {
        plant(&mut world);
        planted.push((found, repair));
    }
    let mut found = world.found();
    found.sort_unstable();
    planted.sort_unstable();
    assert_eq!(found, planted);
}

#[test]
fn after_the_repairs_only_what_needs_a_person_or_an_answer_is_left_under_the_same_keys() {
    let mut world = World::clean();
    for defect in DEFECTS {
        (defect.plant)(&mut world);
    }
    let first = plan(&world.report(), day().next());
    let left: BTreeSet<_> = first
        .iter()
        .filter(|planned| matches!(planned.repair, Repair::LookUp { .. } | Repair::Incident { .. }))
        .map(|planned| planned.key.clone())
        .collect();
    assert_eq!(left.len(), 6);

    world.carry_out(first);
    let second = plan(&world.report(), day().next());
    world.carry_out(second);
    let third = world.report();
    let keys: BTreeSet<_> = third.findings.iter().map(Finding::key).collect();
    assert_eq!(keys, left);
    assert!(third.unposted.is_empty());
}
