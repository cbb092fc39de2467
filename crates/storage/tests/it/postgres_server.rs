//! What is true of a PostgreSQL server: who may use it, and what its failures mean.

use std::{sync::Arc, time::Duration};

use payonce_domain::ids::ProductId;
use payonce_ports::store::{Keys, Store, StoreError};
use payonce_storage::{
    OpenError, PostgresSettings, PostgresStore, Target, migrate, pending,
    suite::{add, samples::Samples, transact},
};
use payonce_testbed::Cluster;

use crate::postgres::cluster;

async fn open(url: &str, deadline: Duration) -> PostgresStore {
    let settings = PostgresSettings { deadline, ..PostgresSettings::default() };
    PostgresStore::open(url, settings, None).await.unwrap()
}

/// A cluster that a test may stop, with a migrated database.
async fn own_cluster() -> (Cluster, String) {
    let cluster = Cluster::start();
    let url = cluster.template_database();
    migrate(&Target::Postgres(url.clone())).await.unwrap();
    (cluster, url)
}

async fn take_one(store: &dyn Store, id: ProductId) -> Result<(), StoreError> {
    let keys = Keys { products: [id].into(), ..Keys::default() };
    transact(store, keys, move |world| world.products.get_mut(&id).unwrap().available -= 1).await
}

