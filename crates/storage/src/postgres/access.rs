//! Tables `users`, `server_keys` and `secrets`.

use payonce_domain::ids::UserId;
use payonce_ports::store::{ServerKey, StoreError, User};

use super::connection::Connection;
use crate::{columns, rows};

pub(crate) const STATEMENTS: &[&str] =
    &[ADD_USER, USER_BY_EMAIL, USER, ADD_SERVER_KEY, SERVER_KEY, ADD_SECRET, SECRET];

const ADD_USER: &str = concat!(
    "INSERT INTO users (",
    columns::users!(),
    ") VALUES ($1::TEXT, $2::TEXT, $3::TEXT, $4::TEXT, $5::BIGINT)
     ON CONFLICT (email) DO NOTHING"
);

/// Adds a user unless the e-mail is taken.
pub(crate) async fn add_user(connection: &Connection, user: &User) -> Result<bool, StoreError> {
    let touched = connection
        .execute_alone(
            ADD_USER,
            &[
                &user.id.to_string(),
                &user.email,
                &user.password_hash,
                &user.role,
                &user.created_at.micros(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

const USER_BY_EMAIL: &str =
    concat!("SELECT ", columns::users!(), " FROM users WHERE email = $1::TEXT");

/// The user with this e-mail.
pub(crate) async fn user_by_email(
    connection: &Connection,
    email: &str,
) -> Result<Option<User>, StoreError> {
    connection.query(USER_BY_EMAIL, &[&email]).await?.first().map(rows::user).transpose()
}

const USER: &str = concat!("SELECT ", columns::users!(), " FROM users WHERE id = $1::TEXT");

/// The user of this id.
pub(crate) async fn user(connection: &Connection, id: UserId) -> Result<Option<User>, StoreError> {
    connection.query(USER, &[&id.to_string()]).await?.first().map(rows::user).transpose()
}

const ADD_SERVER_KEY: &str = concat!(
    "INSERT INTO server_keys (",
    columns::server_keys!(),
    ") VALUES ($1::TEXT, $2::TEXT, $3::BIGINT) ON CONFLICT (digest) DO NOTHING"
);

/// Adds a server key unless it is there.
pub(crate) async fn add_server_key(
    connection: &Connection,
    key: &ServerKey,
) -> Result<(), StoreError> {
    connection
        .execute_alone(ADD_SERVER_KEY, &[&key.digest, &key.hint, &key.created_at.micros()])
        .await
        .map(drop)
}

const SERVER_KEY: &str =
    concat!("SELECT ", columns::server_keys!(), " FROM server_keys WHERE digest = $1::TEXT");

/// The server key with this digest.
pub(crate) async fn server_key(
    connection: &Connection,
    digest: &str,
) -> Result<Option<ServerKey>, StoreError> {
    connection.query(SERVER_KEY, &[&digest]).await?.first().map(rows::server_key).transpose()
}

const ADD_SECRET: &str = "
INSERT INTO secrets (name, value) VALUES ($1::TEXT, $2::TEXT) ON CONFLICT (name) DO NOTHING";

/// Keeps a secret unless there is one under this name.
pub(crate) async fn add_secret(
    connection: &Connection,
    name: &str,
    candidate: &str,
) -> Result<(), StoreError> {
    connection.execute_alone(ADD_SECRET, &[&name, &candidate]).await.map(drop)
}

const SECRET: &str = "SELECT value FROM secrets WHERE name = $1::TEXT";

/// The secret under this name.
pub(crate) async fn secret(
    connection: &Connection,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let found = connection.query(SECRET, &[&name]).await?;
    Ok(found.first().map(|row| row.get(0)))
}
