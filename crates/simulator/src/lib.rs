//! Pretend gateways, written from their public documents, with faults on request.
//!
//! Knows nothing of the rest of payonce, on purpose: our gateway side reads the same documents
//! on its own, so that a mistake made once shows up as a disagreement.
//!
//! [`pg`] is the asynchronous card gateway of the commerce templates, [`toss`] the payment window
//! and core API of Toss Payments. [`connection`] explains how a request can end without an
//! answer, over a socket and in process.

mod chance;
mod clock;
pub mod connection;
mod life;
pub mod pg;
pub mod toss;
