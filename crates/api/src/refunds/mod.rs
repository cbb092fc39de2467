//! Refunds. Read [`create`] first; [`wanted`] is what it and cancelling in part read from their
//! body, [`answer`] what both answer with.

pub(crate) mod answer;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod wanted;
