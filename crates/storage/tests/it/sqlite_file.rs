//! What is true of SQLite files: who may open them, and when they are refused.

use std::{path::Path, sync::Arc};

use payonce_ports::{
    clock::MovedClock,
    store::{Keys, Store, StoreError},
};
use payonce_storage::{
    Access, OpenError, SqliteStore, Target, migrate, pending, suite::samples::START,
};

fn clock() -> Arc<MovedClock> {
    Arc::new(MovedClock::at(START))
}

async fn migrated(path: &Path) {
    let applied = migrate(&Target::Sqlite(path.to_owned())).await.unwrap();
    assert_eq!(applied.first().map(|one| one.name.as_str()), Some("0001_books"));
}

#[tokio::test]
async fn one_process_at_a_time_serves_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    migrated(&path).await;
    let store = SqliteStore::open(&path, clock(), Access::Serve).await.unwrap();
    let refused = SqliteStore::open(&path, clock(), Access::Serve).await.map(drop);
    let holder = format!("process {}", std::process::id());
    assert_eq!(
        refused,
        Err(OpenError::InUse { path: path.display().to_string(), holder: holder.clone() })
    );
    let refused = migrate(&Target::Sqlite(path.clone())).await;
    assert!(matches!(refused, Err(OpenError::InUse { .. })));
    drop(store);
    SqliteStore::open(&path, clock(), Access::Serve).await.unwrap();
}

#[tokio::test]
async fn a_reader_stands_beside_the_server_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    migrated(&path).await;
    let server = SqliteStore::open(&path, clock(), Access::Serve).await.unwrap();
    let reader = SqliteStore::open(&path, clock(), Access::Read).await.unwrap();
    server.secret("name", "value").await.unwrap();
    assert_eq!(reader.orphans().await, Ok([].into()));
    reader.ping().await.unwrap();
    let refused = reader.transact(Keys::default(), Box::new(|_| ())).await;
    assert_eq!(refused, Err(StoreError::Unavailable("opened for reading".to_owned())));
    drop(server);
    assert_eq!(reader.orphans().await, Ok([].into()));
}

#[tokio::test]
async fn an_unmigrated_file_is_refused_and_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    let missing = SqliteStore::open(&path, clock(), Access::Serve).await.map(drop);
    assert!(missing.unwrap_err().to_string().contains("payonce migrate"));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE other (x)").unwrap();
    let refused = SqliteStore::open(&path, clock(), Access::Serve).await.map(drop);
    assert!(refused.unwrap_err().to_string().contains("payonce migrate"));
    let names: Vec<_> = pending(&Target::Sqlite(path.clone())).await.unwrap();
    assert_eq!(names.len(), 4);
    migrated(&path).await;
    assert_eq!(pending(&Target::Sqlite(path.clone())).await, Ok(vec![]));
    assert_eq!(migrate(&Target::Sqlite(path.clone())).await, Ok(vec![]));
    SqliteStore::open(&path, clock(), Access::Serve).await.unwrap();
}

#[tokio::test]
async fn pending_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    assert_eq!(pending(&Target::Sqlite(path.clone())).await.unwrap().len(), 4);
    assert!(!path.exists());
}

#[tokio::test]
async fn an_altered_or_newer_schema_is_refused() {
    let changes = [
        ("UPDATE schema_migrations SET checksum = 'x' WHERE number = 1", "another text"),
        ("INSERT INTO schema_migrations VALUES (99, '0099_later', 'x', 0)", "newer program"),
    ];
    for (sql, told) in changes {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("books.db");
        migrated(&path).await;
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let refused = SqliteStore::open(&path, clock(), Access::Serve).await.map(drop);
        assert!(refused.unwrap_err().to_string().contains(told));
        let refused = migrate(&Target::Sqlite(path.clone())).await;
        assert!(refused.unwrap_err().to_string().contains(told));
    }
}

#[tokio::test]
async fn a_file_without_a_write_ahead_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    migrated(&path).await;
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA journal_mode = DELETE")
        .unwrap();
    for access in [Access::Read, Access::Serve] {
        let refused = SqliteStore::open(&path, clock(), access).await.map(drop);
        assert!(matches!(refused, Err(OpenError::WeakSetting { setting: "journal_mode", .. })));
    }
    migrate(&Target::Sqlite(path.clone())).await.unwrap();
    SqliteStore::open(&path, clock(), Access::Serve).await.expect("migrating turns it on");
}
