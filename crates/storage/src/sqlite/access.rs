//! Tables `users`, `server_keys` and `secrets`.

use payonce_domain::ids::UserId;
use payonce_ports::store::{ServerKey, StoreError, User};
use rusqlite::{Connection, params};

use super::errors::failed;
use crate::{columns, rows};

/// Adds a user unless the e-mail is taken.
pub(crate) fn add_user(connection: &Connection, user: &User) -> Result<bool, StoreError> {
    let touched = connection
        .prepare_cached(concat!(
            "INSERT INTO users (",
            columns::users!(),
            ") VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (email) DO NOTHING"
        ))
        .and_then(|mut statement| {
            statement.execute(params![
                user.id.to_string(),
                user.email,
                user.password_hash,
                user.role,
                user.created_at.micros(),
            ])
        })
        .map_err(failed)?;
    Ok(touched == 1)
}

/// The user with this e-mail.
pub(crate) fn user_by_email(
    connection: &Connection,
    email: &str,
) -> Result<Option<User>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!("SELECT ", columns::users!(), " FROM users WHERE email = ?1"))
        .map_err(failed)?;
    let mut found = statement.query([email]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::user).transpose()
}

/// The user of this id.
pub(crate) fn user(connection: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!("SELECT ", columns::users!(), " FROM users WHERE id = ?1"))
        .map_err(failed)?;
    let mut found = statement.query([id.to_string()]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::user).transpose()
}

/// Adds a server key unless it is there.
pub(crate) fn add_server_key(connection: &Connection, key: &ServerKey) -> Result<(), StoreError> {
    connection
        .prepare_cached(concat!(
            "INSERT INTO server_keys (",
            columns::server_keys!(),
            ") VALUES (?1, ?2, ?3) ON CONFLICT (digest) DO NOTHING"
        ))
        .and_then(|mut statement| {
            statement.execute(params![key.digest, key.hint, key.created_at.micros()])
        })
        .map(drop)
        .map_err(failed)
}

/// The server key with this digest.
pub(crate) fn server_key(
    connection: &Connection,
    digest: &str,
) -> Result<Option<ServerKey>, StoreError> {
    let mut statement = connection
        .prepare_cached(concat!(
            "SELECT ",
            columns::server_keys!(),
            " FROM server_keys WHERE digest = ?1"
        ))
        .map_err(failed)?;
    let mut found = statement.query([digest]).map_err(failed)?;
    found.next().map_err(failed)?.map(rows::server_key).transpose()
}

/// Keeps a secret unless there is one under this name.
pub(crate) fn add_secret(
    connection: &Connection,
    name: &str,
    candidate: &str,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO secrets (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
        )
        .and_then(|mut statement| statement.execute([name, candidate]))
        .map(drop)
        .map_err(failed)
}

/// The secret under this name.
pub(crate) fn secret(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM secrets WHERE name = ?1").map_err(failed)?;
    let mut found = statement.query([name]).map_err(failed)?;
    found.next().map_err(failed)?.map(|row| row.get(0)).transpose().map_err(failed)
}
