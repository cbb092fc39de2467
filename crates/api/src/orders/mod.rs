//! Orders. Read [`create`] first; [`answer`] is what it, [`pay`] and the confirmation of a payment
//! answer with, [`paying`] what the first two read from their body.

pub(crate) mod answer;
pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod pay;
pub(crate) mod paying;
pub(crate) mod read;
