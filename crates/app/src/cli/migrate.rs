//! `payonce migrate`: brings a database to this program's schema.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::config::database::DatabaseArguments;

/// What to migrate.
#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    #[command(flatten)]
    database: DatabaseArguments,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &MigrateArguments) -> anyhow::Result<ExitCode> {
    let target = arguments.database.target()?;
    let migrations = if arguments.dry_run {
        payonce_storage::pending(&target).await?
    } else {
        payonce_storage::migrate(&target).await?
    };
    let names: Vec<_> = migrations.iter().map(|migration| migration.name.as_str()).collect();
    if arguments.json {
        println!("{}", json!({ "dry_run": arguments.dry_run, "migrations": names }));
        return Ok(ExitCode::SUCCESS);
    }
    let verb = if arguments.dry_run { "would apply" } else { "applied" };
    for name in &names {
        println!("{verb} {name}");
    }
    if names.is_empty() {
        println!("nothing to do: the database has this program's schema");
    }
    Ok(ExitCode::SUCCESS)
}
