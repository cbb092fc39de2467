//! The gateway is away for a while: no request gets an answer of its own.
//!
//! Transactions stored before go on to their verdicts, and a request caught inside by the
//! outage finishes its work; only its answer is lost.

use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::{Simulator, wire};
use crate::connection;

/// What a client sees while the gateway is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OutageMode {
    /// Its connection is dropped.
    #[default]
    Drop,
    /// 503 with an HTML page.
    Html503,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Outage {
    until_ms: u64,
    mode: OutageMode,
}

impl Simulator {
    /// Takes the gateway away for that long, from now; zero brings it back.
    pub fn outage(&self, duration_ms: u64, mode: OutageMode) {
        let until_ms = self.now_ms().saturating_add(duration_ms);
        *self.shared.outage.lock() = Some(Outage { until_ms, mode });
    }

    /// What is seen instead of an answer right now.
    pub(super) fn outage_answer(&self) -> Option<Response> {
        let outage = (*self.shared.outage.lock())?;
        (self.now_ms() < outage.until_ms).then(|| match outage.mode {
            OutageMode::Drop => connection::dropped(),
            OutageMode::Html503 => wire::foreign_503(),
        })
    }
}
