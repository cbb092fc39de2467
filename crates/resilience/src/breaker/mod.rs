//! Breaker: stops calling a gateway that fails, and asks carefully whether it is well again.
//!
//! Semantics, defaults, state names and codes are Resilience4j's, with its known defects left
//! out: results are fenced by generation, half-open cannot stick, a refusal says when to come
//! back. Read `state.rs` (the moves), `settings.rs`, `permit.rs`, then `core.rs` (the
//! decision); `shared.rs` is the same behind a lock.
//!
//! It knows no gateway: what counts as a failure is said by the caller, through [`Outcome`].

mod core;
mod event;
mod permit;
mod phase;
mod settings;
mod shared;
mod state;
mod window;

pub use self::core::Breaker;
pub use event::{Event, Limit, Metrics, Reason, Totals};
pub use permit::{Admission, Outcome, Permit, PermitKind, Refusal};
pub use settings::{Percent, Settings, Span};
pub use shared::{Guard, SharedBreaker};
pub use state::{IllegalMove, MOVES, State};
pub use window::Counts;
