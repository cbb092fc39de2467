//! Opening a SQLite file, and distrusting what it says of itself: every setting is read back.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    process,
};

use rusqlite::{Connection, OpenFlags};

use crate::open::OpenError;

/// 3.7.0 to 3.51.2 can corrupt a file when two connections checkpoint at once.
const OLDEST: (i32, &str) = (3_051_003, "3.51.3");
/// Every statement of this folder fits.
const STATEMENTS_KEPT: usize = 128;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Makes the file if it is not there.
    Migrate,
    /// Reads and writes an existing file.
    Write,
    /// Reads an existing file.
    Read,
}

/// A connection with our settings.
pub(crate) fn connect(path: &Path, role: Role) -> Result<Connection, OpenError> {
    refuse_old_library()?;
    let refused = |error: rusqlite::Error| OpenError::unreachable(path.display(), error);
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | match role {
            Role::Migrate => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Role::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Role::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
    let connection = Connection::open_with_flags(path, flags).map_err(refused)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    connection
        .execute_batch(
            "PRAGMA busy_timeout = 5000;
             PRAGMA foreign_keys = ON;
             PRAGMA synchronous = FULL;
             PRAGMA trusted_schema = OFF;
             PRAGMA cell_size_check = ON;
             PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0;
             PRAGMA cache_size = -65536;",
        )
        .map_err(refused)?;
    if role != Role::Read {
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA wal_autocheckpoint = 4000;
                 PRAGMA journal_size_limit = 67108864;",
            )
            .map_err(refused)?;
    }
    refuse_weak_settings(&connection).map_err(refused)??;
    Ok(connection)
}

fn refuse_old_library() -> Result<(), OpenError> {
    if rusqlite::version_number() < OLDEST.0 {
        let found = rusqlite::version().to_owned();
        return Err(OpenError::TooOld { found, needed: OLDEST.1 });
    }
    Ok(())
}

/// Reads back what durability rests on. The outer error is the driver's.
pub(crate) fn refuse_weak_settings(
    connection: &Connection,
) -> Result<Result<(), OpenError>, rusqlite::Error> {
    let journal_mode: String =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if journal_mode != "wal" {
        return Ok(weak("journal_mode", journal_mode, "wal"));
    }
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if synchronous < 2 {
        return Ok(weak("synchronous", synchronous.to_string(), "2 (FULL) or 3 (EXTRA)"));
    }
    let foreign_keys: i64 =
        connection.pragma_query_value(None, "foreign_keys", |row| row.get(0))?;
    if foreign_keys != 1 {
        return Ok(weak("foreign_keys", foreign_keys.to_string(), "1"));
    }
    Ok(Ok(()))
}

fn weak(setting: &'static str, found: String, needed: &'static str) -> Result<(), OpenError> {
    Err(OpenError::WeakSetting { setting, found, needed })
}

/// The right to serve a file: a lock on `<file>.lock`, gone with the process that held it.
#[derive(Debug)]
pub(crate) struct ServingLock {
    file: File,
}

impl ServingLock {
    /// Takes the lock, or names who has it.
    pub(crate) fn take(path: &Path) -> Result<Self, OpenError> {
        let lock_path = beside(path);
        let refused = |error: std::io::Error| OpenError::unreachable(lock_path.display(), error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let told = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
                let holder = if told { holder.trim() } else { "another process" }.to_owned();
                return Err(OpenError::InUse { path: path.display().to_string(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(refused(error)),
        }
        file.set_len(0).map_err(refused)?;
        file.rewind().map_err(refused)?;
        writeln!(file, "process {}", process::id()).map_err(refused)?;
        Ok(Self { file })
    }
}

impl Drop for ServingLock {
    /// Closing the file would do, were it not for a child process that is just being started: until
    /// it runs its own program it has a copy of every open file, and with it of the lock.
    fn drop(&mut self) {
        let _closing_does_the_rest = self.file.unlock();
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
