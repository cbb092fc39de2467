//! Settings, one file per area. Each field says its variable, its unit and its default.

pub(crate) mod database;
pub(crate) mod duration;
pub(crate) mod pg;
pub(crate) mod reconciliation;
pub(crate) mod shop;
pub(crate) mod toss;
