//! Waiting for an order to change: by notice within this process, by reading for all others.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use payonce_domain::{ids::OrderId, sale::Sale};
use payonce_ports::store::StoreError;
use tokio::sync::Notify;

use crate::Engine;

/// Another process may have changed the order: read at least this often.
const READ_EVERY: Duration = Duration::from_millis(250);

/// Who waits for which order.
#[derive(Debug, Default)]
pub struct Waiters(Mutex<BTreeMap<OrderId, Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    notify: Arc<Notify>,
    count: usize,
}

impl Waiters {
    /// Tells everybody in this process who waits for this order.
    pub(crate) fn changed(&self, id: OrderId) {
        if let Some(waiting) = self.0.lock().get(&id) {
            waiting.notify.notify_waiters();
        }
    }

    fn join(&self, id: OrderId) -> Arc<Notify> {
        let mut map = self.0.lock();
        let waiting = map.entry(id).or_default();
        waiting.count += 1;
        Arc::clone(&waiting.notify)
    }

    fn leave(&self, id: OrderId) {
        let mut map = self.0.lock();
        if let Some(waiting) = map.get_mut(&id) {
            waiting.count -= 1;
            if waiting.count == 0 {
                map.remove(&id);
            }
        }
    }
}

struct Leaving<'a>(&'a Waiters, OrderId);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

impl Engine {
    /// The order as it is once `enough` says so, or as it is after `at_most`.
    pub async fn wait_for(
        &self,
        id: OrderId,
        at_most: Duration,
        enough: impl Fn(&Sale) -> bool + Send,
    ) -> Result<Option<Sale>, StoreError> {
        let clock = &self.parts.clock;
        let started = clock.monotonic_micros();
        let notify = self.waiters.join(id);
        let _leaving = Leaving(&self.waiters, id);
        loop {
            let noticed = notify.notified();
            tokio::pin!(noticed);
            noticed.as_mut().enable();
            let sale = self.parts.store.sale(id).await?;
            let waited = u64::try_from(clock.monotonic_micros() - started).unwrap_or(0);
            let left = at_most.saturating_sub(Duration::from_micros(waited));
            if sale.as_ref().is_none_or(&enough) || left.is_zero() || self.is_stopping() {
                return Ok(sale);
            }
            tokio::select! {
                () = noticed => {}
                () = clock.sleep(left.min(READ_EVERY)) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }
}
