//! Judging: what differs between matched movements, and what those without a match mean.
//!
//! One defect is one finding: the checks of a pair stand in order, and the first that fails ends
//! them. Only the fee is judged besides, because it may be wrong of a movement that is right.

use std::collections::BTreeMap;

use super::{
    Date, Difference, Expectations, Finding, MovementType, OurCertainty, OurMovement, Report,
    Settled, SettledFee, SettlementLine, Total, fees, matching::Pairs, strays::Strays,
    theirs::Theirs,
};
use crate::{gateway::GatewayName, money::Money};

pub(super) fn judge(
    day: Date,
    theirs: &[Theirs<'_>],
    ours: &[&OurMovement],
    pairs: &Pairs,
    expectations: &Expectations,
) -> Report {
    let strays = Strays::of(theirs, ours, pairs);
    let mut judging = Judging {
        day,
        expectations,
        without_effect: 0,
        totals: BTreeMap::new(),
        findings: Vec::new(),
        unposted: Vec::new(),
        posted: Vec::new(),
    };
    for (movement, pair) in theirs.iter().zip(&pairs.of_theirs) {
        if movement.is_repeated() {
            judging.find(Difference::RepeatedLine, movement, pair.map(|found| ours[found]), None);
            if movement.dissent().is_some() {
                continue;
            }
        }
        match pair {
            Some(found) => judging.pair(movement, ours[*found], &strays),
            None => match strays.meaning(movement) {
                Some((difference, anchor)) => judging.find(difference, movement, anchor, None),
                None => judging.without_effect += 1,
            },
        }
    }
    for (movement, pair) in ours.iter().zip(&pairs.of_ours) {
        if pair.is_none() {
            judging.unlisted(movement);
        }
    }
    judging.finish()
}

struct Judging<'a> {
    day: Date,
    expectations: &'a Expectations,
    without_effect: u64,
    totals: BTreeMap<(GatewayName, MovementType, &'static str), Total>,
    findings: Vec<Finding>,
    unposted: Vec<SettledFee>,
    posted: Vec<SettledFee>,
}

impl Judging<'_> {
    fn pair(&mut self, theirs: &Theirs<'_>, ours: &OurMovement, strays: &Strays<'_>) {
        let line = theirs.line();
        if let Some(dissent) = theirs.dissent() {
            let sums = (Some(line.amount), Some(dissent.amount));
            return self.find(Difference::SourcesDisagree, theirs, Some(ours), Some(sums));
        }
        if !names_agree(line, ours) {
            return self.find(Difference::NamesContradict, theirs, Some(ours), None);
        }
        let undone = line.kind == MovementType::Charge && strays.is_undone(line);
        match ours.certainty {
            OurCertainty::Not | OurCertainty::BelievedNot if undone => {
                self.without_effect += 1;
                return;
            }
            OurCertainty::Not => {
                return self.find(Difference::MovedThere, theirs, Some(ours), None);
            }
            OurCertainty::Certain | OurCertainty::InDoubt | OurCertainty::BelievedNot => {}
        }
        if line.amount != ours.amount {
            return self.find(Difference::Amount, theirs, Some(ours), None);
        }
        match ours.certainty {
            OurCertainty::InDoubt if undone => {
                return self.find(Difference::UndoneThere, theirs, Some(ours), None);
            }
            OurCertainty::InDoubt => self.find(Difference::InDoubt, theirs, Some(ours), None),
            OurCertainty::BelievedNot | OurCertainty::Not => {
                self.find(Difference::BelievedNot, theirs, Some(ours), None);
            }
            OurCertainty::Certain => self.agreed(theirs, ours),
        }
        if let Some(settled) = &line.settled {
            self.fee(theirs, settled, ours);
        }
    }

    /// Counts a movement that both hold as done, and sees that each report that should has it.
    fn agreed(&mut self, theirs: &Theirs<'_>, ours: &OurMovement) {
        let line = theirs.line();
        let currency = line.amount.currency.code();
        let key = (line.gateway.clone(), line.kind, currency);
        let total = self.totals.entry(key).or_insert_with(|| Total {
            gateway: line.gateway.clone(),
            kind: line.kind,
            currency,
            matched: 0,
            amount: 0,
            settled: 0,
            fee: 0,
            vat: 0,
            pay_out: 0,
        });
        total.matched += 1;
        total.amount += i128::from(line.amount.minor);
        if let Some(settled) = &line.settled {
            total.settled += 1;
            total.fee += i128::from(settled.fee.minor);
            total.vat += i128::from(settled.vat.minor);
            total.pay_out += i128::from(settled.pay_out.minor);
        }
        let moved_at = theirs.at().map_or(ours.at, |at| at.max(ours.at));
        let lacks_a_report = self.expectations.readings.iter().any(|reading| {
            reading.gateway == line.gateway
                && reading.must_list(moved_at)
                && !theirs.is_in(reading.source)
        });
        if lacks_a_report && Date::of_seoul(ours.at) == self.day {
            let sums = (Some(ours.amount), None);
            self.find(Difference::ListedInPart, theirs, Some(ours), Some(sums));
        }
    }

    fn fee(&mut self, theirs: &Theirs<'_>, settled: &Settled, ours: &OurMovement) {
        let line = theirs.line();
        if let Some(fault) = fees::fault(line, settled, ours, self.expectations) {
            let sums = (fault.expected, Some(fault.seen));
            self.find(fault.difference, theirs, Some(ours), Some(sums));
        } else if ours.posted_fee.is_some() {
            self.posted.extend(SettledFee::of(line, settled, ours));
        } else if ours.certainty == OurCertainty::Certain {
            self.unposted.extend(SettledFee::of(line, settled, ours));
        }
    }

    /// One of ours that no line tells of. Only what we hold as done is missed, and only where a
    /// report must have it: of what is in doubt, a missing line says nothing, and what was in doubt
    /// over midnight may have moved the day before.
    fn unlisted(&mut self, ours: &OurMovement) {
        let must_be_listed = self
            .expectations
            .readings
            .iter()
            .any(|reading| reading.gateway == ours.gateway && reading.must_list(ours.at));
        let day = Date::of_seoul(ours.at);
        let moved_on_the_day = day == self.day && Date::of_seoul(ours.recorded_at) == self.day;
        if ours.certainty == OurCertainty::Certain && moved_on_the_day && must_be_listed {
            self.findings.push(Finding {
                difference: Difference::NotListed,
                gateway: ours.gateway.clone(),
                kind: ours.kind,
                ours: Some(ours.clone()),
                line: None,
                expected: Some(ours.amount),
                seen: None,
                since: day,
            });
        }
    }

    /// Adds a finding; without `sums`, what we hold is expected and what the line says is seen.
    fn find(
        &mut self,
        difference: Difference,
        theirs: &Theirs<'_>,
        ours: Option<&OurMovement>,
        sums: Option<(Option<Money>, Option<Money>)>,
    ) {
        let line = theirs.line();
        let (expected, seen) = sums.unwrap_or((ours.map(|ours| ours.amount), Some(line.amount)));
        self.findings.push(Finding {
            difference,
            gateway: line.gateway.clone(),
            kind: line.kind,
            ours: ours.cloned(),
            line: Some(line.clone()),
            expected,
            seen,
            since: theirs.at().map(Date::of_seoul).or(line.day()).unwrap_or(self.day),
        });
    }

    fn finish(mut self) -> Report {
        self.findings.sort_by_cached_key(|finding| (finding.severity(), finding.key()));
        Report {
            day: self.day,
            without_effect: self.without_effect,
            totals: self.totals.into_values().collect(),
            findings: self.findings,
            unposted: self.unposted,
            posted: self.posted,
        }
    }
}

/// Whether the line names the payment as we do, as far as we know its names.
pub(super) fn names_agree(line: &SettlementLine, ours: &OurMovement) -> bool {
    ours.gateway_order_id == line.gateway_order_id
        && ours.reference.as_ref().is_none_or(|known| *known == line.reference)
}
