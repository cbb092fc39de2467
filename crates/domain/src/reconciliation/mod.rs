//! Reconciliation: what a gateway reports of one day, held against what our books say of it.
//!
//! Read in this order: `line` (what the gateway tells), `ours` (what we hold), `expectations`
//! (which reports were read, what fees were agreed), `difference` (every way to disagree), `theirs`
//! (the lines of one movement), `matching` (which movement of theirs is which of ours), `judging`
//! (what differs), `strays` (what is none of ours), `fees`, `finding` and `telling` (one thing that
//! differs, and its sentences), `repair` (what is done about each), `report`; then the two decisions that
//! reconciling adds: `posting` (a fee enters the ledger, or leaves it) and `alarm` (a person must look).
//!
//! A line is evidence that money moved. A missing line is evidence of nothing: no report is proof
//! that it is complete, so what is not listed is asked about again and never called uncharged.
//! Pure, and takes no hint of what was found before: the same day read twice has the same findings
//! under the same keys.

mod alarm;
mod date;
mod difference;
mod expectations;
mod fees;
mod finding;
mod judging;
mod line;
mod matching;
mod ours;
pub mod posting;
mod repair;
mod report;
mod strays;
mod telling;
#[cfg(test)]
mod tests;
mod theirs;

pub use alarm::alarm;
pub use date::{BadDate, Date};
pub use difference::{Difference, FindingType, Severity};
pub use expectations::{Expectations, FeeSchedule, Reading, RefundedFee};
pub use fees::SettledFee;
pub use finding::Finding;
pub use line::{MovementType, Settled, SettlementLine, Source};
pub use ours::{OurCertainty, OurMovement, movements};
pub use repair::{LOOK_UP_FOR_DAYS, Planned, Repair, plan, repair};
pub use report::{Report, Total};

/// Holds what a gateway reports of `day` against our books.
///
/// `lines` may come from several reports and may reach over midnight; every line is accounted for.
/// `ours` must have each movement of ours on `day`, and each one, of whatever day, that shares a
/// movement, a reference or an order id with a line. The order of either does not matter.
pub fn reconcile(
    day: Date,
    lines: &[SettlementLine],
    ours: &[OurMovement],
    expectations: &Expectations,
) -> Report {
    let theirs = theirs::movements(lines);
    let ours = matching::in_order(ours);
    let pairs = matching::pair(&theirs, &ours);
    judging::judge(day, &theirs, &ours, &pairs, expectations)
}
