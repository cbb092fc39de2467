//! Opening: which database is meant, and every reason for which it is not used.

use std::{path::PathBuf, sync::Arc};

use payonce_ports::{clock::Clock, store::Store};
use thiserror::Error;

use crate::{
    postgres::{PostgresSettings, PostgresStore},
    sqlite::{Access, SqliteStore},
};

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// A connection string, `postgres://…`.
    Postgres(String),
}

impl Target {
    /// The database of `sqlite:<path>` or `postgres://…`.
    pub fn parse(url: &str) -> Result<Self, OpenError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(OpenError::BadTarget("sqlite: needs a path".to_owned()));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let scheme = url.split_once(':').map_or("none", |(scheme, _)| scheme);
        Err(OpenError::BadTarget(format!(
            "a database is sqlite:<path> or postgres://…, not of scheme {scheme:?}"
        )))
    }
}

/// Why a database was not opened or migrated. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The URL names no database we know.
    #[error("{0}")]
    BadTarget(String),
    /// It cannot be reached or read.
    #[error("cannot open {target}: {detail}")]
    Unreachable {
        /// Where, without a password.
        target: String,
        /// What the driver said.
        detail: String,
    },
    /// Another process serves this file.
    #[error("{path} is in use by {holder}; one process at a time may serve a SQLite file")]
    InUse {
        /// The file.
        path: String,
        /// What is known of the other, e.g. `process 4711`.
        holder: String,
    },
    /// The library is too old to be trusted with money.
    #[error("SQLite {found} has a known corruption race; {needed} or newer is needed")]
    TooOld {
        /// The version that was found.
        found: String,
        /// The oldest that is good.
        needed: &'static str,
    },
    /// A setting under which acknowledged orders can be lost.
    #[error("{setting} is {found}, must be {needed}: acknowledged orders could be lost")]
    WeakSetting {
        /// Its name.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What is needed.
        needed: &'static str,
    },
    /// Migrations are missing.
    #[error("database lacks {} (run `payonce migrate`)", .missing.join(", "))]
    Unmigrated {
        /// Their names.
        missing: Vec<String>,
    },
    /// A migration was applied with another text than this program has.
    #[error("migration {name} was applied with another text than this program has")]
    Changed {
        /// Its name.
        name: String,
    },
    /// The database was migrated by a newer program.
    #[error("database has migration {name}, which this program does not know: use a newer program")]
    Newer {
        /// The unknown migration.
        name: String,
    },
    /// A migration failed; it and all after it were rolled back.
    #[error("migration {name} failed and was rolled back: {detail}")]
    Failed {
        /// Its name.
        name: String,
        /// What the database said.
        detail: String,
    },
}

impl OpenError {
    pub(crate) fn unreachable(
        target: impl std::fmt::Display,
        detail: impl std::fmt::Display,
    ) -> Self {
        Self::Unreachable { target: target.to_string(), detail: detail.to_string() }
    }
}

/// Opens the books for serving.
///
/// `clock` is the time of a SQLite store. PostgreSQL tells its own time, so that all processes
/// that share it agree.
pub async fn open(
    target: &Target,
    clock: Arc<dyn Clock>,
    postgres: PostgresSettings,
) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match target {
        Target::Sqlite(path) => Arc::new(SqliteStore::open(path, clock, Access::Serve).await?),
        Target::Postgres(url) => Arc::new(PostgresStore::open(url, postgres, None).await?),
    })
}

/// Opens the books for reading alone, e.g. beside a running server.
pub async fn open_to_read(
    target: &Target,
    clock: Arc<dyn Clock>,
    postgres: PostgresSettings,
) -> Result<Arc<dyn Store>, OpenError> {
    Ok(match target {
        Target::Sqlite(path) => Arc::new(SqliteStore::open(path, clock, Access::Read).await?),
        Target::Postgres(url) => Arc::new(PostgresStore::open(url, postgres, None).await?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_its_database() {
        assert_eq!(Target::parse("sqlite:/a/b.db"), Ok(Target::Sqlite("/a/b.db".into())));
        assert_eq!(Target::parse("sqlite:///a/b.db"), Ok(Target::Sqlite("/a/b.db".into())));
        assert_eq!(Target::parse("sqlite:b.db"), Ok(Target::Sqlite("b.db".into())));
        let url = "postgres://me@host/db";
        assert_eq!(Target::parse(url), Ok(Target::Postgres(url.into())));
        for wrong in ["", "sqlite:", "mysql://host", "/a/b.db"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_refused_url_does_not_show_its_password() {
        let error = Target::parse("mysql://me:hunter2@host").expect_err("refused");
        assert!(!error.to_string().contains("hunter2"));
    }
}
