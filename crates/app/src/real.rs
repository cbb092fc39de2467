//! The real clock and the real chance: the only place that has them.

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use parking_lot::Mutex;
use payonce_domain::time::Timestamp;
use payonce_ports::{clock::Clock, entropy::Entropy};

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

/// Where spans are counted from.
#[expect(clippy::disallowed_methods, reason = "this is the real clock behind ports::Clock")]
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the real clock behind ports::Clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic_micros(&self) -> i64 {
        i64::try_from(START.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the real clock behind ports::Clock")]
    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

/// Unpredictable numbers: ChaCha-free and fast, seeded by the operating system.
#[derive(Debug)]
pub(crate) struct OsEntropy(Mutex<fastrand::Rng>);

impl OsEntropy {
    /// A generator with a seed of its own.
    #[expect(clippy::disallowed_methods, reason = "this is the real chance behind ports::Entropy")]
    pub(crate) fn new() -> Self {
        Self(Mutex::new(fastrand::Rng::new()))
    }
}

impl Entropy for OsEntropy {
    fn number(&self) -> u64 {
        self.0.lock().u64(..)
    }
}
