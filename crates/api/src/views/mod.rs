//! What callers are shown. Every state is an honest sentence: what is known, what is not, what
//! happens next and by when. Never a card number: the books have none.

mod next_step;
mod order;
mod payment;
mod product;
mod timeline;

use payonce_domain::time::Timestamp;

pub(crate) use order::{Order, order};
pub(crate) use payment::{Payment, payment};
pub(crate) use product::{Product, product};
pub(crate) use timeline::{Moment, timeline};

/// A moment as the API writes it: UTC with `Z`.
pub(crate) fn moment(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.micros())
        .map_or_else(|_| at.micros().to_string(), |at| at.to_string())
}

/// A moment for a sentence: whole seconds.
pub(crate) fn by_when(at: Timestamp) -> String {
    moment(Timestamp::from_micros(at.micros() - at.micros().rem_euclid(1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc() {
        let at = Timestamp::from_micros(1_795_000_000_123_456);
        assert_eq!(moment(at), "2026-11-18T11:06:40.123456Z");
        assert_eq!(by_when(at), "2026-11-18T11:06:40Z");
    }
}
