//! The Toss simulator against its page: a world first, then one file per subject.

mod auth;
mod billing;
mod cancels;
mod confirms;
mod control;
mod faults;
mod idempotency;
mod settlements;
mod sockets;
mod states;
mod transactions;
mod webhooks;
mod window;
mod world;
