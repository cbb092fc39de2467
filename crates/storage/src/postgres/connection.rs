//! One connection: opened with our settings, distrusted, every statement prepared once.
//!
//! A statement is sent when its future is first polled, so futures that are joined travel
//! together and the server runs them in the order in which they were joined. That holds because
//! nothing is prepared on the way: a statement that `connect` did not prepare is an error.

use std::{collections::HashMap, str::FromStr, time::Duration};

use futures_util::future::try_join_all;
use payonce_ports::store::StoreError;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls, Row, Statement, types::ToSql};

use super::{
    access, attempts, audit,
    errors::{failed, failed_commit, told},
    findings, fulfilments, holds, idempotency, incidents, journal, obligations, orders, payments,
    postings, products, reconciliation_turns, reconciliations, refunds, sales, transact,
};
use crate::open::OpenError;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Changes rows by their keys. Plans are made once and always use an index: the planner's
    /// guess about a table that was empty when it planned would be a scan of all sales.
    Write,
    /// Reads by keys, shared by many callers.
    Read,
    /// Reads the whole books.
    Check,
}

impl Role {
    fn options(self, within: Duration) -> String {
        let timeout = within.as_millis();
        let guards = format!(
            "-c statement_timeout={timeout} -c idle_in_transaction_session_timeout={timeout} \
             -c client_connection_check_interval=1000"
        );
        match self {
            Self::Check => guards,
            Self::Read | Self::Write => format!(
                "{guards} -c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
                 -c enable_hashjoin=off -c enable_mergejoin=off"
            ),
        }
    }
}

/// A connection and its prepared statements. Dropping it cuts it off at once.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    statements: HashMap<&'static str, Statement>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Every statement, file by file.
const CATALOGUE: &[&[&str]] = &[
    access::STATEMENTS,
    attempts::STATEMENTS,
    audit::STATEMENTS,
    findings::STATEMENTS,
    fulfilments::STATEMENTS,
    holds::STATEMENTS,
    idempotency::STATEMENTS,
    incidents::STATEMENTS,
    journal::STATEMENTS,
    obligations::STATEMENTS,
    orders::STATEMENTS,
    payments::STATEMENTS,
    postings::STATEMENTS,
    products::STATEMENTS,
    reconciliation_turns::STATEMENTS,
    reconciliations::STATEMENTS,
    refunds::STATEMENTS,
    sales::STATEMENTS,
    transact::STATEMENTS,
];

/// Opens a connection and prepares every statement; the whole within the deadline.
pub(crate) async fn connect(
    url: &str,
    role: Role,
    within: Duration,
) -> Result<Connection, StoreError> {
    let opening = async {
        let mut connection = connect_bare(url, &role.options(within)).await?;
        let sql = CATALOGUE.iter().copied().flatten().copied();
        let prepared = try_join_all(sql.map(|sql| {
            let client = &connection.client;
            async move { client.prepare(sql).await.map(|statement| (sql, statement)) }
        }))
        .await
        .map_err(failed)?;
        connection.statements = prepared.into_iter().collect();
        Ok(connection)
    };
    tokio::time::timeout(within, opening)
        .await
        .map_err(|_| StoreError::Unavailable("connecting took too long".to_owned()))?
}

/// Opens a connection on which nothing is prepared.
pub(crate) async fn connect_bare(url: &str, options: &str) -> Result<Connection, StoreError> {
    let mut config = Config::from_str(url)
        .map_err(|error| StoreError::Unavailable(format!("bad connection string: {error}")))?;
    let given = config.get_options().map(|given| format!("{given} {options}"));
    config.options(given.unwrap_or_else(|| options.to_owned()));
    if config.get_application_name().is_none() {
        config.application_name("payonce");
    }
    let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(db.error = told(&error), "database connection ended");
        }
    });
    Ok(Connection { client, statements: HashMap::new(), driver })
}

impl Connection {
    /// Whether it is known to be cut.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a statement that returns rows.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        self.client.query(self.statement(sql)?, parameters).await.map_err(failed)
    }

    /// Runs a statement and counts the rows that it touched.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        self.client.execute(self.statement(sql)?, parameters).await.map_err(failed)
    }

    /// Runs a statement that writes and is a transaction of its own.
    pub(crate) async fn query_alone(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        self.client.query(self.statement(sql)?, parameters).await.map_err(failed_commit)
    }

    /// Runs a statement that writes and is a transaction of its own, and counts rows.
    pub(crate) async fn execute_alone(
        &self,
        sql: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        self.client.execute(self.statement(sql)?, parameters).await.map_err(failed_commit)
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<(), StoreError> {
        self.client.batch_execute("BEGIN").await.map_err(failed)
    }

    /// Commits. Call it only when every statement before it was seen to succeed: after a failed
    /// one PostgreSQL answers a commit with a silent rollback.
    pub(crate) async fn commit(&self) -> Result<(), StoreError> {
        self.client.batch_execute("COMMIT").await.map_err(failed_commit)
    }

    /// Ends a transaction as if it had never been.
    pub(crate) async fn roll_back(&self) -> Result<(), StoreError> {
        self.client.batch_execute("ROLLBACK").await.map_err(failed)
    }

    /// The client itself, for statements that are not in the catalogue.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    fn statement(&self, sql: &'static str) -> Result<&Statement, StoreError> {
        self.statements
            .get(sql)
            .ok_or_else(|| StoreError::Unavailable(format!("not in the catalogue: {sql}")))
    }
}

/// Settings under which acknowledged commits can be lost.
const DURABLE: &[(&str, &str)] = &[
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("synchronous_commit", "on, local, remote_write or remote_apply"),
];

/// Refuses a server that would lose acknowledged orders.
pub(crate) async fn refuse_weak_settings(connection: &Connection) -> Result<(), OpenError> {
    for &(setting, needed) in DURABLE {
        let row = connection
            .client
            .query_one("SELECT current_setting($1)", &[&setting])
            .await
            .map_err(|error| OpenError::unreachable("PostgreSQL", told(&error)))?;
        let found: String = row.get(0);
        if found == "off" {
            return Err(OpenError::WeakSetting { setting, found, needed });
        }
    }
    Ok(())
}

/// One column of a bulk statement's parameters.
pub(crate) fn column<'r, R, T>(rows: &'r [R], cell: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(cell).collect()
}
