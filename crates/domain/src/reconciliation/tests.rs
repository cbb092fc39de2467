//! A day of one shop at one gateway: told clean, with defects planted, repaired, and at random.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    gateway::GatewayName,
    ids::Mint,
    money::{Currency, Money},
    time::Timestamp,
    words::Word,
};

const SCHEDULE: FeeSchedule = FeeSchedule {
    basis_points: 300,
    vat_percent: 10,
    tolerance_minor: 1,
    on_refund: RefundedFee::Returned,
};

fn toss() -> GatewayName {
    GatewayName::new("toss")
}

fn day() -> Date {
    Date::new(2026, 1, 14).expect("a day")
}

/// So many minutes into the day.
fn minute(minutes: u64) -> Timestamp {
    day().starts_in_seoul().after(Duration::from_mins(minutes))
}

/// The reports of one day and our books of it. Orders are numbered; the minute of an order is its
/// number, its payment is `pay<number>` and its charge `charge<number>`.
#[derive(Debug, Clone)]
struct World {
    lines: Vec<SettlementLine>,
    ours: Vec<OurMovement>,
    expectations: Expectations,
}

impl World {
    fn empty() -> Self {
        let reading = |source, listed_after_days| Reading {
            gateway: toss(),
            source,
            read_on: day().next(),
            listed_after_days,
        };
        Self {
            lines: Vec::new(),
            ours: Vec::new(),
            expectations: Expectations {
                readings: vec![reading(Source::Settlement, 1), reading(Source::Transactions, 0)],
                fees: [(toss(), SCHEDULE)].into(),
            },
        }
    }

    /// Eight paid orders, one of them with three partial refunds, two of these of one amount.
    fn clean() -> Self {
        let mut world = Self::empty();
        for number in 1..=8 {
            world.paid(number, 10_000);
        }
        for (label, amount) in [("a", 1_000), ("b", 1_000), ("c", 2_500)] {
            world.refunded(8, label, amount);
        }
        world
    }

    /// An order that both sides hold paid.
    fn paid(&mut self, number: u64, amount: i64) {
        self.attempted(number, amount, OurCertainty::Certain);
        self.list(charge_line(number, amount));
    }

    /// An order that our books have, with a reference if they are certain.
    fn attempted(&mut self, number: u64, amount: i64, certainty: OurCertainty) {
        let mut mint = Mint::new(minute(number), number);
        self.ours.push(OurMovement {
            gateway: toss(),
            order_id: mint.id(),
            payment_id: mint.id(),
            attempt_id: mint.id(),
            refund: None,
            gateway_order_id: format!("order{number}"),
            reference: (certainty == OurCertainty::Certain).then(|| format!("pay{number}")),
            movement: None,
            kind: MovementType::Charge,
            amount: Money::krw(amount),
            certainty,
            at: minute(number),
            posted_fee: None,
        });
    }

    /// A refund that both sides hold as made.
    fn refunded(&mut self, number: u64, label: &str, amount: i64) {
        self.refund_begun(number, label, amount, OurCertainty::Certain);
        self.list(refund_line(number, label, amount));
    }

    fn refund_begun(&mut self, number: u64, label: &str, amount: i64, certainty: OurCertainty) {
        let charge = self.charge(number).clone();
        self.ours.push(OurMovement {
            refund: Some(format!("rfd_{number}{label}")),
            kind: MovementType::Refund,
            amount: Money::krw(amount),
            certainty,
            at: minute(number).after(Duration::from_secs(30)),
            ..charge
        });
    }

    fn charge(&mut self, number: u64) -> &mut OurMovement {
        let order_id = format!("order{number}");
        self.ours
            .iter_mut()
            .find(|ours| ours.gateway_order_id == order_id && ours.refund.is_none())
            .expect("an attempt")
    }

    /// Lists a movement in both reports.
    fn list(&mut self, line: SettlementLine) {
        self.lines.push(SettlementLine { settled: None, ..line.clone() });
        self.lines.push(line);
    }

    fn unlist(&mut self, movement: &str) {
        self.lines.retain(|line| line.movement != movement);
    }

    fn lines_of(&mut self, movement: &str) -> impl Iterator<Item = &mut SettlementLine> {
        self.lines.iter_mut().filter(move |line| line.movement == movement)
    }

    fn settled(&mut self, movement: &str) -> &mut Settled {
        self.lines_of(movement).find_map(|line| line.settled.as_mut()).expect("a settled line")
    }

    fn report(&self) -> Report {
        reconcile(day(), &self.lines, &self.ours, &self.expectations)
    }

    /// What is found and done, in the order of the report.
    fn found(&self) -> Vec<(Difference, &'static str)> {
        let report = self.report();
        let done = |finding| repair(finding, day().next()).word();
        report.findings.iter().map(|finding| (finding.difference, done(finding))).collect()
    }

