//! What a reconciliation came to: what `payonce reconcile --json` prints. Sums are in minor units.

use payonce_domain::{
    money::Money,
    reconciliation::{self, Date},
    words::Word as _,
};
use payonce_engine::reconciliation::{Done, Found, Reconciled};
use serde::{Serialize, Serializer};

/// The whole of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    gateway: String,
    day: Date,
    source: String,
    dry_run: bool,
    needs_person: bool,
    totals: Vec<Total>,
    /// Movements that were taken back, and need nothing.
    without_effect: u64,
    fees_posted: u64,
    fees_to_post: usize,
    findings: Vec<Finding>,
    unreadable: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Total {
    kind: &'static str,
    currency: &'static str,
    matched: u64,
    #[serde(serialize_with = "sum")]
    amount: i128,
    settled: u64,
    #[serde(serialize_with = "sum")]
    fee: i128,
    #[serde(serialize_with = "sum")]
    vat: i128,
    #[serde(serialize_with = "sum")]
    pay_out: i128,
}

#[derive(Debug, Serialize)]
struct Finding {
    key: String,
    r#type: &'static str,
    difference: &'static str,
    severity: &'static str,
    since: Date,
    age_days: u32,
    english: String,
    korean: String,
    order_id: Option<String>,
    payment_id: Option<String>,
    attempt_id: Option<String>,
    refund_id: Option<String>,
    expected: Option<Sum>,
    seen: Option<Sum>,
    repair: &'static str,
    outcome: &'static str,
    why: &'static str,
    taken_back_by: &'static str,
}

#[derive(Debug, Serialize)]
struct Sum {
    minor: i64,
    currency: &'static str,
}

/// What is told of a reconciliation.
pub(super) fn report(reconciled: &Reconciled) -> Report {
    let found = reconciled.found.iter();
    Report {
        gateway: reconciled.gateway.to_string(),
        day: reconciled.day,
        source: reconciled.source.clone(),
        dry_run: reconciled.dry_run,
        needs_person: reconciled.needs_person(),
        totals: reconciled.report.totals.iter().map(total).collect(),
        without_effect: reconciled.report.without_effect,
        fees_posted: reconciled.fees_posted,
        fees_to_post: reconciled.report.unposted.len(),
        findings: found.map(|found| finding(found, reconciled.today)).collect(),
        unreadable: reconciled.unreadable.clone(),
    }
}

fn total(total: &reconciliation::Total) -> Total {
    Total {
        kind: total.kind.word(),
        currency: total.currency,
        matched: total.matched,
        amount: total.amount,
        settled: total.settled,
        fee: total.fee,
        vat: total.vat,
        pay_out: total.pay_out,
    }
}

fn finding(found: &Found, today: Date) -> Finding {
    let Found { finding, repair, done } = found;
    let ours = finding.ours.as_ref();
    let money = |money: Money| Sum { minor: money.minor, currency: money.currency.code() };
    Finding {
        key: finding.key(),
        r#type: finding.difference.kind().word(),
        difference: finding.difference.word(),
        severity: finding.severity().word(),
        since: finding.since,
        age_days: finding.age_days(today),
        english: finding.english(),
        korean: finding.korean(),
        order_id: ours.map(|ours| ours.order_id.to_string()),
        payment_id: ours.map(|ours| ours.payment_id.to_string()),
        attempt_id: ours.map(|ours| ours.attempt_id.to_string()),
        refund_id: ours.and_then(|ours| ours.refund_id).map(|id| id.to_string()),
        expected: finding.expected.map(money),
        seen: finding.seen.map(money),
        repair: repair.word(),
        outcome: done.word(),
        why: match done {
            Done::Person { why } => why,
            Done::Planned | Done::Repaired | Done::Owed | Done::Confirmed | Done::NoAnswer => {
                repair.why()
            }
        },
        taken_back_by: repair.reversible_by(),
    }
}

/// A number where JSON has one that large, else text.
fn sum<S: Serializer>(sum: &i128, serializer: S) -> Result<S::Ok, S::Error> {
    match i64::try_from(*sum) {
        Ok(sum) => serializer.serialize_i64(sum),
        Err(_) => serializer.collect_str(sum),
    }
}
