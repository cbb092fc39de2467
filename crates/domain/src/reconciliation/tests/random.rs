//! Days of which nothing is known, but that few names collide in many ways.

use std::collections::BTreeSet;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::*;
use crate::words::Word;

/// Anything at all, of few names and amounts, so that everything collides with everything.
fn any_line() -> impl Strategy<Value = SettlementLine> {
    let names = (0..3_u64, 0..4_u64, 0..6_u64);
    (names, any::<bool>(), 1..3_i64, any::<bool>(), proptest::option::of(0..3_u64)).prop_map(
        |((order, payment, movement), charge, thousands, settled, at)| {
            let kind = if charge { MovementType::Charge } else { MovementType::Refund };
            let line = line(order, format!("movement{movement}"), kind, thousands * 1_000);
            SettlementLine {
                reference: format!("pay{payment}"),
                at: at.map(minute),
                settled: line.settled.filter(|_| settled),
                ..line
            }
        },
    )
}

fn any_ours() -> impl Strategy<Value = OurMovement> {
    let names = (0..3_u64, proptest::option::of(0..4_u64), proptest::option::of(0..6_u64));
    let certainty = proptest::sample::select(OurCertainty::ALL);
    (names, any::<bool>(), 1..3_i64, certainty, 0..3_u64).prop_map(
        |((order, payment, movement), charge, thousands, certainty, at)| {
            let mut world = World::empty();
            world.attempted(order, thousands * 1_000, certainty);
            OurMovement {
                reference: payment.map(|payment| format!("pay{payment}")),
                movement: movement.map(|movement| format!("movement{movement}")),
                kind: if charge { MovementType::Charge } else { MovementType::Refund },
                at: minute(at),
                ..world.ours.remove(0)
            }
        },
    )
}

/// Books as they can be: one charge an order id, and every refund with a name of its own.
fn books(ours: Vec<OurMovement>) -> Vec<OurMovement> {
    let mut charged = BTreeSet::new();
    ours.into_iter()
        .enumerate()
        .filter(|(_, ours)| {
            ours.kind == MovementType::Refund || charged.insert(ours.gateway_order_id.clone())
        })
        .map(|(place, ours)| OurMovement {
            refund_id: (ours.kind == MovementType::Refund).then(|| refund_id(place as u64, "r")),
            ..ours
        })
        .collect()
}

fn any_world_twice() -> impl Strategy<Value = (World, World)> {
    let lines = proptest::collection::vec(any_line(), 0..12);
    let ours = proptest::collection::vec(any_ours(), 0..8).prop_map(books);
    (lines, ours)
        .prop_flat_map(|(lines, ours)| {
            let shuffled = (Just(lines.clone()).prop_shuffle(), Just(ours.clone()).prop_shuffle());
            (Just((lines, ours)), shuffled)
        })
        .prop_map(|(first, second)| {
            let world = |(lines, ours)| World { lines, ours, ..World::empty() };
            (world(first), world(second))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_order_of_lines_and_books_does_not_matter((world, shuffled) in any_world_twice()) {
        prop_assert_eq!(world.report(), shuffled.report());
    }

    #[test]
    fn whatever_is_reported_only_what_the_gateway_says_moves_anything(
        (world, _) in any_world_twice(),
    ) {
        let report = world.report();
        let keys: BTreeSet<_> = report.findings.iter().map(Finding::key).collect();
        prop_assert_eq!(keys.len(), report.findings.len(), "one key, one finding");
        let matched: u64 = report.totals.iter().map(|total| total.matched).sum();
        let certain =
            world.ours.iter().filter(|ours| ours.certainty == OurCertainty::Certain).count();
        prop_assert!(matched <= certain as u64, "each of ours is matched at most once");
        let name = |line: &SettlementLine| (line.movement.clone(), line.kind);
        let told: BTreeSet<_> = world.lines.iter().map(name).collect();
        let found: BTreeSet<_> =
            report.findings.iter().filter_map(|finding| finding.line.as_ref()).map(name).collect();
        let accounted_for = matched + report.without_effect + found.len() as u64;
        prop_assert!(told.len() as u64 <= accounted_for, "no line is passed over");

        let plan = plan(&report, day().next());
        let confirmed: BTreeSet<_> = plan
            .iter()
            .filter_map(|planned| {
                let Repair::Confirm { transaction, .. } = &planned.repair else {
                    return None;
                };
                Some(transaction.reference.clone())
            })
            .collect();
        for Planned { repair, .. } in plan {
            match repair {
                Repair::Confirm { attempt, transaction } => {
                    let ours = world.ours.iter().find(|ours| {
                        ours.attempt_id == attempt && ours.kind == MovementType::Charge
                    });
                    let ours = ours.expect("known");
                    prop_assert!(ours.certainty != OurCertainty::Certain);
                    prop_assert_eq!(&ours.gateway_order_id, &transaction.gateway_order_id);
                    prop_assert_eq!(ours.amount, transaction.amount);
                }
                Repair::RefundExtra { reference, .. } => {
                    let held = world.ours.iter().any(|ours| {
                        ours.kind == MovementType::Charge
                            && ours.reference.as_ref() == Some(&reference)
                    });
                    prop_assert!(!held, "what we hold charged is never given back as extra");
                    prop_assert!(!confirmed.contains(&reference), "nor what is confirmed");
                }
                Repair::ConfirmRefund { movement, .. } => {
                    let listed = world.lines.iter().any(|line| {
                        line.movement == movement && line.kind == MovementType::Refund
                    });
                    prop_assert!(listed, "no refund is confirmed without a line");
                }
                Repair::PostFees { .. } | Repair::LookUp { .. } | Repair::Incident { .. } => {}
            }
        }
    }
}

#[test]
fn the_days_drawn_have_every_difference_but_wrong_fees_and_every_repair() {
    let mut runner = TestRunner::deterministic();
    let (mut seen, mut repairs) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..4_000 {
        let (world, _) = any_world_twice().new_tree(&mut runner).expect("drawn").current();
        let report = world.report();
        seen.extend(report.findings.iter().map(|finding| finding.difference));
        repairs.extend(plan(&report, day().next()).iter().map(|planned| planned.repair.word()));
    }
    let unseen: Vec<_> = Difference::ALL
        .iter()
        .filter(|difference| difference.kind() != FindingType::Fee && !seen.contains(difference))
        .collect();
    assert!(unseen.is_empty(), "never drawn: {unseen:?}");
    assert_eq!(repairs.len(), 6, "{repairs:?}");
}
