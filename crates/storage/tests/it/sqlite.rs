//! The suite on SQLite: each story has a file of its own.

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use payonce_ports::{clock::MovedClock, store::Store};
use payonce_storage::{
    Access, SqliteStore, Target, migrate,
    suite::{Books, samples::START},
};
use tempfile::TempDir;

struct File {
    path: PathBuf,
    store: Arc<SqliteStore>,
    clock: MovedClock,
    _folder: TempDir,
}

async fn fresh() -> File {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    migrate(&Target::Sqlite(path.clone())).await.unwrap();
    let clock = MovedClock::at(START);
    let store = SqliteStore::open(&path, Arc::new(clock.clone()), Access::Serve).await.unwrap();
    File { path, store: Arc::new(store), clock, _folder: folder }
}

#[async_trait]
impl Books for File {
    async fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn clock(&self) -> &MovedClock {
        &self.clock
    }

    async fn try_sql(&self, sql: &str) -> Result<(), String> {
        let connection = rusqlite::Connection::open(&self.path).unwrap();
        connection.execute_batch(sql).map_err(|error| error.to_string())
    }

    async fn lose_updates(&self, table: &str) {
        self.run_sql(&format!(
            "CREATE TRIGGER lost BEFORE UPDATE ON {table} BEGIN SELECT RAISE(IGNORE); END"
        ))
        .await;
    }
}

crate::every_story!(fresh);
