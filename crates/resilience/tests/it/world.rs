//! A breaker, a clock that is moved by hand, and a way to write calls down.

use std::num::NonZeroU16;
use std::time::Duration;

use payonce_resilience::backoff::Schedule;
use payonce_resilience::breaker::{
    Breaker, Event, Metrics, Outcome, Percent, Permit, Refusal, Settings, Span, State,
};
use payonce_resilience::{Chance, Moment};

pub const WAIT: Duration = Duration::from_mins(1);
pub const FAST: Duration = Duration::from_millis(100);
pub const SLOW: Duration = Duration::from_secs(6);

pub fn count(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

pub fn percent(number: f64) -> Percent {
    Percent::new(number).unwrap()
}

/// Small numbers: five calls, four probes, half of them, slow after five seconds.
pub fn small() -> Settings {
    Settings {
        failure_rate: percent(50.0),
        slow_rate: percent(50.0),
        slow_after: Duration::from_secs(5),
        span: Span::LastCalls(count(5)),
        minimum_calls: count(5),
        probes: count(4),
        probe_limit: WAIT,
        open_wait: Schedule::fixed(WAIT),
        ..Settings::default()
    }
}

pub struct World {
    pub breaker: Breaker,
    pub now: Moment,
    pub events: Vec<Event>,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        Self { breaker: Breaker::new(settings), now: Moment::ZERO, events: Vec::new() }
    }

    /// A world in which a script has been played.
    pub fn after(settings: Settings, script: &str) -> Self {
        let mut world = Self::new(settings);
        world.play(script);
        world
    }

    pub fn wait(&mut self, wait: Duration) {
        self.now = self.now + wait;
    }

    pub fn acquire(&mut self) -> Result<Permit, Refusal> {
        let admission = self.breaker.acquire(self.now, Chance::LEAST);
        self.events.extend(admission.events);
        admission.answer
    }

    pub fn record(&mut self, permit: Permit, outcome: Outcome, elapsed: Duration) {
        let events = self.breaker.record(permit, outcome, elapsed, self.now);
        self.events.extend(events);
    }

    /// One call from beginning to end; whether it was let through.
    pub fn call(&mut self, outcome: Outcome, elapsed: Duration) -> bool {
        let permit = self.acquire();
        permit.map(|permit| self.record(permit, outcome, elapsed)).is_ok()
    }

    /// Success and failure are `S` and `F`, small when slow; `I`gnored, `C`ancelled, and `|`
    /// for the open wait.
    pub fn play(&mut self, script: &str) {
        for letter in script.chars() {
            let (outcome, elapsed) = match letter {
                'S' => (Outcome::Success, FAST),
                'F' => (Outcome::Failure, FAST),
                's' => (Outcome::Success, SLOW),
                'f' => (Outcome::Failure, SLOW),
                'I' => (Outcome::Ignored, FAST),
                'C' => (Outcome::Cancelled, FAST),
                '|' => {
                    self.wait(WAIT);
                    continue;
                }
                other => panic!("no such letter: {other}"),
            };
            self.call(outcome, elapsed);
        }
    }

    pub fn state(&self) -> State {
        self.breaker.state()
    }

    pub fn metrics(&mut self) -> Metrics {
        self.breaker.metrics(self.now)
    }
}
