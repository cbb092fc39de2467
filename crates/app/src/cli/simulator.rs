//! `payonce simulator pg` and `payonce simulator toss`: a pretend gateway on a port, well-behaved
//! as its document has it unless told otherwise.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use payonce_simulator::pg::{Simulator, sender::HttpSender, settings::Settings};
use payonce_simulator::toss::{self, faults::Profile};
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::serve::{bind, until_stopped};

/// Which gateway.
#[derive(Debug, Args)]
pub(crate) struct SimulatorArguments {
    #[command(subcommand)]
    gateway: Gateway,
}

#[derive(Debug, Subcommand)]
enum Gateway {
    /// The PG simulator: accepts now, decides later, calls back once.
    Pg(PgSimulatorArguments),
    /// Toss Payments: the payment window, the core API, settlements and webhooks.
    Toss(TossSimulatorArguments),
}

#[derive(Debug, Args)]
struct PgSimulatorArguments {
    /// Port of the gateway's API and of its controls under `/_sim`.
    #[arg(long, env = "PAYONCE_SIMULATOR_PORT", default_value_t = 8082)]
    port: u16,
    /// Port of its management API; 0 for none.
    #[arg(long, default_value_t = 8083)]
    management_port: u16,
    /// Seed of its chance: the same seed, the same draws.
    #[arg(long)]
    seed: Option<u64>,
    /// No failures, no delays, everything approved: for measuring what is around it.
    #[arg(long)]
    zero_latency: bool,
    /// Threads that decide payments and send callbacks; 0 for no limit. Stock is 8.
    #[arg(long)]
    workers: Option<usize>,
    /// Settings as JSON, or `@file`; what is absent is stock. See `docs/simulator.md`.
    #[arg(long)]
    settings: Option<String>,
    /// Keep its books in this file over restarts.
    #[arg(long)]
    books: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct TossSimulatorArguments {
    /// Port of the window, of the API and of the controls under `/_sim`.
    #[arg(long, env = "PAYONCE_TOSS_SIMULATOR_PORT", default_value_t = 8084)]
    port: u16,
    /// What goes wrong: calm, bookstore, lost_response, late_completion or settlement_only.
    #[arg(long)]
    profile: Option<Profile>,
    /// Seed of its chance: the same seed, the same draws.
    #[arg(long)]
    seed: Option<u64>,
    /// Where its webhooks go; without one it sends none.
    #[arg(long)]
    webhook_url: Option<String>,
    /// Settings as JSON, or `@file`; what is absent is the default. See `docs/simulator.md`.
    #[arg(long)]
    settings: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: SimulatorArguments) -> anyhow::Result<ExitCode> {
    match arguments.gateway {
        Gateway::Pg(arguments) => run_pg(arguments).await,
        Gateway::Toss(arguments) => run_toss(arguments).await,
    }
}

async fn run_pg(arguments: PgSimulatorArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.settings()?;
    let simulator = match &arguments.books {
        Some(file) => Simulator::resume(settings, HttpSender::new(), file)
            .with_context(|| format!("the simulator's books in {}", file.display()))?,
        None => Simulator::start(settings),
    };
    let listener = bind(arguments.port, "--port").await?;
    let port = listener.local_addr()?.port();
    let stop = CancellationToken::new();
    if arguments.management_port != 0 {
        let management = bind(arguments.management_port, "--management-port").await?;
        tokio::spawn(serve_management(management, simulator.clone(), stop.clone()));
    }
    if arguments.json {
        println!("{}", json!({ "gateway": "pg", "url": format!("http://localhost:{port}") }));
    } else {
        println!(
            "PG simulator on http://localhost:{port}, its books on /_sim/books; Ctrl-C stops it"
        );
    }
    let serving = simulator.serve(listener, stop.clone().cancelled_owned());
    tokio::select! {
        served = serving => served.context("the simulator stopped")?,
        () = until_stopped() => {
            stop.cancel();
            simulator.shutdown().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_toss(arguments: TossSimulatorArguments) -> anyhow::Result<ExitCode> {
    let settings = arguments.settings()?;
    let (secret_key, client_key) = (settings.secret_key.clone(), settings.client_key.clone());
    let simulator = toss::Simulator::start(settings);
    let listener = bind(arguments.port, "--port").await?;
    let url = format!("http://localhost:{}", listener.local_addr()?.port());
    if arguments.json {
        let started = json!({
            "gateway": "toss", "url": url, "secretKey": secret_key, "clientKey": client_key,
        });
        println!("{started}");
    } else {
        println!("Toss simulator on {url}, its books on /_sim/books; Ctrl-C stops it");
        println!("  secret key  {secret_key}");
        println!("  client key  {client_key}");
        println!("  browser     {url}/v2/standard");
    }
    let stop = CancellationToken::new();
    let serving = simulator.serve(listener, stop.clone().cancelled_owned());
    tokio::select! {
        served = serving => served.context("the simulator stopped")?,
        () = until_stopped() => {
            stop.cancel();
            simulator.shutdown().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl TossSimulatorArguments {
    fn settings(&self) -> anyhow::Result<toss::settings::Settings> {
        let text = self.settings.as_deref();
        let mut settings: toss::settings::Settings =
            text.map(read_settings).transpose()?.unwrap_or_default();
        if let Some(profile) = self.profile {
            settings.faults = profile.faults();
        }
        settings.seed = self.seed.unwrap_or(settings.seed);
        settings.webhooks.url = self.webhook_url.clone().or(settings.webhooks.url);
        settings.check().map_err(|why| anyhow!("--settings: {why}"))?;
        Ok(settings)
    }
}

/// JSON, or `@file` with JSON in it.
fn read_settings<T: DeserializeOwned>(text: &str) -> anyhow::Result<T> {
    let text = match text.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("the settings file {file}"))?
        }
        None => text.to_owned(),
    };
    serde_json::from_str(&text).context("--settings cannot be read")
}

impl PgSimulatorArguments {
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = match self.settings.as_deref() {
            None if self.zero_latency => Settings::zero_latency(),
            None => Settings::default(),
            Some(text) => read_settings(text)?,
        };
        if let Some(workers) = self.workers {
            settings.workers = workers;
        }
        settings.seed = self.seed.unwrap_or(settings.seed);
        settings.check().map_err(|why| anyhow!("--settings: {why}"))?;
        Ok(settings)
    }
}

async fn serve_management(listener: TcpListener, simulator: Simulator, stop: CancellationToken) {
    let router = simulator.management_router();
    let serving =
        payonce_simulator::connection::serve(listener, router, stop.cancelled_owned()).await;
    if let Err(error) = serving {
        tracing::warn!(%error, "management port closed");
    }
}
