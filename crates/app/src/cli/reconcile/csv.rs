//! What a reconciliation came to, as a table that Excel opens: with the mark by which it knows UTF-8,
//! and without a cell that it would run.

use payonce_domain::{money::Money, reconciliation::Total, words::Word};
use payonce_engine::reconciliation::{Found, Reconciled};

use super::table::why;

/// One row; what it does not say stays empty.
#[derive(Debug, Default)]
struct Row {
    kind: String,
    severity: &'static str,
    finding_type: &'static str,
    since: String,
    age_days: String,
    order_id: String,
    payment_id: String,
    movement: String,
    currency: &'static str,
    matched: String,
    ours: String,
    theirs: String,
    fee: String,
    vat: String,
    pay_out: String,
    text: String,
    outcome: String,
    taken_back_by: &'static str,
}

impl Row {
    /// Every column: what it is called, and its cell.
    fn columns(&self) -> [(&'static str, &str); 18] {
        [
            ("구분", &self.kind),
            ("심각도", self.severity),
            ("유형", self.finding_type),
            ("일자", &self.since),
            ("경과일", &self.age_days),
            ("주문", &self.order_id),
            ("결제", &self.payment_id),
            ("거래", &self.movement),
            ("통화", self.currency),
            ("건수", &self.matched),
            ("우리 금액", &self.ours),
            ("게이트웨이 금액", &self.theirs),
            ("수수료", &self.fee),
            ("부가세", &self.vat),
            ("지급액", &self.pay_out),
            ("내용", &self.text),
            ("결과", &self.outcome),
            ("되돌리는 방법", self.taken_back_by),
        ]
    }
}

/// Totals first, then a row a finding.
pub(super) fn of(reconciled: &Reconciled) -> String {
    let mut text = "\u{feff}".to_owned();
    push(&mut text, Row::default().columns().map(|(name, _cell)| name));
    let totals = reconciled.report.totals.iter().map(|one| total(one, reconciled));
    let findings = reconciled.found.iter().map(|found| finding(found, reconciled));
    let unreadable = reconciled.unreadable.iter().map(|text| Row {
        kind: "읽지 못한 행".to_owned(),
        since: reconciled.day.to_string(),
        text: safe(text),
        ..Row::default()
    });
    for row in totals.chain(findings).chain(unreadable) {
        push(&mut text, row.columns().map(|(_name, cell)| cell));
    }
    text
}

fn total(total: &Total, reconciled: &Reconciled) -> Row {
    Row {
        kind: format!("합계 {}", total.kind.word()),
        since: reconciled.day.to_string(),
        currency: total.currency,
        matched: total.matched.to_string(),
        theirs: total.amount.to_string(),
        fee: total.fee.to_string(),
        vat: total.vat.to_string(),
        pay_out: total.pay_out.to_string(),
        ..Row::default()
    }
}

fn finding(found: &Found, reconciled: &Reconciled) -> Row {
    let Found { finding, repair, done } = found;
    let ours = finding.ours.as_ref();
    let minor = |sum: Option<Money>| sum.map(|sum| sum.minor.to_string()).unwrap_or_default();
    let currency = finding.seen.or(finding.expected).map(|sum| sum.currency.code());
    Row {
        kind: finding.difference.word().to_owned(),
        severity: finding.severity().word(),
        finding_type: finding.difference.kind().word(),
        since: finding.since.to_string(),
        age_days: finding.age_days(reconciled.today).to_string(),
        order_id: ours.map(|ours| ours.order_id.to_string()).unwrap_or_default(),
        payment_id: ours.map(|ours| ours.payment_id.to_string()).unwrap_or_default(),
        movement: safe(&finding.subject()),
        currency: currency.unwrap_or_default(),
        ours: minor(finding.expected),
        theirs: minor(finding.seen),
        text: safe(&finding.korean()),
        outcome: format!("{}: {}", done.word(), why(found)),
        taken_back_by: repair.reversible_by(),
        ..Row::default()
    }
}

/// Text that a spreadsheet does not take for a formula.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn push<const CELLS: usize>(text: &mut String, cells: [&str; CELLS]) {
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\n', '\r']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        let mut text = String::new();
        push(&mut text, ["a", &safe("=1+1"), "b, \"c\""]);
        assert_eq!(text, "a,'=1+1,\"b, \"\"c\"\"\"\r\n");
    }
}
