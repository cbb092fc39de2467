//! What the engine asks of the outside: traits and their words.
//!
//! [`store`] keeps the books, [`gateway`] moves money, [`clock`] and [`entropy`] are time and
//! chance. Implementations live in `storage`, `gateways` and `app`; nothing here knows them.

pub mod clock;
pub mod entropy;
pub mod gateway;
pub mod reconciliation;
pub mod store;
