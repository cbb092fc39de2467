//! Chance as a port, so that a run can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};

use payonce_domain::ids::{STRIDE, mixed};

/// Where random numbers come from.
pub trait Entropy: Send + Sync + 'static {
    /// The next 64 unpredictable bits.
    fn number(&self) -> u64;
}

/// Chance that is the same in every run: for tests and replays, never for money in production.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn number(&self) -> u64 {
        mixed(self.0.fetch_add(STRIDE, Ordering::Relaxed).wrapping_add(STRIDE))
    }
}
