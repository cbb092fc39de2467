//! The API over real books in a file, with a gateway that says what a test wants.

#![allow(clippy::expect_used, reason = "a test that expects wrongly fails here, loudly")]

mod access;
mod callbacks;
mod cancelling;
mod confirming;
mod connections;
mod gateway;
mod input;
mod ordering;
mod pages;
mod paying_again;
mod reconciling;
mod refunding;
mod refunds_owed;
mod repeating;
mod resolving;
mod surroundings;
mod world;