async fn available(store: &dyn Store, id: ProductId) -> i64 {
    store.product(id).await.unwrap().unwrap().available
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unmigrated_database_is_refused_and_told_what_to_do() {
    let cluster = cluster().await;
    cluster.sql("postgres", "CREATE DATABASE unmigrated TEMPLATE template1");
    let url = cluster.url("unmigrated");
    let settings = PostgresSettings::default();
    let refused = PostgresStore::open(&url, settings.clone(), None).await.map(drop);
    assert!(refused.unwrap_err().to_string().contains("payonce migrate"));
    let target = Target::Postgres(url.clone());
    assert_eq!(pending(&target).await.unwrap().len(), 4);
    // Two at once: one works, the other waits and finds nothing to do.
    let (one, two) = tokio::join!(migrate(&target), migrate(&target));
    assert_eq!(one.unwrap().len() + two.unwrap().len(), 4);
    assert_eq!(pending(&target).await, Ok(vec![]));
    PostgresStore::open(&url, settings, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_or_newer_schema_is_refused() {
    let changes = [
        ("UPDATE schema_migrations SET checksum = 'x' WHERE number = 1", "another text"),
        ("INSERT INTO schema_migrations VALUES (99, '0099_later', 'x', 0)", "newer program"),
    ];
    for (sql, told) in changes {
        let url = cluster().await.fresh_database();
        cluster().await.sql(url.rsplit('/').next().unwrap(), sql);
        let refused = PostgresStore::open(&url, PostgresSettings::default(), None).await.map(drop);
        assert!(refused.unwrap_err().to_string().contains(told));
        let refused = migrate(&Target::Postgres(url)).await;
        assert!(refused.unwrap_err().to_string().contains(told));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_would_lose_orders_is_refused() {
    let url = cluster().await.fresh_database();
    let name = url.rsplit('/').next().unwrap();
    let sql = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    cluster().await.sql("postgres", &sql);
    let refused = PostgresStore::open(&url, PostgresSettings::default(), None).await.map(drop);
    assert!(matches!(refused, Err(OpenError::WeakSetting { setting: "synchronous_commit", .. })));

    for setting in ["fsync", "full_page_writes"] {
        let cluster = Cluster::start_with(&[&format!("{setting}=off")]);
        let url = cluster.url("postgres");
        let refused = PostgresStore::open(&url, PostgresSettings::default(), None).await.map(drop);
        let OpenError::WeakSetting { setting: named, .. } = refused.unwrap_err() else {
            panic!("{setting}=off was not refused for what it is");
        };
        assert_eq!(named, setting);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_is_the_databases_own() {
    let url = cluster().await.fresh_database();
    let store = open(&url, Duration::from_secs(5)).await;
    let first = transact(&store, Keys::default(), |world| world.now).await.unwrap();
    let second = transact(&store, Keys::default(), |world| world.now).await.unwrap();
    let told = cluster().await.sql("postgres", "SELECT EXTRACT(EPOCH FROM now())::BIGINT");
    let told: i64 = told.trim().parse().unwrap();
    assert!(second > first);
    assert!((first.micros() / 1_000_000 - told).abs() <= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_is_unavailable_and_a_restarted_one_works_again() {
    let (cluster, url) = own_cluster().await;
    let store = open(&url, Duration::from_secs(2)).await;
    let mut samples = Samples::new(60);
    let product = samples.product(10);
    let id = product.id;
    add(&store, move |world| drop(world.products.insert(id, product))).await;
    take_one(&store, id).await.unwrap();

    cluster.stop();
    for _ in 0..3 {
        let refused = take_one(&store, id).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        let refused = store.product(id).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert!(store.ping().await.is_err());
        assert!(store.claim(1, Duration::from_secs(1)).await.is_err());
    }
    cluster.restart();
    take_one(&store, id).await.unwrap();
    assert_eq!(available(&store, id).await, 8);

    // Cut while a decision is being made: the rows were locked, nothing was committed.
    let keys = Keys { products: [id].into(), ..Keys::default() };
    let cluster = Arc::new(cluster);
    let cut = Arc::clone(&cluster);
    let refused = transact(&store, keys, move |world| {
        world.products.get_mut(&id).unwrap().available -= 1;
        cut.crash();
    })
    .await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    cluster.restart();
    assert_eq!(available(&store, id).await, 8);
    take_one(&store, id).await.unwrap();
    assert_eq!(available(&store, id).await, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_is_in_doubt() {
    let (cluster, url) = own_cluster().await;
    let store = open(&url, Duration::from_secs(2)).await;
    let mut samples = Samples::new(61);
    let product = samples.product(10);
    let id = product.id;
    add(&store, move |world| drop(world.products.insert(id, product))).await;

    // A standby that never answers: the commit is on this disk and waits for the other one.
    cluster.sql("template_books", "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    cluster.sql("template_books", "SELECT pg_reload_conf()");
    let mut taken = 0;
    let doubted = loop {
        // The reload reaches the server's processes in its own time.
        match take_one(&store, id).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 10, "the standby was never waited for");
    };
    assert!(matches!(doubted, StoreError::InDoubt(_)), "{doubted:?}");
    assert_eq!(available(&store, id).await, 10 - taken, "not seen as long as it waits");
    let behind = take_one(&store, id).await;
    assert!(matches!(behind, Err(StoreError::Unavailable(_))), "its row is locked: {behind:?}");

    cluster.sql("template_books", "ALTER SYSTEM RESET synchronous_standby_names");
    cluster.sql("template_books", "SELECT pg_reload_conf()");
    while let Err(error) = take_one(&store, id).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    assert_eq!(available(&store, id).await, 10 - taken - 2, "the commit in doubt had happened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_is_not_given_up_is_unavailable_within_the_deadline() {
    let url = cluster().await.fresh_database();
    let store = Arc::new(open(&url, Duration::from_secs(1)).await);
    let patient = open(&url, Duration::from_secs(30)).await;
    let mut samples = Samples::new(62);
    let product = samples.product(10);
    let id = product.id;
    add(&*store, move |world| drop(world.products.insert(id, product))).await;
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let holding = tokio::spawn(async move {
        let keys = Keys { products: [id].into(), ..Keys::default() };
        transact(&patient, keys, move |world| {
            locked.send(()).unwrap();
            world.products.get_mut(&id).unwrap().available -= 1;
            may_go_on.recv().unwrap();
        })
        .await
    });
    tokio::task::spawn_blocking(move || is_locked.recv().unwrap()).await.unwrap();
    let refused = take_one(&*store, id).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    go_on.send(()).unwrap();
    holding.await.unwrap().unwrap();
    take_one(&*store, id).await.unwrap();
    assert_eq!(available(&*store, id).await, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_found_by_an_index_also_in_a_table_that_was_empty_when_planned() {
    let url = cluster().await.fresh_database();
    let store = open(&url, Duration::from_secs(5)).await;
    let mut samples = Samples::new(63);
    let product = samples.product(1_000_000);
    let id = product.id;
    add(&store, move |world| drop(world.products.insert(id, product.clone()))).await;
    let name = url.rsplit('/').next().unwrap();
    let product = store.product(id).await.unwrap().unwrap();
    for _ in 0..20 {
        let sales: Vec<_> = (0..50).map(|_| samples.sale(&product)).collect();
        let ids: Vec<_> = sales.iter().map(|sale| sale.order.id).collect();
        add(&store, move |world| {
            world.sales = sales.into_iter().map(|sale| (sale.order.id, sale)).collect();
        })
        .await;
        let keys = Keys { orders: ids.into_iter().collect(), ..Keys::default() };
        transact(&store, keys, |world| {
            for sale in world.sales.values_mut() {
                sale.obligations[0].tries += 1;
                sale.payment.state = payonce_domain::payment::PaymentState::Unresolved;
            }
        })
        .await
        .unwrap();
    }
    let page = store.unresolved(None, 10).await.unwrap();
    let look_ups: Vec<_> = page.iter().map(|sale| (sale.attempts[0].id, Duration::ZERO)).collect();
    assert_eq!(look_ups.len(), 10);
    store.appoint(&look_ups).await.unwrap();
    store.claim(10, Duration::from_secs(30)).await.unwrap();
    drop(store);
    // Connections tell the statistics what they did when they end.
    let mut scans = String::new();
    for _ in 0..40 {
        scans = cluster().await.sql(
            name,
            "SELECT relname, seq_scan FROM pg_stat_user_tables
             WHERE relname <> 'schema_migrations' AND idx_scan + n_tup_ins > 0
             ORDER BY relname",
        );
        if scans.contains("obligations|") {
            break;
        }
    }
    for table in ["orders", "payments", "attempts", "holds", "refunds", "obligations"] {
        let scanned = scans
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{table}|")))
            .unwrap_or_else(|| panic!("no statistics of {table}: {scans}"));
        assert_eq!(scanned, "0", "{table} was read whole: {scans}");
    }
}
