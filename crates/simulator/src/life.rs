//! One life of a gateway: what it does for a caller ends with the gateway, not with the caller.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Everything a gateway runs between its start and its end. Clones are handles to the same one.
#[derive(Clone, Default)]
pub(crate) struct Life {
    ending: CancellationToken,
    tasks: TaskTracker,
}

impl Life {
    /// Runs until it is done or the gateway ends; `None` is the latter. Dropping the caller
    /// cancels nothing.
    pub(crate) async fn outlive<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let ending = self.ending.clone();
        let task = self.tasks.spawn(async move { ending.run_until_cancelled(work).await });
        task.await.ok().flatten()
    }

    /// Starts something that nobody waits for; it ends with the gateway.
    pub(crate) fn start_aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        let ending = self.ending.clone();
        self.tasks.spawn(async move { ending.run_until_cancelled(work).await });
    }

    /// Ends everything at once; nothing is carried over.
    pub(crate) fn end(&self) {
        self.ending.cancel();
    }

    /// Waits until nothing runs any more.
    pub(crate) async fn wait(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
