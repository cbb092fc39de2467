//! The six states of a breaker and every legal move between them, as data.
//!
//! Names, codes and moves are Resilience4j's. Who makes which move, and why, is in `core.rs`.

use std::fmt;

use State::{Closed, Disabled, ForcedOpen, HalfOpen, MetricsOnly, Open};

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls pass and are measured.
    Closed,
    /// Calls are refused until a wait is over.
    Open,
    /// A few probes pass; their rate decides.
    HalfOpen,
    /// Calls pass and nothing is measured. Only an operator leaves this state.
    Disabled,
    /// Calls are refused. Only an operator leaves this state.
    ForcedOpen,
    /// Calls pass and are measured, and what would have opened is announced. Only an operator
    /// leaves this state.
    MetricsOnly,
}

/// Every legal move; one from a state to itself starts that state afresh.
pub const MOVES: [(State, &[State]); 6] = [
    (Closed, &[Closed, Open, Disabled, MetricsOnly, ForcedOpen]),
    (Open, &[Open, Closed, HalfOpen, Disabled, MetricsOnly, ForcedOpen]),
    (HalfOpen, &[HalfOpen, Closed, Open, Disabled, MetricsOnly, ForcedOpen]),
    (Disabled, &[Disabled, Closed, Open, ForcedOpen, HalfOpen, MetricsOnly]),
    (ForcedOpen, &[ForcedOpen, Closed, Open, Disabled, MetricsOnly, HalfOpen]),
    (MetricsOnly, &[MetricsOnly, Closed, ForcedOpen, Disabled]),
];

/// A move that [`MOVES`] does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalMove {
    /// Where the breaker stands, and stays.
    pub from: State,
    /// Where it was told to go.
    pub to: State,
}

impl State {
    /// All states, in the order of their codes.
    pub const ALL: [Self; 6] = [Closed, Open, HalfOpen, Disabled, ForcedOpen, MetricsOnly];

    /// The number by which metrics name this state.
    pub const fn code(self) -> u8 {
        match self {
            Closed => 0,
            Open => 1,
            HalfOpen => 2,
            Disabled => 3,
            ForcedOpen => 4,
            MetricsOnly => 5,
        }
    }

    /// The name by which Resilience4j's users know this state.
    pub const fn name(self) -> &'static str {
        match self {
            Closed => "CLOSED",
            Open => "OPEN",
            HalfOpen => "HALF_OPEN",
            Disabled => "DISABLED",
            ForcedOpen => "FORCED_OPEN",
            MetricsOnly => "METRICS_ONLY",
        }
    }

    /// Whether only an operator can end it: neither results nor time do.
    pub const fn is_held(self) -> bool {
        matches!(self, Disabled | ForcedOpen | MetricsOnly)
    }

    /// Whether [`MOVES`] allows this move.
    pub fn may_become(self, to: Self) -> bool {
        MOVES.iter().any(|(from, targets)| *from == self && targets.contains(&to))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for IllegalMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a breaker cannot move from {} to {}", self.from, self.to)
    }
}

impl std::error::Error for IllegalMove {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirty_three_moves_and_every_state_may_start_afresh() {
        let count: usize = MOVES.iter().map(|(_, targets)| targets.len()).sum();
        assert_eq!(count, 33);
        assert!(State::ALL.iter().all(|state| state.may_become(*state)));
    }

    #[test]
    fn only_a_wait_or_an_operator_leads_to_half_open() {
        assert!(!Closed.may_become(HalfOpen));
        assert!(!MetricsOnly.may_become(HalfOpen));
        assert!(!MetricsOnly.may_become(Open));
    }

    #[test]
    fn codes_are_the_places_in_the_list() {
        let codes = State::ALL.map(State::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5]);
    }
}
