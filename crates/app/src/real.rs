//! The real clock and the real chance: the only place that has them.

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
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

/// Unpredictable numbers, for secrets and keys as well as for ids: whoever sees some of them, as
/// buyers do in the ids of their orders, learns nothing of the others.
#[derive(Debug)]
pub(crate) struct OsEntropy;

impl OsEntropy {
    /// The machine's chance.
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Entropy for OsEntropy {
    #[expect(clippy::expect_used, reason = "without chance every secret and id would be known")]
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes).expect("chance");
        u64::from_ne_bytes(bytes)
    }
}
