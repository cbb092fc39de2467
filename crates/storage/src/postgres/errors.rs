//! What PostgreSQL's errors mean to a caller, and its rows as [`crate::cells`] reads them.

use std::error::Error as _;

use payonce_ports::store::StoreError;
use tokio_postgres::{Error, error::DbError};

use crate::cells::Row;

/// A failed statement outside of a commit. Nothing was committed by it.
///
/// A broken rule (class 23) or a value that no column takes (22) is refused; a lost race, a cut
/// connection and anything else means: not now.
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
pub(crate) fn failed(error: Error) -> StoreError {
    match error.as_db_error() {
        Some(db) if ["22", "23"].contains(&class(db)) => StoreError::Refused(rule(db)),
        _ => StoreError::Unavailable(told(&error)),
    }
}

/// A failed commit, or a failed statement that is its own transaction. Only an answer of the
/// database that it did not happen proves that it did not.
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
pub(crate) fn failed_commit(error: Error) -> StoreError {
    match error.as_db_error() {
        Some(db) if ["22", "23"].contains(&class(db)) => StoreError::Refused(rule(db)),
        Some(db) if class(db) == "40" => StoreError::Unavailable(told(&error)),
        _ => StoreError::InDoubt(told(&error)),
    }
}

fn class(db: &DbError) -> &str {
    db.code().code().get(..2).unwrap_or_default()
}

fn rule(db: &DbError) -> String {
    db.constraint().unwrap_or_else(|| db.message()).to_owned()
}

/// The driver's own text says `db error`; its source says which.
pub(crate) fn told(error: &Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => format!("{} ({})", db.message(), db.code().code()),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}

impl Row for tokio_postgres::Row {
    fn text(&self, at: usize) -> Result<Option<&str>, String> {
        self.try_get(at).map_err(|error| error.to_string())
    }

    fn number(&self, at: usize) -> Result<Option<i64>, String> {
        self.try_get(at).map_err(|error| error.to_string())
    }

    fn flag(&self, at: usize) -> Result<bool, String> {
        self.try_get(at).map_err(|error| error.to_string())
    }
}
