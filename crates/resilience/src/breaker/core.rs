//! The decision: who may call, what an outcome changes, what time changes.
//!
//! No lock, clock or log. One breaker serves one gateway and one operation.

use std::time::Duration;

use super::event::{Event, Metrics, Reason, Totals};
use super::permit::{Admission, Outcome, Permit, PermitKind, Refusal};
use super::phase::Phase;
use super::settings::{Settings, Span};
use super::state::{IllegalMove, State};
use super::window::Window;
use crate::{Chance, Moment};

/// A breaker without a lock; [`SharedBreaker`](super::SharedBreaker) is one with.
#[derive(Debug)]
pub struct Breaker {
    settings: Settings,
    phase: Phase,
    /// Grows with every move; a permit of another generation is stale.
    generation: u64,
    /// Times it opened since it was last closed: the attempt number of the open wait.
    openings: u32,
    /// Closed and metrics-only: the span. Half-open: the probes. Otherwise as it was before.
    window: Window,
    totals: Totals,
    /// The latest draw: it jitters the next open wait.
    chance: Chance,
}

impl Breaker {
    /// A closed breaker that has seen nothing.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            phase: Phase::Closed,
            generation: 0,
            openings: 0,
            window: Window::new(settings.span),
            totals: Totals::default(),
            chance: Chance::LEAST,
        }
    }

    /// Where it stands. Time alone moves it only in [`acquire`](Self::acquire) and
    /// [`tick`](Self::tick).
    pub const fn state(&self) -> State {
        self.phase.state()
    }

    /// What it was told.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A permit for one call, or at once the answer that there is none.
    pub fn acquire(&mut self, now: Moment, chance: Chance) -> Admission {
        self.chance = chance;
        let events = self.tick(now);
        let answer = match self.admit(now) {
            Ok(kind) => Ok(Permit { generation: self.generation, kind, admitted_at: now }),
            Err(retry_after) => {
                self.totals.not_permitted += 1;
                Err(Refusal { state: self.state(), retry_after })
            }
        };
        Admission { answer, events }
    }

    /// What [`acquire`](Self::acquire) would refuse with now, without asking for a permit: for
    /// callers who must know before they set anything aside for the call.
    pub fn refusal(&self, now: Moment) -> Option<Refusal> {
        let retry_after = match &self.phase {
            Phase::Closed | Phase::MetricsOnly { .. } | Phase::Disabled => return None,
            Phase::ForcedOpen => None,
            Phase::Open { until } if now >= *until => return None,
            Phase::Open { until } => Some(until.since(now)),
            Phase::HalfOpen(probing) => Some(probing.wait(self.settings.probe_limit, now)?),
        };
        Some(Refusal { state: self.state(), retry_after })
    }

    /// Takes in how a permitted call ended and how long it took.
    ///
    /// Judged at once: the call that reaches a limit is the one that opens.
    #[expect(clippy::needless_pass_by_value, reason = "a permit reports once")]
    pub fn record(
        &mut self,
        permit: Permit,
        outcome: Outcome,
        elapsed: Duration,
        now: Moment,
    ) -> Vec<Event> {
        let Permit { generation, kind, .. } = permit;
        if generation != self.generation {
            self.totals.stale += 1;
            return Vec::new();
        }
        if kind == PermitKind::Unmeasured {
            return Vec::new();
        }
        if let Phase::HalfOpen(probing) = &mut self.phase {
            probing.come_back();
        }
        let Some(failed) = self.weigh(outcome) else {
            self.note_full(now);
            return Vec::new();
        };
        self.window.record(failed, elapsed > self.settings.slow_after, now);
        if let Outcome::Busy { retry_after } = outcome
            && !self.state().is_held()
        {
            return vec![self.enter(State::Open, Reason::RetryAfter(retry_after), now)];
        }
        self.judge(now)
    }

    /// Takes back a permit whose call has no outcome: a probe's place is free again.
    pub fn release(&mut self, permit: Permit) {
        let now = permit.admitted_at;
        // A call without an outcome moves nothing, so there is nothing to tell.
        self.record(permit, Outcome::Cancelled, Duration::ZERO, now);
    }

    /// Does what only time does: an open wait ends, lost probes are given up.
    ///
    /// Asking for a permit does it too; ticking shows the change before the next call comes.
    pub fn tick(&mut self, now: Moment) -> Vec<Event> {
        let mut events = Vec::new();
        let limit = self.settings.probe_limit;
        if matches!(&self.phase, Phase::HalfOpen(probing) if probing.are_lost(limit, now)) {
            events.push(self.enter(State::Open, Reason::ProbesLost, now));
        }
        if matches!(self.phase, Phase::Open { until } if now >= until) {
            events.push(self.enter(State::HalfOpen, Reason::WaitOver, now));
        }
        events
    }

    /// Moves it by an operator's decision; moving to the same state starts that state afresh.
    pub fn move_to(&mut self, to: State, now: Moment) -> Result<Event, IllegalMove> {
        let from = self.state();
        if from.may_become(to) {
            Ok(self.enter(to, Reason::Operator, now))
        } else {
            Err(IllegalMove { from, to })
        }
    }

    /// Changes the settings of a running breaker, which keeps its state and what it remembers.
    ///
    /// What is remembered is judged by the new settings at once. A running open wait ends when
    /// it was going to.
    pub fn reconfigure(&mut self, settings: Settings, now: Moment) -> Vec<Event> {
        self.settings = settings;
        match self.phase {
            Phase::Closed | Phase::MetricsOnly { .. } => self.window.resize(settings.span),
            Phase::HalfOpen(_) => self.window.resize(Span::LastCalls(settings.probes)),
            Phase::Open { .. } | Phase::ForcedOpen | Phase::Disabled => {}
        }
        self.judge(now)
    }

    /// How it looks now.
    pub fn metrics(&mut self, now: Moment) -> Metrics {
        let counts = self.window.counts(now);
        let judged = counts.calls >= self.window.enough(self.settings.minimum_calls);
        Metrics {
            state: self.state(),
            counts,
            failure_rate: counts.failure_rate().filter(|_| judged),
            slow_rate: counts.slow_rate().filter(|_| judged),
            totals: self.totals,
        }
    }

    fn admit(&mut self, now: Moment) -> Result<PermitKind, Option<Duration>> {
        match &mut self.phase {
            Phase::Closed | Phase::MetricsOnly { .. } => Ok(PermitKind::Measured),
            Phase::Disabled => Ok(PermitKind::Unmeasured),
            Phase::ForcedOpen => Err(None),
            Phase::Open { until } => Err(Some(until.since(now))),
            Phase::HalfOpen(probing) => {
                if let Some(wait) = probing.wait(self.settings.probe_limit, now) {
                    return Err(Some(wait));
                }
                probing.leave();
                self.note_full(now);
                Ok(PermitKind::Probe)
            }
        }
    }

    /// Whether this is a failure of the gateway; nothing if it says nothing about the gateway.
    fn weigh(&mut self, outcome: Outcome) -> Option<bool> {
        match outcome {
            Outcome::Success => Some(false),
            Outcome::Failure | Outcome::Busy { .. } => Some(true),
            Outcome::Ignored => {
                self.totals.ignored += 1;
                None
            }
            Outcome::Cancelled => {
                self.totals.cancelled += 1;
                None
            }
        }
    }

    /// Opens, closes or announces, if what the window holds says so.
    fn judge(&mut self, now: Moment) -> Vec<Event> {
        let counts = self.window.counts(now);
        if counts.calls < self.window.enough(self.settings.minimum_calls) {
            self.note_full(now);
            return Vec::new();
        }
        let mut reached = self.settings.reached(counts);
        match &mut self.phase {
            Phase::Open { .. } | Phase::Disabled | Phase::ForcedOpen => Vec::new(),
            Phase::Closed | Phase::HalfOpen(_) => match reached.next() {
                Some((limit, rate)) => {
                    vec![self.enter(State::Open, Reason::LimitReached { limit, rate }, now)]
                }
                None if self.state() == State::HalfOpen => {
                    vec![self.enter(State::Closed, Reason::ProbesPassed, now)]
                }
                None => Vec::new(),
            },
            Phase::MetricsOnly { announced } => reached
                .filter(|(limit, _)| {
                    let news = !announced.contains(limit);
                    announced.extend(news.then_some(*limit));
                    news
                })
                .map(|(limit, rate)| Event::WouldHaveOpened { limit, rate, counts, at: now })
                .collect(),
        }
    }

    /// The one place where the state changes.
    fn enter(&mut self, to: State, reason: Reason, now: Moment) -> Event {
        let from = self.state();
        assert!(from.may_become(to), "{}", IllegalMove { from, to });
        let counts = self.window.counts(now);
        self.generation += 1;
        if to == State::Open {
            self.openings = self.openings.saturating_add(1);
        }
        self.phase = Phase::of(to, now + self.open_wait(reason));
        match to {
            State::Closed | State::Disabled | State::MetricsOnly => {
                self.openings = 0;
                self.window = Window::new(self.settings.span);
            }
            State::HalfOpen => self.window = Window::new(Span::LastCalls(self.settings.probes)),
            State::Open | State::ForcedOpen => {}
        }
        Event::Moved { from, to, reason, counts, at: now }
    }

    fn open_wait(&self, reason: Reason) -> Duration {
        match reason {
            Reason::RetryAfter(wanted) => wanted.min(self.settings.retry_after_limit),
            Reason::LimitReached { .. }
            | Reason::WaitOver
            | Reason::ProbesPassed
            | Reason::ProbesLost
            | Reason::Operator => self.settings.open_wait.wait(self.openings, self.chance),
        }
    }

    /// Keeps up the note of since when every probe is out; needed after each change of them.
    fn note_full(&mut self, now: Moment) {
        if let Phase::HalfOpen(probing) = &mut self.phase {
            let reported = self.window.counts(now).calls;
            probing.note_full(reported, self.settings.probes, now);
        }
    }
}
