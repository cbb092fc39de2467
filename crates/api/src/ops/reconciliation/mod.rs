//! A gateway's day held against the books: what came of it, and doing it.

pub(crate) mod list;
mod report;
pub(crate) mod run;
