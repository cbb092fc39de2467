//! `payonce bench`: orders at a constant arrival rate, then the same check of the books as `verify`.
//!
//! Latency counts from the moment an order was due to arrive, not from when the generator got round
//! to sending it, so a stalled server cannot hide its stall (no coordinated omission).

mod in_process;
mod latencies;
mod over_http;
mod settings;

use std::process::ExitCode;

use clap::Args;
use payonce_engine::verification::Verdict;
use serde_json::{Map, Value, json};

use super::verify;
use crate::config::{database::DatabaseArguments, pg::PgArguments};

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    #[command(flatten)]
    database: DatabaseArguments,
    #[command(flatten)]
    load: settings::Load,
    #[command(flatten)]
    pg: PgArguments,
    /// A running server to measure over HTTP; several share the buyers. Without it, engine and a
    /// zero-latency gateway run in this process on `--database`, which is migrated.
    #[arg(long)]
    url: Vec<String>,
    /// Server key for the running server.
    #[arg(long, env = "PAYONCE_KEY", hide_env_values = true, requires = "url")]
    key: Option<String>,
    /// The simulator whose books are compared in the end; with `--url` only.
    #[arg(long, requires = "url", value_name = "URL")]
    gateway_books: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was measured.
struct Measured {
    /// Names and values in the order to show them.
    figures: Vec<(&'static str, Value)>,
    verdict: Verdict,
    /// Whether everything that was promised was kept, besides the books.
    is_kept: bool,
}

pub(super) async fn run(arguments: BenchArguments) -> anyhow::Result<ExitCode> {
    let measured = if arguments.url.is_empty() {
        in_process::run(&arguments).await?
    } else {
        over_http::run(&arguments).await?
    };
    let verdict = &measured.verdict;
    let is_good = verdict.is_clean() && verdict.undecided == 0 && measured.is_kept;
    if arguments.json {
        let figures: Map<String, Value> =
            measured.figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        println!(
            "{}",
            json!({ "good": is_good, "figures": figures, "books": verify::as_json(verdict) })
        );
    } else {
        for (name, value) in &measured.figures {
            println!("{name:<28} {value}");
        }
        verify::tell(verdict);
        if verdict.undecided > 0 {
            println!("NOT FINAL: {} payments are still undecided", verdict.undecided);
        }
    }
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
