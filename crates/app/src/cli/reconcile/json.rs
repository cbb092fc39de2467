//! What a reconciliation came to, for machines. Sums are in minor units.

use payonce_domain::{
    money::Money,
    reconciliation::{SettledFee, Total},
    words::Word,
};
use payonce_engine::reconciliation::{Found, Reconciled};
use serde_json::{Value, json};

use super::table::why;

/// The whole of it.
pub(super) fn of(reconciled: &Reconciled) -> Value {
    let totals: Vec<_> = reconciled.report.totals.iter().map(total).collect();
    let findings: Vec<_> =
        reconciled.found.iter().map(|found| finding(found, reconciled)).collect();
    json!({
        "gateway": reconciled.gateway.as_str(),
        "day": reconciled.day,
        "source": reconciled.source,
        "dry_run": reconciled.dry_run,
        "needs_person": reconciled.needs_person(),
        "totals": totals,
        "without_effect": reconciled.report.without_effect,
        "fees_posted": reconciled.fees_posted,
        "fees_to_post": reconciled.report.unposted.len(),
        "findings": findings,
        "unreadable": reconciled.unreadable,
    })
}

fn total(total: &Total) -> Value {
    json!({
        "kind": total.kind.word(),
        "currency": total.currency,
        "matched": total.matched,
        "amount": sum(total.amount),
        "settled": total.settled,
        "fee": sum(total.fee),
        "vat": sum(total.vat),
        "pay_out": sum(total.pay_out),
    })
}

/// A number where JSON has one that large, else text.
fn sum(sum: i128) -> Value {
    i64::try_from(sum).map_or_else(|_| json!(sum.to_string()), |sum| json!(sum))
}

fn finding(found: &Found, reconciled: &Reconciled) -> Value {
    let Found { finding, repair, done } = found;
    let ours = finding.ours.as_ref();
    json!({
        "key": finding.key(),
        "type": finding.difference.kind().word(),
        "difference": finding.difference.word(),
        "severity": finding.severity().word(),
        "since": finding.since,
        "age_days": finding.age_days(reconciled.today),
        "english": finding.english(),
        "korean": finding.korean(),
        "order_id": ours.map(|ours| ours.order_id),
        "payment_id": ours.map(|ours| ours.payment_id),
        "attempt_id": ours.map(|ours| ours.attempt_id),
        "refund_id": ours.and_then(|ours| ours.refund_id),
        "expected": finding.expected.map(money),
        "seen": finding.seen.map(money),
        "repair": repair.word(),
        "outcome": done.word(),
        "why": why(found),
        "taken_back_by": repair.reversible_by(),
    })
}

/// A fee that was posted, or is taken back.
pub(super) fn of_fee(fee: &SettledFee) -> Value {
    json!({
        "key": fee.key(),
        "order_id": fee.order_id,
        "attempt_id": fee.attempt_id,
        "refund_id": fee.refund_id,
        "kept": money(fee.kept),
        "vat": money(fee.vat),
    })
}

fn money(money: Money) -> Value {
    json!({ "minor": money.minor, "currency": money.currency.code() })
}
