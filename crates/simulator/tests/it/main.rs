//! The PG simulator against its document: conformance vectors first, then every fault.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod callbacks;
mod capacity;
mod conformance;
mod control;
mod look_ups;
mod parsing;
mod posts;
mod sockets;
mod variants;
mod world;
