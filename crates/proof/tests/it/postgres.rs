//! The one PostgreSQL cluster of this test binary. A test borrows a database and empties it for
//! each of its worlds, which is quicker than making one.

use std::sync::OnceLock;

use payonce_storage::Target;
use payonce_testbed::Cluster;

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// Cuts off what an earlier world left connected, and empties every table but the record of migrations,
/// past the triggers that keep some tables append-only.
const EMPTY: &str = "
SET session_replication_role = replica;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$
DECLARE names TEXT;
BEGIN
    SELECT string_agg(format('%I', tablename), ', ') INTO names FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'schema_migrations';
    EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE';
END $$";

/// A migrated database that only one test uses.
pub(crate) struct Database {
    cluster: &'static Cluster,
    url: String,
}

impl Database {
    /// Its URL, after everything in it was removed.
    pub(crate) fn emptied(&self) -> &str {
        let name = self.url.rsplit('/').next().expect("a database's name");
        self.cluster.sql(name, EMPTY);
        &self.url
    }
}

/// A database for one test.
pub(crate) fn database() -> Database {
    let cluster = CLUSTER.get_or_init(start);
    Database { cluster, url: cluster.fresh_database() }
}

fn start() -> Cluster {
    let cluster = Cluster::start_in_memory();
    let target = Target::Postgres(cluster.template_database());
    let migrating = std::thread::spawn(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(payonce_storage::migrate(&target)).expect("migrated");
    });
    migrating.join().expect("the template is migrated");
    cluster
}
