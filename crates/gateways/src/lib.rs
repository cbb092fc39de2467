//! One folder per payment gateway behind [`payonce_ports::gateway::Gateway`], and [`guard`], the
//! layers around every one. [`transport`] is how requests travel.

pub mod guard;
pub mod pg_simulator;
mod quoted;
#[cfg(test)]
mod samples;
pub mod toss;
pub mod transport;
