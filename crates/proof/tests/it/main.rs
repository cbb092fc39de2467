//! Stories of the whole system in a simulated world, judged by the gateway's own books.

mod crashes;
mod doubt;
mod races;
