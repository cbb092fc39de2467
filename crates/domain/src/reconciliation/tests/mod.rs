//! One day of one shop at one gateway: with defects planted, in doubt, with fees, and at random.

mod doubt;
mod fees;
mod matching;
mod planted;
mod random;
mod words;

use std::time::Duration;

use super::*;
use crate::{
    gateway::GatewayName,
    ids::{Mint, RefundId},
    money::Money,
    time::Timestamp,
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
            refund_id: None,
            gateway_order_id: format!("order{number}"),
            reference: (certainty == OurCertainty::Certain).then(|| format!("pay{number}")),
            movement: None,
            kind: MovementType::Charge,
            amount: Money::krw(amount),
            certainty,
            recorded_at: minute(number),
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
            refund_id: Some(refund_id(number, label)),
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
            .find(|ours| ours.gateway_order_id == order_id && ours.refund_id.is_none())
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
                Repair::ConfirmRefund { attempt, refund_id, movement, .. } => {
                    let ours = self.ours.iter_mut().find(|ours| {
                        ours.attempt_id == attempt && ours.refund_id == Some(refund_id)
                    });
                    let ours = ours.expect("known");
                    ours.certainty = OurCertainty::Certain;
                    ours.movement = Some(movement);
                }
                Repair::RefundExtra { attempt, reference, amount } => {
                    let charge = self.ours.iter().find(|ours| ours.attempt_id == attempt);
                    self.ours.push(OurMovement {
                        refund_id: Some(Mint::new(minute(0), 1_000).id()),
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
                            ours.attempt_id == fee.attempt_id && ours.refund_id == fee.refund_id
                        });
                        ours.expect("known").posted_fee =
                            Some(super::fees::kept(fee.kind, fee.kept));
                    }
                }
                Repair::LookUp { .. } | Repair::Incident { .. } => {}
            }
        }
    }
}

fn refund_id(number: u64, label: &str) -> RefundId {
    Mint::new(minute(number), u64::from(label.as_bytes()[0])).id()
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
