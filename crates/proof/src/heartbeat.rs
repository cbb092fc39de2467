//! A heartbeat that keeps a paused runtime looking at its clock.
//!
//! Tokio's paused time does not move while a blocking task runs, and a runtime that has parked by
//! then waits in real time for its next timer. Waking it often makes it look again at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

/// Beats until it is dropped.
#[derive(Debug)]
pub struct Heartbeat(Arc<AtomicBool>);

impl Heartbeat {
    /// Starts beating for the runtime it is called in.
    pub fn start() -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let beat = Arc::new(Notify::new());
        let (ends, beats) = (Arc::clone(&stopped), Arc::clone(&beat));
        std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "real time is what must not stand still"
                )]
                std::thread::sleep(Duration::from_micros(100));
                beats.notify_one();
            }
        });
        let ends = Arc::clone(&stopped);
        tokio::spawn(async move {
            while !ends.load(Ordering::Relaxed) {
                beat.notified().await;
            }
        });
        Self(stopped)
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
