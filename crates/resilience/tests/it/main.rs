//! The breaker as its users meet it: calls go in, states and numbers come out.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod found_elsewhere;
mod half_open;
mod operators;
mod resilience4j;
mod world;
