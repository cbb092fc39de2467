//! What a reconciliation came to, as a table that Excel opens: with the mark by which it knows UTF-8,
//! and without a cell that it would run.

use payonce_domain::{money::Money, words::Word};
use payonce_engine::reconciliation::{Found, Reconciled};

use super::table::why;

const HEADER: [&str; 18] = [
    "구분",
    "심각도",
    "유형",
    "일자",
    "경과일",
    "주문",
    "결제",
    "거래",
    "통화",
    "건수",
    "우리 금액",
    "게이트웨이 금액",
    "수수료",
    "부가세",
    "지급액",
    "내용",
    "결과",
    "되돌리는 방법",
];

/// Totals first, then a row a finding.
pub(super) fn of(reconciled: &Reconciled) -> String {
    let mut text = "\u{feff}".to_owned();
    push(&mut text, &HEADER.map(str::to_owned));
    for total in &reconciled.report.totals {
        let mut row = blank();
        row[0] = format!("합계 {}", total.kind.word());
        row[3] = reconciled.day.to_string();
        row[8] = total.currency.to_owned();
        row[9] = total.matched.to_string();
        row[11] = total.amount.to_string();
        row[12] = total.fee.to_string();
        row[13] = total.vat.to_string();
        row[14] = total.pay_out.to_string();
        push(&mut text, &row);
    }
    for found in &reconciled.found {
        push(&mut text, &finding(found, reconciled));
    }
    for unreadable in &reconciled.unreadable {
        let mut row = blank();
        row[0] = "읽지 못한 행".to_owned();
        row[3] = reconciled.day.to_string();
        row[15] = safe(unreadable);
        push(&mut text, &row);
    }
    text
}

fn blank() -> [String; HEADER.len()] {
    std::array::from_fn(|_| String::new())
}

fn finding(found: &Found, reconciled: &Reconciled) -> [String; HEADER.len()] {
    let Found { finding, repair, done } = found;
    let minor = |sum: Option<Money>| sum.map(|sum| sum.minor.to_string()).unwrap_or_default();
    let currency = finding.seen.or(finding.expected).map(|sum| sum.currency.code());
    let mut row = blank();
    finding.difference.word().clone_into(&mut row[0]);
    finding.severity().word().clone_into(&mut row[1]);
    finding.difference.kind().word().clone_into(&mut row[2]);
    row[3] = finding.since.to_string();
    row[4] = finding.age_days(reconciled.today).to_string();
    if let Some(ours) = &finding.ours {
        row[5] = ours.order_id.to_string();
        row[6] = ours.payment_id.to_string();
    }
    row[7] = safe(&finding.subject());
    currency.unwrap_or_default().clone_into(&mut row[8]);
    row[10] = minor(finding.expected);
    row[11] = minor(finding.seen);
    row[15] = safe(&finding.korean());
    row[16] = format!("{}: {}", done.word(), why(found));
    repair.reversible_by().clone_into(&mut row[17]);
    row
}

/// Text that a spreadsheet does not take for a formula.
fn safe(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn push(text: &mut String, cells: &[String]) {
    for (place, cell) in cells.iter().enumerate() {
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
        push(&mut text, &["a".to_owned(), safe("=1+1"), "b, \"c\"".to_owned()]);
        assert_eq!(text, "a,'=1+1,\"b, \"\"c\"\"\"\r\n");
    }
}
