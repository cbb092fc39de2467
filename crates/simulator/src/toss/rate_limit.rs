//! Calls a minute, counted by operation in minutes of the clock, §9.

use std::collections::HashMap;

use super::operation::Operation;

const MINUTE_MS: u64 = 60_000;

/// How many calls each operation had in the current minute.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    minute: u64,
    calls: HashMap<Operation, u32>,
}

impl Meter {
    /// Counts one call; `false` when it is one too many.
    pub(crate) fn admit(&mut self, operation: Operation, per_minute: u32, now_ms: u64) -> bool {
        let minute = now_ms / MINUTE_MS;
        if minute != self.minute {
            self.minute = minute;
            self.calls.clear();
        }
        let calls = self.calls.entry(operation).or_default();
        *calls = calls.saturating_add(1);
        *calls <= per_minute
    }
}
