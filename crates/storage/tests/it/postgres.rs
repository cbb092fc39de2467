//! The suite on PostgreSQL: each story has a database of its own in one cluster.

use std::sync::Arc;

use async_trait::async_trait;
use payonce_ports::{clock::MovedClock, store::Store};
use payonce_storage::{
    PostgresSettings, PostgresStore, Target, migrate,
    suite::{Books, samples::START},
};
use payonce_testbed::Cluster;
use tokio::sync::OnceCell;

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The cluster of this test binary, with a migrated template.
pub(crate) async fn cluster() -> &'static Cluster {
    CLUSTER
        .get_or_init(|| async {
            let cluster = Cluster::start();
            let url = cluster.template_database();
            migrate(&Target::Postgres(url)).await.unwrap();
            cluster
        })
        .await
}

struct Database {
    url: String,
    clock: MovedClock,
}

async fn fresh() -> Database {
    Database { url: cluster().await.fresh_database(), clock: MovedClock::at(START) }
}

#[async_trait]
impl Books for Database {
    async fn store(&self) -> Arc<dyn Store> {
        let clock = Some(Arc::new(self.clock.clone()) as _);
        let settings = PostgresSettings { lanes: 3, ..PostgresSettings::default() };
        Arc::new(PostgresStore::open(&self.url, settings, clock).await.unwrap())
    }

    fn clock(&self) -> &MovedClock {
        &self.clock
    }

    async fn try_sql(&self, sql: &str) -> Result<(), String> {
        let name = self.url.rsplit('/').next().unwrap();
        cluster().await.try_sql(name, sql).map(drop)
    }

    async fn lose_updates(&self, table: &str) {
        self.run_sql(&format!(
            "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
             CREATE TRIGGER lost BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION lose()"
        ))
        .await;
    }
}

crate::every_story!(fresh);
