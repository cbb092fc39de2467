//! Time as a port: what it is, and waiting for it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use payonce_domain::time::Timestamp;
use tokio::sync::watch;

/// Where moments come from. `app` owns the real one; tests move theirs.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC. May step when the machine's clock is set: never used to measure a span.
    fn now(&self) -> Timestamp;

    /// Microseconds since some fixed start; never steps back. For spans: deadlines, latencies.
    fn monotonic_micros(&self) -> i64;

    /// Waits this long.
    async fn sleep(&self, wait: Duration);
}

/// A clock that stands still until it is moved.
#[derive(Debug, Clone)]
pub struct MovedClock {
    micros: Arc<watch::Sender<i64>>,
}

impl MovedClock {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { micros: Arc::new(watch::Sender::new(start.micros())) }
    }

    /// Moves the time on; everybody whose wait is over goes on.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.micros.send_modify(|micros| *micros = micros.saturating_add(by));
    }
}

#[async_trait]
impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(*self.micros.borrow())
    }

    fn monotonic_micros(&self) -> i64 {
        *self.micros.borrow()
    }

    async fn sleep(&self, wait: Duration) {
        let until = self.now().after(wait).micros();
        let mut seen = self.micros.subscribe();
        // The sender lives in `self`, so waiting cannot fail while we wait.
        let _moved = seen.wait_for(|micros| *micros >= until).await;
    }
}
