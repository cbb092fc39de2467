//! Posting: the fee of one settled movement enters its sale and the ledger, or leaves both again.
//!
//! A movement has one fee. Posting it again changes nothing; another one is refused, and a person
//! decides which is right.

use thiserror::Error;

use super::SettledFee;
use crate::{
    ids::{AttemptId, Mint, RefundId},
    journal::{Cause, Fact},
    ledger,
    money::Money,
    payment::AttemptState,
    refund::RefundState,
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// Why a fee was not posted, or not taken back. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PostingRefusal {
    /// The order has no such attempt.
    #[error("order has no attempt {0}")]
    NoSuchAttempt(AttemptId),
    /// The attempt has no such refund.
    #[error("attempt has no refund {0}")]
    NoSuchRefund(RefundId),
    /// Our books do not hold the movement as made.
    #[error("{0} is not made in our books")]
    NotMade(String),
    /// The fee is in another currency than what it is of.
    #[error("{0} has a fee in another currency")]
    Currency(String),
    /// Another fee is in the ledger.
    #[error("{subject} has a fee of {posted} in the ledger, not {told}")]
    Posted {
        /// The attempt or refund.
        subject: String,
        /// What the ledger has, in minor units.
        posted: i64,
        /// What was told, in minor units.
        told: i64,
    },
}

/// Posts these fees of one sale, all or none.
pub fn post(
    sale: &Sale,
    fees: &[SettledFee],
    now: Timestamp,
    seed: u64,
) -> Result<Change, PostingRefusal> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    for fee in fees {
        draft.post_fee(fee)?;
    }
    Ok(draft.finish(Cause::Reconciled))
}

/// Takes these fees of one sale out of the ledger again, all or none; what is not there stays away.
pub fn unpost(
    sale: &Sale,
    fees: &[SettledFee],
    now: Timestamp,
    seed: u64,
) -> Result<Change, PostingRefusal> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    for fee in fees {
        draft.unpost_fee(fee)?;
    }
    Ok(draft.finish(Cause::Commanded))
}

impl Draft {
    fn post_fee(&mut self, fee: &SettledFee) -> Result<(), PostingRefusal> {
        match self.posted(fee)? {
            Some(posted) if posted == fee.kept => return Ok(()),
            Some(posted) => {
                let subject = subject(fee);
                let (posted, told) = (posted.minor, fee.kept.minor);
                return Err(PostingRefusal::Posted { subject, posted, told });
            }
            None => {}
        }
        self.keep(fee, Some(fee.kept));
        self.book(fee, fee.kept);
        Ok(())
    }

    fn unpost_fee(&mut self, fee: &SettledFee) -> Result<(), PostingRefusal> {
        match self.posted(fee)? {
            None => return Ok(()),
            Some(posted) if posted == fee.kept => {}
            Some(posted) => {
                let subject = subject(fee);
                let (posted, told) = (posted.minor, fee.kept.minor);
                return Err(PostingRefusal::Posted { subject, posted, told });
            }
        }
        self.keep(fee, None);
        self.book(fee, fee.kept.negated());
        Ok(())
    }

    /// The fee that the books have for this movement, if they have the movement.
    fn posted(&self, fee: &SettledFee) -> Result<Option<Money>, PostingRefusal> {
        let attempt = self.sale.attempt(fee.attempt_id);
        let attempt = attempt.ok_or(PostingRefusal::NoSuchAttempt(fee.attempt_id))?;
        let (is_made, posted) = match fee.refund_id {
            None => (attempt.state == AttemptState::Approved, attempt.fee),
            Some(id) => {
                let refund = self.sale.refund(id).filter(|of| of.attempt_id == attempt.id);
                let refund = refund.ok_or(PostingRefusal::NoSuchRefund(id))?;
                (refund.state == RefundState::Done, refund.fee)
            }
        };
        if !is_made {
            return Err(PostingRefusal::NotMade(subject(fee)));
        }
        if attempt.amount.currency != fee.kept.currency {
            return Err(PostingRefusal::Currency(subject(fee)));
        }
        Ok(posted)
    }

    fn keep(&mut self, fee: &SettledFee, kept: Option<Money>) {
        match fee.refund_id {
            None => self.attempt_mut(fee.attempt_id).map(|attempt| attempt.fee = kept),
            Some(id) => self.refund_mut(id).map(|refund| refund.fee = kept),
        };
    }

