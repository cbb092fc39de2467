//! One movement as the gateway tells it, over all the reports that list it.

use std::collections::BTreeMap;

use super::{MovementType, Settled, SettlementLine, Source};
use crate::{gateway::GatewayName, money::Money, time::Timestamp};

/// The lines of one movement, the one that tells most first.
#[derive(Debug)]
pub(super) struct Theirs<'a> {
    first: &'a SettlementLine,
    others: Vec<&'a SettlementLine>,
}

impl<'a> Theirs<'a> {
    /// The line that tells most: a settlement's, if there is one.
    pub(super) fn line(&self) -> &'a SettlementLine {
        self.first
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &'a SettlementLine> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }

    pub(super) fn is_in(&self, source: Source) -> bool {
        self.lines().any(|line| line.source() == source)
    }

    /// Whether one report has it more than once.
    pub(super) fn is_repeated(&self) -> bool {
        [Source::Settlement, Source::Transactions]
            .into_iter()
            .any(|source| self.lines().filter(|line| line.source() == source).count() > 1)
    }

    /// A line that tells of another payment or amount than the first.
    pub(super) fn dissent(&self) -> Option<&'a SettlementLine> {
        self.others.iter().copied().find(|other| {
            other.amount != self.first.amount
                || other.reference != self.first.reference
                || other.gateway_order_id != self.first.gateway_order_id
        })
    }

    /// The earliest moment that a line gives it.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.lines().filter_map(|line| line.at).min()
    }
}

/// The movements that these lines tell of, in order of time and name.
pub(super) fn movements(lines: &[SettlementLine]) -> Vec<Theirs<'_>> {
    let mut grouped: BTreeMap<(&GatewayName, &str, MovementType), Vec<&SettlementLine>> =
        BTreeMap::new();
    for line in lines {
        grouped.entry((&line.gateway, &line.movement, line.kind)).or_default().push(line);
    }
    let mut movements: Vec<_> = grouped
        .into_values()
        .filter_map(|mut lines| {
            lines.sort_by(|one, two| rank(one).cmp(&rank(two)));
            let (first, others) = lines.split_first()?;
            Some(Theirs { first, others: others.to_vec() })
        })
        .collect();
    // What no line gives a moment comes last. Stable: equal moments stay in order of their names.
    movements.sort_by_key(|theirs| (theirs.at().is_none(), theirs.at()));
    movements
}

/// Everything in which two lines of one movement can differ, so that no order is left to chance.
fn rank(line: &SettlementLine) -> impl Ord {
    let sum = |money: Money| (money.minor, money.currency.code());
    let settled = line.settled.map(|settled| {
        let Settled { fee, vat, pay_out, sold_on, paid_out_on } = settled;
        (sum(fee), sum(vat), sum(pay_out), sold_on, paid_out_on)
    });
    (
        line.source(),
        sum(line.amount),
        line.reference.clone(),
        line.gateway_order_id.clone(),
        line.at,
        settled,
    )
}
