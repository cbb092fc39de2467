//! Progress of long work: one line on stderr that is written over, and only on a terminal.

use std::io::{IsTerminal, Write};

/// A line that changes.
#[derive(Debug)]
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Shown if stderr is a terminal and `is_wanted`.
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self { is_shown: is_wanted && std::io::stderr().is_terminal() }
    }

    /// Writes the line anew.
    pub(crate) fn show(&self, line: &str) {
        if self.is_shown {
            eprint!("\r\u{1b}[2K{line}");
            // A terminal that cannot be written to shows no progress; the work goes on.
            let _shown = std::io::stderr().flush();
        }
    }

    /// Removes the line.
    pub(crate) fn end(&self) {
        self.show("");
    }
}
