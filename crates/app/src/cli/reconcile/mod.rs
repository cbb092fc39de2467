//! `payonce reconcile`: holds what a gateway reports of one day against our books.
//!
//! It ends with 0 if nothing is left for people, with 1 if a person must look, and with 2 if it could
//! not be done. `table`, `json` and `csv` are three ways to tell what was found.

mod csv;
mod json;
mod table;

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::Args;
use payonce_domain::{gateway::GatewayName, reconciliation::Date};
use payonce_engine::{
    Engine,
    reconciliation::{
        Lines, Reconcile,
        file::{self, Origin},
    },
    ruling::Act,
};
use payonce_gateways::transport::HttpTransport;
use payonce_ports::clock::Clock;
use payonce_storage::PostgresSettings;
use serde_json::json;

use super::{progress::Progress, serve};
use crate::{
    config::{
        database::DatabaseArguments, pg::PgArguments, shop::ShopArguments, toss::TossArguments,
    },
    real::SystemClock,
    wiring::{self, Shop, Wired},
};

/// How long work under way may take to finish.
const GRACE: Duration = Duration::from_secs(20);

/// What to reconcile.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ReconcileArguments {
    #[command(flatten)]
    database: DatabaseArguments,
    #[command(flatten)]
    shop: ShopArguments,
    #[command(flatten)]
    pg: PgArguments,
    #[command(flatten)]
    toss: TossArguments,
    /// Whose day.
    #[arg(long, default_value = "toss")]
    gateway: String,
    /// Which day in Seoul, e.g. `2026-01-14`; by default yesterday.
    #[arg(long)]
    date: Option<Date>,
    /// Lines from a CSV or JSON file, instead of asking the gateway.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Change nothing: tell what would be done. Works beside a server on a SQLite file.
    #[arg(long)]
    dry_run: bool,
    /// Take back the fees that this day had posted.
    #[arg(long)]
    undo: bool,
    /// Print JSON.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV, as Excel opens it.
    #[arg(long, conflicts_with = "undo")]
    csv: bool,
}

pub(super) async fn run(arguments: &ReconcileArguments) -> ExitCode {
    match reconcile(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn reconcile(arguments: &ReconcileArguments) -> anyhow::Result<ExitCode> {
    let today = Date::of_seoul(SystemClock.now());
    let day = arguments.date.unwrap_or(today.minus_days(1));
    let gateway = GatewayName::new(arguments.gateway.clone());
    let lines = lines(arguments, &gateway, day)?;
    let engine = engine(arguments).await?;
    let ask = Reconcile { gateway, day, lines, dry_run: arguments.dry_run, today };
    let done = if arguments.undo {
        undo(&engine, ask, arguments.json).await
    } else {
        find(&engine, ask, arguments).await
    };
    if !arguments.dry_run {
        engine.stop(GRACE).await;
    }
    done
}

/// Lines are read before anything else: of a file with a bad one nothing is used.
fn lines(
    arguments: &ReconcileArguments,
    gateway: &GatewayName,
    day: Date,
) -> anyhow::Result<Lines> {
    let Some(path) = &arguments.file else { return Ok(Lines::Fetched) };
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("{shown} cannot be read"))?;
    let origin = Origin { gateway: gateway.clone(), day };
    let lines = file::read(&bytes, &origin).with_context(|| format!("in {shown}"))?;
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(Lines::Given { name, lines })
}

async fn engine(arguments: &ReconcileArguments) -> anyhow::Result<Engine> {
    let store = if arguments.dry_run {
        let (target, settings) = (arguments.database.target()?, PostgresSettings::default());
        payonce_storage::open_to_read(&target, Arc::new(SystemClock), settings).await?
    } else {
        arguments.database.open().await?
    };
    wiring::engine(Shop {
        store,
        pg: Wired {
            settings: arguments.pg.gateway(0),
            layers: arguments.pg.layers(),
            transport: Arc::new(HttpTransport::new()?),
        },
        toss: serve::wired_toss(&arguments.toss)?,
        settings: arguments.shop.engine(),
    })
}

async fn find(
    engine: &Engine,
    ask: Reconcile,
    arguments: &ReconcileArguments,
) -> anyhow::Result<ExitCode> {
    let progress = Progress::new(!arguments.json && !arguments.csv);
    progress.show(&format!("reconciling {} of {}", ask.day, ask.gateway));
    let reconciled = engine.reconcile(ask).await;
    progress.end();
    let reconciled = reconciled?;
    if arguments.json {
        println!("{}", json::of(&reconciled));
    } else if arguments.csv {
        print!("{}", csv::of(&reconciled));
    } else {
        print!("{}", table::of(&reconciled));
    }
    Ok(if reconciled.needs_person() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn undo(engine: &Engine, ask: Reconcile, as_json: bool) -> anyhow::Result<ExitCode> {
    let (gateway, day, dry_run) = (ask.gateway.clone(), ask.day, ask.dry_run);
    let detail = json!({ "gateway": gateway.as_str(), "day": day });
    let act = Act { actor: "command line".to_owned(), detail: detail.to_string() };
    let fees = engine.take_fees_back(ask, act).await?;
    if as_json {
        let fees: Vec<_> = fees.iter().map(json::of_fee).collect();
        let whole =
            json!({ "gateway": gateway.as_str(), "day": day, "dry_run": dry_run, "fees": fees });
        println!("{whole}");
    } else {
        let would = if dry_run { "would be " } else { "" };
        println!("{} fees of {day} at {gateway} {would}taken back", fees.len());
    }
    Ok(ExitCode::SUCCESS)
}
