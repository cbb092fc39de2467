//! A breaker that many callers use at once.
//!
//! The lock is held for a handful of additions and never while anything is awaited or logged.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::core::Breaker;
use super::event::{Event, Metrics};
use super::permit::{Admission, Outcome, Permit, PermitKind, Refusal};
use super::settings::Settings;
use super::state::{IllegalMove, State};
use crate::{Chance, Moment};

/// A [`Breaker`] behind a lock; clones are the same breaker.
#[derive(Debug, Clone)]
pub struct SharedBreaker {
    inner: Arc<Mutex<Breaker>>,
}

/// A [`Permit`] that cannot be lost: dropped without an outcome, it is released.
///
/// That is what a cancelled caller does without knowing it.
#[derive(Debug)]
#[must_use = "dropping it releases it without an outcome"]
pub struct Guard {
    inner: Arc<Mutex<Breaker>>,
    permit: Option<Permit>,
}

impl SharedBreaker {
    /// A closed breaker that has seen nothing.
    pub fn new(settings: Settings) -> Self {
        Self { inner: Arc::new(Mutex::new(Breaker::new(settings))) }
    }

    /// See [`Breaker::acquire`].
    pub fn acquire(&self, now: Moment, chance: Chance) -> Admission<Guard> {
        let Admission { answer, events } = self.inner.lock().acquire(now, chance);
        let guarded = |permit| Guard { inner: Arc::clone(&self.inner), permit: Some(permit) };
        Admission { answer: answer.map(guarded), events }
    }

    /// See [`Breaker::refusal`].
    pub fn refusal(&self, now: Moment) -> Option<Refusal> {
        self.inner.lock().refusal(now)
    }

    /// See [`Breaker::tick`].
    pub fn tick(&self, now: Moment) -> Vec<Event> {
        self.inner.lock().tick(now)
    }

    /// See [`Breaker::move_to`].
    pub fn move_to(&self, to: State, now: Moment) -> Result<Event, IllegalMove> {
        self.inner.lock().move_to(to, now)
    }

    /// See [`Breaker::reconfigure`].
    pub fn reconfigure(&self, settings: Settings, now: Moment) -> Vec<Event> {
        self.inner.lock().reconfigure(settings, now)
    }

    /// See [`Breaker::metrics`].
    pub fn metrics(&self, now: Moment) -> Metrics {
        self.inner.lock().metrics(now)
    }

    /// See [`Breaker::state`].
    pub fn state(&self) -> State {
        self.inner.lock().state()
    }
}

impl Guard {
    /// What the call's outcome will be used for.
    pub fn kind(&self) -> PermitKind {
        self.permit.as_ref().map_or(PermitKind::Unmeasured, Permit::kind)
    }

    /// See [`Breaker::record`].
    pub fn record(mut self, outcome: Outcome, elapsed: Duration, now: Moment) -> Vec<Event> {
        match self.permit.take() {
            Some(permit) => self.inner.lock().record(permit, outcome, elapsed, now),
            None => Vec::new(),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.inner.lock().release(permit);
        }
    }
}
