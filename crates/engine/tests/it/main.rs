//! The engine on real books, beside a gateway that does as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod gateway;
mod planted;
mod reconciliation;
mod schedule;
mod shop;
