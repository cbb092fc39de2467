//! `payonce key`: makes a server key for a shop's back end. It is shown once; only its digest is kept.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::{
    config::database::DatabaseArguments,
    real::{OsEntropy, SystemClock},
};

/// For which shop.
#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    #[command(flatten)]
    database: DatabaseArguments,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &KeyArguments) -> anyhow::Result<ExitCode> {
    let store = arguments.database.open().await?;
    let (plain, key) = payonce_api::auth::new_server_key(&OsEntropy::new(), &SystemClock);
    store.add_server_key(&key).await?;
    if arguments.json {
        println!("{}", json!({ "key": plain }));
    } else {
        println!("{plain}");
        eprintln!("keep it: it is shown only now, and the database has only its digest");
    }
    Ok(ExitCode::SUCCESS)
}
