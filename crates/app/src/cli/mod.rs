//! The command line: one file per command.

mod bench;
mod demo;
mod key;
mod migrate;
mod progress;
mod reconcile;
mod serve;
mod simulator;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::telemetry::LogArguments;

/// Takes orders, charges them through gateways that fail, hang and answer late, and ends every
/// order true: paid exactly once and fulfilled, or not charged and released.
#[derive(Debug, Parser)]
#[command(name = "payonce", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) log: LogArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A shop to play with: fresh books, a pretend gateway, a first order.
    Demo(demo::DemoArguments),
    /// Serve the HTTP API.
    Serve(Box<serve::ServeArguments>),
    /// Run a pretend gateway.
    Simulator(simulator::SimulatorArguments),
    /// Bring a database to this program's schema.
    Migrate(migrate::MigrateArguments),
    /// Make a server key for a shop's back end.
    Key(key::KeyArguments),
    /// Check every rule of the books, and compare them with the gateway's.
    Verify(verify::VerifyArguments),
    /// Hold what a gateway reports of one day against the books, and repair what a rule repairs.
    Reconcile(Box<reconcile::ReconcileArguments>),
    /// Measure orders at a constant arrival rate, then check the books.
    Bench(Box<bench::BenchArguments>),
}

/// Runs the command. An error is told by the caller; a failed check is an exit code.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Serve(arguments) => serve::run(*arguments).await,
        Command::Simulator(arguments) => simulator::run(arguments).await,
        Command::Migrate(arguments) => migrate::run(&arguments).await,
        Command::Key(arguments) => key::run(&arguments).await,
        Command::Verify(arguments) => verify::run(&arguments).await,
        Command::Reconcile(arguments) => Ok(reconcile::run(&arguments).await),
        Command::Bench(arguments) => bench::run(*arguments).await,
    }
}
