//! Applying migrations to a PostgreSQL database, under an advisory lock and in one transaction.

use std::str::FromStr;

use tokio_postgres::{Client, Config, Error};

use super::{
    connection::{Connection, connect_bare},
    errors::told,
};
use crate::{
    migrations::{Migration, Recorded, checksum, missing},
    open::OpenError,
};

/// Held while migrating; `payonce` in ASCII.
const LOCK: i64 = 0x0070_6179_6f6e_6365;

/// Applies what is missing, all or nothing, and says what it was.
pub(crate) async fn apply(url: &str) -> Result<Vec<&'static Migration>, OpenError> {
    let connection = connect_to_migrate(url).await?;
    let client = connection.client();
    let refused = |error: Error| OpenError::unreachable(shown(url), told(&error));
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(refused)?;
    client
        .batch_execute(
            "BEGIN;
             CREATE TABLE IF NOT EXISTS schema_migrations (
                 number     BIGINT NOT NULL PRIMARY KEY,
                 name       TEXT   NOT NULL,
                 checksum   TEXT   NOT NULL,
                 applied_at BIGINT NOT NULL
             )",
        )
        .await
        .map_err(refused)?;
    let records = read_records(client).await.map_err(refused)?;
    let missing = missing(&records, |migration| migration.postgres)?;
    for migration in &missing {
        let failed = |error: Error| OpenError::Failed {
            name: migration.name.to_owned(),
            detail: told(&error),
        };
        client.batch_execute(migration.postgres).await.map_err(failed)?;
        record(client, migration).await.map_err(failed)?;
    }
    // Ending the session lets go of the lock, and rolls back whatever was not committed.
    client.batch_execute("COMMIT").await.map_err(refused)?;
    Ok(missing)
}

/// What was applied so far.
pub(crate) async fn recorded(url: &str) -> Result<Vec<Recorded>, OpenError> {
    let connection = connect_to_migrate(url).await?;
    read_records(connection.client())
        .await
        .map_err(|error| OpenError::unreachable(shown(url), told(&error)))
}

async fn connect_to_migrate(url: &str) -> Result<Connection, OpenError> {
    connect_bare(url, "").await.map_err(|error| OpenError::unreachable(shown(url), error))
}

async fn record(client: &Client, migration: &Migration) -> Result<(), Error> {
    client
        .execute(
            "INSERT INTO schema_migrations (number, name, checksum, applied_at)
             VALUES ($1, $2, $3, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT)",
            &[&migration.number, &migration.name, &checksum(migration.postgres)],
        )
        .await
        .map(drop)
}

/// The records of a database; none if it has no such table yet.
pub(crate) async fn read_records(client: &Client) -> Result<Vec<Recorded>, Error> {
    let table = client.query_one("SELECT to_regclass('schema_migrations') IS NOT NULL", &[]);
    if !table.await?.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    client
        .query("SELECT number, name, checksum FROM schema_migrations ORDER BY number", &[])
        .await?
        .iter()
        .map(|row| {
            Ok(Recorded {
                number: row.try_get(0)?,
                name: row.try_get(1)?,
                checksum: row.try_get(2)?,
            })
        })
        .collect()
}

/// A connection string without its password.
pub(crate) fn shown(url: &str) -> String {
    let Ok(config) = Config::from_str(url) else {
        return "PostgreSQL".to_owned();
    };
    let hosts: Vec<_> = config.get_hosts().iter().map(|host| format!("{host:?}")).collect();
    let database = config.get_dbname().unwrap_or("its default database");
    format!("PostgreSQL {database} at {}", hosts.join(", "))
}
