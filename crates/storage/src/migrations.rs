//! Migrations: numbered texts inside the program, applied once, in order, under a lock.
//!
//! This is the list and the comparison, which is pure; `sqlite/migrate.rs` and
//! `postgres/migrate.rs` read and apply. An applied text never changes: its checksum is stored.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::{
    open::{OpenError, Target},
    postgres, sqlite,
};

/// A change of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Migration {
    /// Counts from 1.
    pub(crate) number: i64,
    /// What it is about, as in its file's name.
    pub(crate) name: &'static str,
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }
    };
}

/// All of them, in order.
pub(crate) const ALL: &[Migration] = &[
    migration!(1, "0001_books"),
    migration!(2, "0002_access"),
    migration!(3, "0003_refunds"),
    migration!(4, "0004_reconciliation"),
];

/// A migration that has been, or would be, applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Counts from 1.
    pub number: i64,
    /// What it is about, e.g. `0001_books`.
    pub name: String,
}

/// A row of `schema_migrations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) number: i64,
    pub(crate) name: String,
    pub(crate) checksum: String,
}

/// Brings the database to this program's schema and says what was done.
///
/// Two processes may start it together: one works, the other waits and finds nothing to do.
pub async fn migrate(target: &Target) -> Result<Vec<Applied>, OpenError> {
    let applied = match target {
        Target::Sqlite(path) => sqlite::migrate::apply(path).await?,
        Target::Postgres(url) => postgres::migrate::apply(url).await?,
    };
    Ok(applied.into_iter().map(described).collect())
}

/// What [`migrate`] would do; does nothing.
pub async fn pending(target: &Target) -> Result<Vec<Applied>, OpenError> {
    let (recorded, text): (_, fn(&Migration) -> &'static str) = match target {
        Target::Sqlite(path) => (sqlite::migrate::recorded(path).await?, |one| one.sqlite),
        Target::Postgres(url) => (postgres::migrate::recorded(url).await?, |one| one.postgres),
    };
    Ok(missing(&recorded, text)?.into_iter().map(described).collect())
}

fn described(migration: &Migration) -> Applied {
    Applied { number: migration.number, name: migration.name.to_owned() }
}

/// What a database with these records lacks. An unknown or altered record is an error.
pub(crate) fn missing(
    recorded: &[Recorded],
    text: impl Fn(&Migration) -> &'static str,
) -> Result<Vec<&'static Migration>, OpenError> {
    for row in recorded {
        match ALL.iter().find(|known| known.number == row.number) {
            None => return Err(OpenError::Newer { name: row.name.clone() }),
            Some(known) if checksum(text(known)) != row.checksum => {
                return Err(OpenError::Changed { name: row.name.clone() });
            }
            Some(_) => {}
        }
    }
    let is_missing = |known: &&Migration| !recorded.iter().any(|row| row.number == known.number);
    Ok(ALL.iter().filter(is_missing).collect())
}

/// Refuses a database that lacks migrations.
pub(crate) fn require_none_missing(
    recorded: &[Recorded],
    text: impl Fn(&Migration) -> &'static str,
) -> Result<(), OpenError> {
    let missing = missing(recorded, text)?;
    if missing.is_empty() {
        return Ok(());
    }
    Err(OpenError::Unmigrated {
        missing: missing.iter().map(|migration| migration.name.to_owned()).collect(),
    })
}

/// SHA-256 of a text, in hexadecimal.
pub(crate) fn checksum(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(migration: &Migration) -> Recorded {
        let checksum = checksum(migration.sqlite);
        Recorded { number: migration.number, name: migration.name.to_owned(), checksum }
    }

    #[test]
    fn numbers_count_up_and_names_begin_with_them() {
        for (place, migration) in ALL.iter().enumerate() {
            assert_eq!(migration.number, i64::try_from(place + 1).unwrap());
            assert!(migration.name.starts_with(&format!("{:04}_", migration.number)));
        }
    }

    #[test]
    fn what_is_recorded_is_not_missing() {
        let first = record(&ALL[0]);
        let missing = missing(&[first], |one| one.sqlite).unwrap();
        assert_eq!(missing, ALL[1..].iter().collect::<Vec<_>>());
    }

    #[test]
    fn an_altered_or_unknown_record_is_refused() {
        let altered = Recorded { checksum: "0".repeat(64), ..record(&ALL[0]) };
        let unknown = Recorded { number: 999, name: "0999_later".into(), ..record(&ALL[0]) };
        assert!(matches!(missing(&[altered], |one| one.sqlite), Err(OpenError::Changed { .. })));
        assert!(matches!(missing(&[unknown], |one| one.sqlite), Err(OpenError::Newer { .. })));
    }
}
