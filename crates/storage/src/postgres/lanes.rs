//! The connections of a store: lanes that one transaction has to itself, and shared ones.

use std::{ops::Deref, sync::Arc, time::Duration};

use parking_lot::Mutex;
use payonce_ports::store::StoreError;
use tokio::sync::{Mutex as AsyncMutex, Semaphore, SemaphorePermit};

use super::connection::{Connection, Role, connect};

/// Committer lanes. Each is opened when it is first needed.
#[derive(Debug)]
pub(crate) struct Lanes {
    url: String,
    deadline: Duration,
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Lanes {
    /// This many lanes, none of them open yet.
    pub(crate) fn new(url: &str, count: usize, deadline: Duration) -> Self {
        let free = Semaphore::new(count.max(1));
        Self { url: url.to_owned(), deadline, free, idle: Mutex::new(Vec::new()) }
    }

    /// The next free lane; waits for one in the order of asking.
    pub(crate) async fn take(&self) -> Result<Lane<'_>, StoreError> {
        let permit = self
            .free
            .acquire()
            .await
            .map_err(|closed| StoreError::Unavailable(closed.to_string()))?;
        let idle = self.idle.lock().pop().filter(|connection| !connection.is_closed());
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.url, Role::Write, self.deadline).await?,
        };
        Ok(Lane { connection: Some(connection), lanes: self, _permit: permit })
    }
}

/// A lane in use. Dropped without [`Lane::give_back`], its connection is cut: whatever it was in
/// the middle of, the server rolls back.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    connection: Option<Connection>,
    lanes: &'a Lanes,
    _permit: SemaphorePermit<'a>,
}

impl Lane<'_> {
    /// Keeps the connection for the next one. Only outside of a transaction.
    pub(crate) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.lanes.idle.lock().push(connection);
        }
    }

    /// The connection.
    pub(crate) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection
            .as_ref()
            .ok_or_else(|| StoreError::Unavailable("lane was given back".to_owned()))
    }
}

/// A connection that many callers use at once, none of them for a transaction.
#[derive(Debug)]
pub(crate) struct Shared {
    url: String,
    role: Role,
    deadline: Duration,
    connection: AsyncMutex<Option<Arc<Connection>>>,
}

impl Shared {
    /// A connection that is not open yet.
    pub(crate) fn new(url: &str, role: Role, deadline: Duration) -> Self {
        Self { url: url.to_owned(), role, deadline, connection: AsyncMutex::new(None) }
    }

    /// Runs `work` on it within the deadline. `late` says what a missed deadline means.
    ///
    /// A connection that failed or was late is not used again: others that use it finish or fail
    /// on their own.
    pub(crate) async fn run<T>(
        &self,
        late: fn(String) -> StoreError,
        work: impl AsyncFnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.get().await?;
        let done = tokio::time::timeout(self.deadline, work(&connection)).await;
        let done = done.unwrap_or_else(|_| Err(late("no answer within the deadline".to_owned())));
        if let Err(StoreError::Unavailable(_) | StoreError::InDoubt(_)) = done {
            self.forget(&connection).await;
        }
        done
    }

    /// The open connection; the first caller opens it while the others wait.
    async fn get(&self) -> Result<Arc<Connection>, StoreError> {
        let mut slot = self.connection.lock().await;
        if let Some(connection) = slot.deref().as_ref().filter(|open| !open.is_closed()) {
            return Ok(Arc::clone(connection));
        }
        let connection = Arc::new(connect(&self.url, self.role, self.deadline).await?);
        *slot = Some(Arc::clone(&connection));
        Ok(connection)
    }

    async fn forget(&self, failed: &Arc<Connection>) {
        let mut slot = self.connection.lock().await;
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(current, failed)) {
            *slot = None;
        }
    }
}
