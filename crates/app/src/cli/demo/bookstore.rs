//! `payonce demo --scenario bookstore`: 300 purchases through a gateway that fails a third of the time
//! and answers a third of the time after a minute, in simulated time.

use std::{process::ExitCode, time::Duration};

use anyhow::anyhow;
use payonce_proof::{
    bookstore::{Progress, Report, TOLD_WITHIN, play},
    world::alone,
};
use serde_json::json;

use super::verify;

/// Plays the story on a thread of its own, whose time moves by itself.
pub(super) fn run(buyers: usize, seed: u64, is_json: bool) -> anyhow::Result<ExitCode> {
    if !is_json {
        println!(
            "The bookstore: {buyers} buyers, one every two seconds. Its gateway fails a third of the
confirmations, half of these after charging, and answers a third after 60 s. Time is simulated.
"
        );
    }
    let story = std::thread::spawn(move || {
        alone(play(buyers, seed, |progress| {
            if !is_json {
                tell_progress(progress);
            }
        }))
    });
    let report = story.join().map_err(|_| anyhow!("the story broke off: a rule was broken"))?;
    let is_true = is_true(&report);
    if is_json {
        println!("{}", as_json(&report, is_true));
    } else {
        tell(&report, is_true);
    }
    Ok(if is_true { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_true(report: &Report) -> bool {
    report.settled
        && report.verdict.is_clean()
        && report.gateway_keeps == report.we_keep
        && report.longest_uncharged <= TOLD_WITHIN
}

fn tell_progress(progress: Progress) {
    let Progress { at, placed, ended } = progress;
    println!("  {}  {placed:>4} ordered  {ended:>4} ended", clock(at));
}

fn tell(report: &Report, is_true: bool) {
    println!("\nAt the gateway");
    for (answer, count) in &report.confirmations {
        println!("  {count:>5}  confirmations answered {answer}");
    }
    println!("  {:>5}  of these were repeats under the same key", report.repeats);
    println!("\nIn the shop");
    for (state, count) in &report.payments {
        println!("  {count:>5}  payments {state}");
    }
    println!("  {:>5}  refunds, each given back once", report.refunds);
    println!(
        "         half of the charged were certain {} after ordering",
        clock(report.median_charged)
    );
    println!(
        "         the last who was not charged knew it after {}",
        clock(report.longest_uncharged)
    );
    println!("\nThe money\n  {:>12} won by the gateway's books", report.gateway_keeps);
    println!("  {:>12} won by ours\n", report.we_keep);
    verify::tell(&report.verdict);
    let end = if is_true {
        "TRUE: every order is final, nobody was charged twice, and who was not charged was told in time"
    } else {
        "NOT TRUE: see above"
    };
    println!("\n{end} ({} of simulated time)", clock(report.lasted));
}

fn as_json(report: &Report, is_true: bool) -> serde_json::Value {
    json!({
        "true": is_true,
        "orders_by_status": report.ends,
        "payments_by_status": report.payments,
        "confirmations": report.confirmations,
        "repeats": report.repeats,
        "refunds": report.refunds,
        "median_charged_seconds": report.median_charged.as_secs(),
        "longest_uncharged_seconds": report.longest_uncharged.as_secs(),
        "gateway_keeps": report.gateway_keeps,
        "we_keep": report.we_keep,
        "simulated_seconds": report.lasted.as_secs(),
        "books": verify::as_json(&report.verdict),
    })
}

fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:>2} min {:02} s", seconds / 60, seconds % 60)
}
