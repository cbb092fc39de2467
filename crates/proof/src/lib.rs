//! The whole system in one simulated world: time that moves by itself, processes that die at any
//! step, a gateway that fails on request, and its own books to judge us by.
//!
//! [`bookstore`] is a whole scenario. [`world`] puts it together, [`mortal`] is how a process dies, [`stillness`] holds time while
//! a database works, [`in_process`] is the gateway's wire without sockets. `tests/it` tells the
//! stories.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a world that cannot be built fails its test"
)]

pub mod bookstore;
pub mod in_process;
pub mod mortal;
pub mod stillness;
pub mod world;