    /// Our books after these repairs went well.
    fn carry_out(&mut self, plan: Vec<Planned>) {
        for Planned { repair, .. } in plan {
            match repair {
                Repair::Confirm { attempt, transaction } => {
                    let ours = self.ours.iter_mut().find(|ours| ours.attempt_id == attempt);
                    let ours = ours.expect("known");
                    ours.certainty = OurCertainty::Certain;
                    ours.reference = Some(transaction.reference);
                }
                Repair::ConfirmRefund { attempt, refund, movement } => {
                    let ours = self.ours.iter_mut().find(|ours| {
                        ours.attempt_id == attempt && ours.refund.as_ref() == Some(&refund)
                    });
                    let ours = ours.expect("known");
                    ours.certainty = OurCertainty::Certain;
                    ours.movement = Some(movement);
                }
                Repair::RefundExtra { attempt, reference, amount } => {
                    let charge = self.ours.iter().find(|ours| ours.attempt_id == attempt);
                    self.ours.push(OurMovement {
                        refund: Some(format!("rfd_{reference}")),
                        reference: Some(reference),
                        kind: MovementType::Refund,
                        amount,
                        at: day().next().starts_in_seoul(),
                        ..charge.expect("known").clone()
                    });
                }
                Repair::PostFees { lines } => {
                    for fee in lines {
                        let ours = self.ours.iter_mut().find(|ours| {
                            ours.attempt_id == fee.attempt_id && ours.refund == fee.refund
                        });
                        ours.expect("known").posted_fee = Some(fee.fee);
                    }
                }
                Repair::LookUp { .. } | Repair::Incident { .. } => {}
            }
        }
    }
}

fn line(number: u64, movement: String, kind: MovementType, amount: i64) -> SettlementLine {
    let amount = Money::krw(amount);
    let fee = SCHEDULE.fee(kind, amount).expect("fits");
    SettlementLine {
        gateway: toss(),
        reference: format!("pay{number}"),
        movement,
        gateway_order_id: format!("order{number}"),
        kind,
        amount,
        at: Some(minute(number).after(Duration::from_secs(2))),
        settled: Some(Settled {
            fee,
            vat: Money::krw(fee.minor / 11),
            pay_out: Money::krw(amount.minor - fee.minor),
            sold_on: day(),
            paid_out_on: day().plus_days(3),
        }),
    }
}

fn charge_line(number: u64, amount: i64) -> SettlementLine {
    line(number, format!("charge{number}"), MovementType::Charge, amount)
}

fn refund_line(number: u64, label: &str, amount: i64) -> SettlementLine {
    line(number, format!("refund{number}{label}"), MovementType::Refund, amount)
}

/// A second charge under the order id of this order, as a payment of its own.
fn second_charge_line(number: u64, amount: i64) -> SettlementLine {
    SettlementLine {
        reference: format!("again{number}"),
        movement: format!("again{number}"),
        ..charge_line(number, amount)
    }
}

/// One defect: what it is, how to plant it, what must be found and what must be done.
struct Defect {
    name: &'static str,
    plant: fn(&mut World),
    found: Difference,
    repair: &'static str,
}

const DEFECTS: [Defect; 10] = [
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
}

