//! Which database.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use payonce_ports::store::Store;
use payonce_storage::{PostgresSettings, Target};

use crate::real::SystemClock;

/// Which database.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArguments {
    /// `sqlite:<path>` or `postgres://user@host/database`.
    #[arg(
        long = "database",
        env = "PAYONCE_DATABASE",
        default_value = "sqlite:payonce.db",
        hide_env_values = true
    )]
    url: String,
}

impl DatabaseArguments {
    /// The database that was named.
    pub(crate) fn target(&self) -> anyhow::Result<Target> {
        Ok(Target::parse(&self.url)?)
    }

    /// Opens the books for serving.
    pub(crate) async fn open(&self) -> anyhow::Result<Arc<dyn Store>> {
        open(&self.target()?).await
    }
}

/// Opens the books for serving.
pub(crate) async fn open(target: &Target) -> anyhow::Result<Arc<dyn Store>> {
    let store =
        payonce_storage::open(target, Arc::new(SystemClock), PostgresSettings::default()).await;
    store.context("the database was not opened")
}
