//! The catalogue: anybody reads it, the shop changes it.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod read;
