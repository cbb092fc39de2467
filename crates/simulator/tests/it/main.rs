//! The simulators against their documents: the PG simulator here, Toss Payments in [`toss`].
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod callbacks;
mod capacity;
mod conformance;
mod control;
mod look_ups;
mod parsing;
mod posts;
mod sockets;
mod toss;
mod variants;
mod world;
