//! The HTTP API: parse, ask the engine once, render.
//!
//! Read [`router`] (which path is which file), [`layers`] (what surrounds every call), [`problem`]
//! (how a call can fail), then `orders/create.rs`, the call that everything is about. [`server`]
//! accepts connections and trusts none. The API knows no database and no gateway: what it must
//! know of them comes in [`settings`].

pub mod auth;
pub mod layers;
pub mod problem;
pub mod router;
pub mod server;
pub mod settings;

mod api;
mod asked;
mod body;
mod callbacks;
mod health;
mod idempotency;
mod json;
mod language;
mod ops;
mod orders;
mod pages;
mod paging;
mod payments;
mod prefer;
mod products;
mod refunds;
mod views;

pub use router::router;
pub use server::{BindError, ServerSettings, bind, serve};
pub use settings::{ApiSettings, Callback};
