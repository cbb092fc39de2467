//! Applying migrations to a SQLite file, under `BEGIN EXCLUSIVE` and the serving lock.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};
use tokio::task::spawn_blocking;

use super::connection::{Role, ServingLock, connect};
use crate::{
    migrations::{Migration, Recorded, checksum, missing},
    open::OpenError,
};

/// Applies what is missing, all or nothing, and says what it was.
pub(crate) async fn apply(path: &Path) -> Result<Vec<&'static Migration>, OpenError> {
    blocking(path, |path| {
        let _lock = ServingLock::take(path)?;
        let mut connection = connect(path, Role::Migrate)?;
        apply_missing(&mut connection, path)
    })
    .await
}

/// What was applied so far; nothing if there is no file yet.
pub(crate) async fn recorded(path: &Path) -> Result<Vec<Recorded>, OpenError> {
    blocking(path, |path| {
        if !path.exists() {
            return Ok(Vec::new());
        }
        read_records(&connect(path, Role::Read)?)
            .map_err(|error| OpenError::unreachable(path.display(), error))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    let owned: PathBuf = path.to_owned();
    spawn_blocking(move || work(&owned))
        .await
        .map_err(|error| OpenError::unreachable(path.display(), error))?
}

fn apply_missing(
    connection: &mut Connection,
    path: &Path,
) -> Result<Vec<&'static Migration>, OpenError> {
    let refused = |error: rusqlite::Error| OpenError::unreachable(path.display(), error);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Exclusive).map_err(refused)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 number     INTEGER NOT NULL PRIMARY KEY,
                 name       TEXT    NOT NULL,
                 checksum   TEXT    NOT NULL,
                 applied_at INTEGER NOT NULL
             ) STRICT",
        )
        .map_err(refused)?;
    let records = read_records(&transaction).map_err(refused)?;
    let missing = missing(&records, |migration| migration.sqlite)?;
    for migration in &missing {
        let failed = |error: rusqlite::Error| OpenError::Failed {
            name: migration.name.to_owned(),
            detail: error.to_string(),
        };
        transaction.execute_batch(migration.sqlite).map_err(failed)?;
        record(&transaction, migration).map_err(failed)?;
    }
    transaction.commit().map_err(refused)?;
    Ok(missing)
}

fn record(connection: &Connection, migration: &Migration) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO schema_migrations (number, name, checksum, applied_at)
             VALUES (?1, ?2, ?3, CAST(unixepoch('subsec') * 1000000 AS INTEGER))",
            params![migration.number, migration.name, checksum(migration.sqlite)],
        )
        .map(drop)
}

/// The records of a database; none if it has no such table yet.
pub(crate) fn read_records(connection: &Connection) -> rusqlite::Result<Vec<Recorded>> {
    let exists: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations')",
        [],
        |row| row.get(0),
    )?;
    if !exists {
        return Ok(Vec::new());
    }
    connection
        .prepare("SELECT number, name, checksum FROM schema_migrations ORDER BY number")?
        .query_map([], |row| {
            Ok(Recorded { number: row.get(0)?, name: row.get(1)?, checksum: row.get(2)? })
        })?
        .collect()
}
