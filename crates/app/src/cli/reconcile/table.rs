//! What a reconciliation came to, for people.

use std::fmt::Write as _;

use payonce_domain::words::Word;
use payonce_engine::reconciliation::{Done, Found, Reconciled};

/// Sums first, then every finding with what became of it.
pub(super) fn of(reconciled: &Reconciled) -> String {
    let mut text = String::new();
    // A text takes whatever is written into it.
    let _infallible = write(&mut text, reconciled);
    text
}

fn write(text: &mut String, reconciled: &Reconciled) -> std::fmt::Result {
    let Reconciled { gateway, day, source, .. } = reconciled;
    writeln!(text, "{gateway} on {day}, by {source}")?;
    writeln!(text)?;
    writeln!(
        text,
        "{:<12}{:>9}{:>18}{:>14}{:>12}{:>18}",
        "", "matched", "amount", "fee", "VAT in it", "paid out"
    )?;
    for total in &reconciled.report.totals {
        writeln!(
            text,
            "{:<12}{:>9}{:>18}{:>14}{:>12}{:>18}",
            format!("{} {}", total.kind.word(), total.currency),
            total.matched,
            grouped(total.amount),
            grouped(total.fee),
            grouped(total.vat),
            grouped(total.pay_out),
        )?;
    }
    if reconciled.dry_run {
        writeln!(text, "{} fees would be posted", reconciled.report.unposted.len())?;
    } else {
        writeln!(text, "{} fees posted", reconciled.fees_posted)?;
    }
    if reconciled.report.without_effect > 0 {
        let count = reconciled.report.without_effect;
        writeln!(text, "{count} movements need nothing: they were taken back")?;
    }
    for found in &reconciled.found {
        writeln!(text)?;
        finding(text, found, reconciled)?;
    }
    for row in &reconciled.unreadable {
        writeln!(text, "\nUNREADABLE  {row}")?;
    }
    writeln!(text, "\n{}", conclusion(reconciled))
}

fn finding(text: &mut String, found: &Found, reconciled: &Reconciled) -> std::fmt::Result {
    let Found { finding, repair, done } = found;
    let (severity, difference) =
        (finding.severity().word().to_uppercase(), finding.difference.word());
    let age = finding.age_days(reconciled.today);
    writeln!(text, "{severity:<10}{difference}, {age} days old")?;
    writeln!(text, "  {}", finding.english())?;
    if let Some(ours) = &finding.ours {
        writeln!(text, "  order {}, payment {}", ours.order_id, ours.payment_id)?;
    }
    writeln!(text, "  {}: {}", outcome(*done, repair.word()), why(found))?;
    writeln!(text, "  taken back by: {}", repair.reversible_by())
}

fn outcome(done: Done, repair: &str) -> String {
    match done {
        Done::Planned => format!("would be done ({repair})"),
        Done::Repaired => format!("REPAIRED ({repair})"),
        Done::Owed => "the gateway will be asked".to_owned(),
        Done::Confirmed => "the gateway was asked and stands by it".to_owned(),
        Done::NoAnswer => {
            "the gateway has not answered: it is asked with the next reconciliation".to_owned()
        }
        Done::Person { .. } => "A PERSON MUST LOOK".to_owned(),
    }
}

/// Why this became of it.
pub(super) fn why(found: &Found) -> &'static str {
    match found.done {
        Done::Person { why } => why,
        Done::Planned | Done::Repaired | Done::Owed | Done::Confirmed | Done::NoAnswer => {
            found.repair.why()
        }
    }
}

fn conclusion(reconciled: &Reconciled) -> String {
    let found = reconciled.found.len();
    let people = reconciled.found.iter().filter(|found| found.needs_person()).count()
        + reconciled.unreadable.len();
    let findings = if found == 1 { "1 finding".to_owned() } else { format!("{found} findings") };
    match (found, people) {
        (0, 0) => "nothing differs".to_owned(),
        (_, 0) => format!("{findings}, none left for people"),
        (_, people) => format!("{findings}; a person must look at {people}"),
    }
}

/// Minor units with a comma every three digits.
fn grouped(sum: i128) -> String {
    let digits = sum.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if sum < 0 { format!("-{grouped}") } else { grouped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_a_comma_every_three_digits() {
        for (sum, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")] {
            assert_eq!(grouped(sum), text);
        }
    }
}
