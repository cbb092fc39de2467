//! Resilience: when to call, how long to wait, when to stop asking.
//!
//! Everything here decides and nothing waits: time comes in as a [`Moment`], chance as a
//! [`Chance`], and what happened goes out as values. No async, no clock, no random source, and
//! nothing of ours is depended on. Waiting, logging and calling belong to the caller.
//!
//! Read in this order: [`deadline`], [`backoff`], [`retry_budget`], then [`breaker`].

pub mod backoff;
pub mod breaker;
pub mod bulkhead;
pub mod deadline;
pub mod latency;
pub mod rate_limit;
pub mod retry_budget;

mod chance;
mod moment;
mod seconds;

pub use chance::Chance;
pub use moment::Moment;
