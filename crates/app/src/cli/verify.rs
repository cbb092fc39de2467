//! `payonce verify`: reads our books, checks every rule, and compares them with a gateway's.

use std::{collections::BTreeMap, process::ExitCode, sync::Arc};

use clap::Args;
use payonce_domain::words::Word;
use payonce_engine::verification::{self, Difference, Verdict};
use payonce_ports::store::Store;
use payonce_storage::PostgresSettings;
use serde_json::{Value, json};

use super::progress::Progress;
use crate::{config::database::DatabaseArguments, gateway_books, real::SystemClock};

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    database: DatabaseArguments,
    /// A simulator whose books are compared with ours, e.g. `http://localhost:8082`; may be repeated.
    #[arg(long, value_name = "URL")]
    gateway_books: Vec<String>,
    /// Also fail if a payment is still undecided.
    #[arg(long)]
    expect_final: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &VerifyArguments) -> anyhow::Result<ExitCode> {
    let target = arguments.database.target()?;
    let settings = PostgresSettings::default();
    let store = payonce_storage::open_to_read(&target, Arc::new(SystemClock), settings).await?;
    let verdict = check(&*store, &arguments.gateway_books, !arguments.json).await?;
    if arguments.json {
        println!("{}", as_json(&verdict));
    } else {
        tell(&verdict);
    }
    let undecided = verdict.undecided + verdict.undecided_refunds;
    let is_final = undecided == 0 || !arguments.expect_final;
    if !is_final && !arguments.json {
        println!("NOT FINAL: {undecided} payments and refunds are still undecided");
    }
    Ok(if verdict.is_clean() && is_final { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Verifies the books, with those of the gateways at these addresses.
pub(super) async fn check(
    store: &dyn Store,
    gateway_books: &[String],
    is_progress_wanted: bool,
) -> anyhow::Result<Verdict> {
    let progress = Progress::new(is_progress_wanted);
    let mut theirs = BTreeMap::new();
    for url in gateway_books {
        progress.show("reading the gateway's books");
        let (name, all) = gateway_books::fetch(url).await?;
        theirs.insert(name, all);
    }
    let mut read = |orders: u64| progress.show(&format!("{orders} orders checked"));
    let verdict = verification::verify(store, theirs, &mut read).await?;
    progress.end();
    Ok(verdict)
}

/// Tells the verdict to people.
pub(super) fn tell(verdict: &Verdict) {
    let statuses: Vec<_> =
        verdict.by_status.iter().map(|(status, count)| format!("{count} {status}")).collect();
    println!("orders      {} ({})", verdict.orders, statuses.join(", "));
    println!(
        "attempts    {} ({} approved, {} undecided)",
        verdict.attempts, verdict.approved, verdict.undecided
    );
    for (currency, sum) in &verdict.charged {
        println!("charged     {sum} {currency}");
    }
    for (currency, sum) in &verdict.refunded {
        println!("given back  {sum} {currency} ({} undecided)", verdict.undecided_refunds);
    }
    if let Some(count) = verdict.gateway_transactions {
        println!("gateway     {count} transactions compared");
    }
    for violation in &verdict.violations {
        println!(
            "BROKEN      {} of {}: {}",
            violation.rule.word(),
            violation.subject,
            violation.seen
        );
    }
    for difference in &verdict.differences {
        println!("DIFFERENCE  {}", sentence(difference));
    }
    let books = if verdict.violations.is_empty() {
        "the books balance: every rule holds".to_owned()
    } else {
        format!("the books do NOT balance: {} rules broken", verdict.violations.len())
    };
    match verdict.gateway_transactions {
        Some(_) => println!("{books}; {} differences with the gateway", verdict.differences.len()),
        None => println!("{books}"),
    }
}

fn sentence(difference: &Difference) -> String {
    match difference {
        Difference::MissingHere { reference, verdict } => {
            format!("{reference} ({verdict:?}) is at the gateway and unknown here")
        }
        Difference::MissingThere { attempt_id, state } => {
            format!("{attempt_id} is {state} here and unknown at the gateway")
        }
        Difference::Verdict { attempt_id, state, reference, verdict } => {
            format!("{attempt_id} is {state} here and {reference} {verdict:?} at the gateway")
        }
        Difference::Amount { attempt_id, ours, theirs } => {
            format!("{attempt_id} is {ours} here and {theirs} at the gateway")
        }
        Difference::Refunded { attempt_id, ours, theirs } => {
            format!("of {attempt_id} {ours} went back here and {theirs} at the gateway")
        }
        Difference::ChargedTwice { attempt_id, references } => {
            format!(
                "{attempt_id} was charged {} times: {}",
                references.len(),
                references.join(", ")
            )
        }
    }
}

/// The verdict for machines.
pub(super) fn as_json(verdict: &Verdict) -> Value {
    let violations: Vec<_> = verdict
        .violations
        .iter()
        .map(|one| json!({ "rule": one.rule.word(), "subject": one.subject, "seen": one.seen }))
        .collect();
    let differences: Vec<_> = verdict.differences.iter().map(sentence).collect();
    json!({
        "clean": verdict.is_clean(),
        "orders": verdict.orders,
        "orders_by_status": verdict.by_status,
        "attempts": verdict.attempts,
        "approved": verdict.approved,
        "undecided": verdict.undecided,
        "charged": verdict.charged,
        "refunded": verdict.refunded,
        "undecided_refunds": verdict.undecided_refunds,
        "gateway_transactions": verdict.gateway_transactions,
        "violations": violations,
        "differences": differences,
    })
}
