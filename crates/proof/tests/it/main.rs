//! Stories of the whole system in a simulated world, judged by the gateway's own books.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a world that cannot be built fails its test; figures are worth reading"
)]

mod bookstore;
mod confirm_crashes;
mod crashes;
mod deaths;
mod documents;
mod doubt;
mod explorer;
mod forged;
mod late;
mod outage;
mod pages;
mod postgres;
mod races;
mod refund_crashes;
mod refund_races;
mod settlement;
mod shop;

/// Whether every test runs in its widest form: `PAYONCE_PROOF=full`.
fn is_full() -> bool {
    #[expect(clippy::disallowed_methods, reason = "how wide a test runs is no setting of the shop")]
    std::env::var("PAYONCE_PROOF").is_ok_and(|form| form == "full")
}
