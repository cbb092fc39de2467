//! The one PostgreSQL cluster of this test binary, with a database for each world.

use std::sync::OnceLock;

use payonce_storage::Target;
use payonce_testbed::Cluster;

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// The URL of a migrated database that nobody else has.
pub(crate) fn fresh_database() -> String {
    CLUSTER.get_or_init(start).fresh_database()
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
