//! Orders. Read [`create`] first; [`answer`] is what it and [`pay`] answer with, [`paying`] what
//! both read from their body.

pub(crate) mod answer;
pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod pay;
pub(crate) mod paying;
pub(crate) mod read;