#[test]
fn what_happened_on_another_day_is_matched_but_not_missed() {
    let mut world = World::clean();
    world.paid(20, 10_000);
    world.attempted(21, 10_000, OurCertainty::Certain);
    for ours in world.ours.iter_mut().skip(11) {
        ours.at = day().starts_in_seoul().before(Duration::from_secs(1));
    }
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
fn of_two_charges_neither_is_given_back_unless_the_other_is_sure_to_stand() {
    type Doubt = (&'static str, fn(&mut World));
    let doubts: [Doubt; 6] = [
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
fn equal_partial_refunds_are_told_apart_by_their_movements() {
    let mut world = World::clean();
    world.unlist("refund8a");
    for (label, ours) in ["a", "b", "c"].into_iter().zip(8..) {
        world.ours[ours].movement = Some(format!("refund8{label}"));
    }
    let report = world.report();
    assert_eq!(world.found(), [(Difference::NotListed, "look_up")]);
    assert_eq!(report.findings[0].subject(), "rfd_8a");
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
fn a_fee_must_add_up_with_or_without_a_schedule() {
    type Wrong = (fn(&mut Settled), Difference);
    let wrongs: [Wrong; 4] = [
        (|settled| settled.pay_out = Money::krw(9_000), Difference::PayOut),
        (|settled| settled.vat = Money::krw(331), Difference::Vat),
        (|settled| settled.vat = Money::krw(-1), Difference::Vat),
        (|settled| settled.fee = Money::new(330, Currency::USD), Difference::PayOut),
    ];
    for (spoil, difference) in wrongs {
        let mut world = World::clean();
        world.expectations.fees.clear();
        spoil(world.settled("charge3"));
        assert_eq!(world.found(), [(difference, "incident")]);
        assert_eq!(world.report().unposted.len(), 10, "a wrong fee is not posted");
    }
}

#[test]
fn a_fee_is_judged_by_its_schedule_give_or_take_the_tolerance() {
    for (fee, expected) in [(329, None), (331, None), (332, Some(330)), (0, Some(330))] {
        let mut world = World::empty();
        world.paid(1, 10_000);
        let settled = world.settled("charge1");
        settled.fee = Money::krw(fee);
        settled.vat = Money::krw(fee / 11);
        settled.pay_out = Money::krw(10_000 - fee);
        let report = world.report();
        let found = report.findings.first().map(|finding| (finding.difference, finding.expected));
        assert_eq!(
            found,
            expected.map(|won| (Difference::FeeRate, Some(Money::krw(won)))),
            "{fee}"
        );
        world.expectations.fees.clear();
        assert!(world.report().is_clean(), "no schedule, no rate to judge by");
    }
}

#[test]
fn a_gateway_may_keep_its_fee_on_a_refund_if_that_was_agreed() {
    let kept = FeeSchedule { on_refund: RefundedFee::Kept, ..SCHEDULE };
    assert_eq!(kept.fee(MovementType::Refund, Money::krw(10_000)), Some(Money::krw(0)));
    assert_eq!(kept.fee(MovementType::Charge, Money::krw(10_000)), Some(Money::krw(330)));
    let most = FeeSchedule { basis_points: u32::MAX, vat_percent: u32::MAX, ..SCHEDULE };
    assert_eq!(most.fee(MovementType::Charge, Money::krw(i64::MAX)), None);
}

#[test]
fn a_fee_that_is_posted_otherwise_is_found_and_not_posted_again() {
    let mut world = World::clean();
    world.charge(3).posted_fee = Some(Money::krw(300));
    assert_eq!(world.found(), [(Difference::FeePosted, "incident")]);
    assert_eq!(world.report().unposted.len(), 10);
}

#[test]
fn a_posted_fee_and_its_reversal_each_sum_to_zero_and_undo_each_other() {
    let report = World::clean().report();
    assert_eq!(report.unposted.len(), 11);
    for fee in &report.unposted {
        let (entry, reversal) = (&fee.entry, fee.reversal());
        for legs in [entry, &reversal] {
            assert_eq!(legs.iter().map(|leg| leg.amount.minor).sum::<i64>(), 0);
        }
        for (leg, back) in entry.iter().zip(&reversal) {
            assert_eq!((&leg.account, leg.amount), (&back.account, back.amount.negated()));
        }
        let kept = entry.iter().find(|leg| leg.account == fees_account(&fee.gateway));
        assert_eq!(kept.is_some_and(|leg| leg.amount.minor > 0), fee.kind == MovementType::Charge);
    }
}

#[test]
fn sums_of_the_largest_amounts_do_not_overflow() {
    let mut world = World::empty();
    world.expectations.fees.clear();
    for number in 1..=4 {
        world.attempted(number, i64::MAX, OurCertainty::Certain);
        let mut line = charge_line(number, 0);
        line.amount = Money::krw(i64::MAX);
        let settled = line.settled.as_mut().expect("settled");
        settled.pay_out = line.amount;
        world.list(line);
    }
    let report = world.report();
    assert!(report.is_clean());
    assert_eq!(report.totals[0].amount, 4 * i128::from(i64::MAX));

    for line in &mut world.lines {
        if let Some(settled) = &mut line.settled {
            settled.fee = Money::krw(i64::MIN);
        }
    }
    assert_eq!(world.found(), [(Difference::PayOut, "incident"); 4]);
}

#[test]
fn every_finding_is_told_in_both_languages_with_its_subject() {
    let mut world = World::clean();
    for defect in DEFECTS {
        (defect.plant)(&mut world);
    }
    for finding in world.report().findings {
        for difference in Difference::ALL.iter().copied() {
            let finding = Finding { difference, ..finding.clone() };
            for sentence in [finding.english(), finding.korean()] {
                assert!(sentence.contains(&finding.subject()), "{sentence}");
                assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
            }
        }
    }
}

#[test]
fn every_word_names_one_value() {
    fn check<W: Word + PartialEq + std::fmt::Debug>() {
        for value in W::ALL {
            assert_eq!(W::from_word(value.word()), Ok(*value));
        }
    }
    check::<Difference>();
    check::<FindingType>();
    check::<Severity>();
    check::<MovementType>();
    check::<Source>();
    check::<OurCertainty>();
    let kinds: BTreeSet<_> = Difference::ALL.iter().map(|difference| difference.kind()).collect();
    assert_eq!(kinds.len(), FindingType::ALL.len());
}

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
            refund: (ours.kind == MovementType::Refund).then(|| format!("rfd_{place}")),
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

        for Planned { repair, .. } in plan(&report, day().next()) {
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
