//! Fees: what adds up, what was agreed, and what is posted.

use super::*;
use crate::money::Currency;

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
fn what_the_gateway_keeps_of_charges_it_gives_back_of_refunds() {
    let report = World::clean().report();
    assert_eq!(report.unposted.len(), 11);
    for fee in &report.unposted {
        let is_kept = fee.kept.minor > 0 && fee.vat.minor > 0;
        assert_eq!(is_kept, fee.kind == MovementType::Charge);
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