    fn book(&mut self, fee: &SettledFee, amount: Money) {
        let Some(attempt) = self.sale.attempt(fee.attempt_id).cloned() else { return };
        let (fees, receivable) =
            (ledger::fees(&attempt.gateway), ledger::receivable(&attempt.gateway));
        self.post(&attempt, &fees, &receivable, amount);
        self.tell(Fact::FeePosted {
            attempt_id: attempt.id,
            refund_id: fee.refund_id,
            amount: amount.minor,
        });
    }
}

fn subject(fee: &SettledFee) -> String {
    match fee.refund_id {
        Some(id) => id.to_string(),
        None => fee.attempt_id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        money::Currency,
        reconciliation::{Date, MovementType},
        refund::request::HowMuch,
        story::World,
    };

    fn day() -> Date {
        Date::new(2026, 1, 14).expect("a day")
    }

    fn fee(world: &World, refund_id: Option<RefundId>, won: i64) -> SettledFee {
        let attempt = world.attempt(1);
        SettledFee {
            gateway: attempt.gateway.clone(),
            movement: "charge1".into(),
            kind: MovementType::Charge,
            order_id: world.sale.order.id,
            attempt_id: attempt.id,
            refund_id,
            kept: Money::krw(won),
            vat: Money::krw(won / 11),
        }
    }

    #[test]
    fn a_fee_is_posted_once_and_taken_back_once() {
        let mut world = World::paid();
        let fees = [fee(&world, None, 330)];
        let now = day().starts_in_seoul();
        for turn in 0..2 {
            let change = post(&world.sale, &fees, now, 1 + turn).expect("posted");
            assert_eq!(change.entry.is_some(), turn == 0);
            world.apply(change);
            assert_eq!(world.attempt(1).fee, Some(Money::krw(330)));
        }
        for turn in 0..2 {
            let change = unpost(&world.sale, &fees, now, 10 + turn).expect("taken back");
            assert_eq!(change.entry.is_some(), turn == 0);
            world.apply(change);
            assert_eq!(world.attempt(1).fee, None);
        }
        assert_eq!(world.postings.iter().map(|posting| posting.amount.minor).sum::<i64>(), 0);
    }

    #[test]
    fn what_comes_back_with_a_refund_is_posted_to_the_refund() {
        let mut world = World::paid();
        let id = world.ask_back(HowMuch::Amount(1_000)).expect("owed");
        let fees = [fee(&world, Some(id), -33)];
        let now = day().starts_in_seoul();
        let refused = post(&world.sale, &fees, now, 1);
        assert_eq!(refused, Err(PostingRefusal::NotMade(id.to_string())));
        world.give_back(id);
        let change = post(&world.sale, &fees, now, 2).expect("posted");
        world.apply(change);
        assert_eq!(world.refund(id).fee, Some(Money::krw(-33)));
    }

    #[test]
    fn another_fee_than_the_one_in_the_ledger_is_refused() {
        let mut world = World::paid();
        let now = day().starts_in_seoul();
        let change = post(&world.sale, &[fee(&world, None, 330)], now, 1).expect("posted");
        world.apply(change);
        let other = [fee(&world, None, 300)];
        let subject = world.attempt(1).id.to_string();
        let refused = PostingRefusal::Posted { subject, posted: 330, told: 300 };
        assert_eq!(post(&world.sale, &other, now, 2), Err(refused.clone()));
        assert_eq!(unpost(&world.sale, &other, now, 3), Err(refused));
    }

    #[test]
    fn a_fee_of_what_was_not_made_or_in_another_currency_is_refused() {
        let world = World::with_an_order();
        let now = day().starts_in_seoul();
        let of_nothing = post(&world.sale, &[fee(&world, None, 330)], now, 1);
        assert!(matches!(of_nothing, Err(PostingRefusal::NotMade(_))));
        let world = World::paid();
        let kept = Money::new(330, Currency::USD);
        let foreign = SettledFee { kept, ..fee(&world, None, 330) };
        let refused = post(&world.sale, &[foreign], now, 1);
        assert!(matches!(refused, Err(PostingRefusal::Currency(_))));
    }
}
