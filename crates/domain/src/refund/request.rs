//! Asking for money back: by amount, by pieces, or all that is left. The sum never exceeds the charge.

use thiserror::Error;

use super::{Pieces, Refund, RefundPurpose, RefundState};
use crate::{
    ids::{Mint, ProductId, RefundId},
    journal::Cause,
    money::{Money, MoneyError},
    order::OrderStatus,
    payment::{PaymentState, transitions::IllegalMove},
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// Longest reason, in characters; gateways keep no more.
pub const REASON_AT_MOST: usize = 120;

/// What is to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HowMuch {
    /// All that is left.
    Rest,
    /// So many minor units. No piece comes back to stock unless nothing is left of the charge.
    Amount(i64),
    /// The price of these pieces, which come back to stock.
    Pieces(Vec<Pieces>),
}

/// A wish for a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// What the new refund will be called.
    pub id: RefundId,
    /// How much.
    pub how_much: HowMuch,
    /// What the caller believes can be refunded, in minor units: refused if it is not so.
    pub expected_refundable: Option<i64>,
    /// Why, for people; at most [`REASON_AT_MOST`] characters.
    pub reason: String,
    /// Whether the gateway can give money back.
    pub can_refund: bool,
}

/// Why no refund was begun. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RefundRefusal {
    /// Nothing was charged for this order, or not certainly yet.
    #[error("payment is {}", crate::words::Word::word(*.0))]
    NotPaid(PaymentState),
    /// The gateway has no way to give money back.
    #[error("the order's gateway has no refund call")]
    CannotRefund,
    /// Zero or less.
    #[error("a refund is more than zero")]
    NotPositive,
    /// More than is left.
    #[error("{refundable} is left to refund, {asked} was asked for")]
    TooMuch {
        /// Minor units that are left.
        refundable: i64,
        /// Minor units that were asked for.
        asked: i64,
    },
    /// The precondition does not hold.
    #[error("{refundable} is left to refund, {expected} was expected")]
    Expected {
        /// Minor units that are left.
        refundable: i64,
        /// What the caller believed.
        expected: i64,
    },
    /// The order has no such product.
    #[error("the order has no product {0}")]
    NoSuchPiece(ProductId),
    /// More pieces than the buyer still has.
    #[error("{left} pieces of {product_id} are left to refund")]
    TooManyPieces {
        /// Of which product.
        product_id: ProductId,
        /// What is left.
        left: u32,
    },
    /// Prices have no sum.
    #[error(transparent)]
    Price(#[from] MoneyError),
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

impl Sale {
    /// What can still be refunded of the charge that the order was served for: the charge less every
    /// refund of it that is done or under way.
    pub fn refundable(&self) -> Money {
        let amount = self.payment.amount;
        let Some(paying) = self.paying_attempt() else { return Money { minor: 0, ..amount } };
        let given: i64 = self
            .refunds
            .iter()
            .filter(|refund| refund.attempt_id == paying.id)
            .filter(|refund| refund.purpose == RefundPurpose::Requested)
            .filter(|refund| refund.state != RefundState::Refused)
            .map(|refund| refund.amount.minor)
            .sum();
        Money { minor: amount.minor - given, ..amount }
    }

    /// Pieces of a product that are neither given back nor about to be.
    pub fn refundable_pieces(&self, product_id: ProductId) -> u32 {
        let bought: u32 = self
            .holds
            .iter()
            .filter(|hold| hold.product_id == product_id)
            .map(|hold| hold.quantity)
            .sum();
        let given: u32 = self
            .refunds
            .iter()
            .filter(|refund| refund.state != RefundState::Refused)
            .flat_map(|refund| &refund.pieces)
            .filter(|pieces| pieces.product_id == product_id)
            .map(|pieces| pieces.quantity)
            .sum();
        bought.saturating_sub(given)
    }
}

/// Owes a refund of a served order. It is under way from the next turn of the obligation loop on.
pub fn request(
    sale: &Sale,
    request: &RefundRequest,
    now: Timestamp,
    seed: u64,
) -> Result<Change, RefundRefusal> {
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    draft.request_refund(request)?;
    Ok(draft.finish(Cause::RefundRequested))
}

impl Draft {
    pub(crate) fn request_refund(&mut self, request: &RefundRequest) -> Result<(), RefundRefusal> {
        let sale = &self.sale;
        let paying = sale.paying_attempt().filter(|_| sale.order.status == OrderStatus::Completed);
        let Some(paying) = paying.cloned() else {
            return Err(RefundRefusal::NotPaid(sale.payment.state));
        };
        if !request.can_refund {
            return Err(RefundRefusal::CannotRefund);
        }
        let refundable = sale.refundable();
        if let Some(expected) = request.expected_refundable
            && expected != refundable.minor
        {
            return Err(RefundRefusal::Expected { refundable: refundable.minor, expected });
        }
        let (amount, pieces) = match &request.how_much {
            HowMuch::Rest => (refundable, Vec::new()),
            HowMuch::Amount(minor) => (Money { minor: *minor, ..refundable }, Vec::new()),
            HowMuch::Pieces(pieces) => (price_of(sale, pieces)?, pieces.clone()),
        };
        if amount.minor > refundable.minor || refundable.minor == 0 {
            let (refundable, asked) = (refundable.minor, amount.minor);
            return Err(RefundRefusal::TooMuch { refundable, asked });
        }
        if amount.minor <= 0 {
            return Err(RefundRefusal::NotPositive);
        }
        let charge = paying.reference.unwrap_or_default();
        let reason = request.reason.chars().take(REASON_AT_MOST).collect();
        let (purpose, now) = (RefundPurpose::Requested, self.now);
        let refund = Refund::owed(request.id, paying.id, charge, amount, purpose, reason, now);
        self.owe_refund(Refund { pieces, ..refund });
        self.follow_refunds()?;
        Ok(())
    }
}

fn price_of(sale: &Sale, pieces: &[Pieces]) -> Result<Money, RefundRefusal> {
    let mut sum = Money { minor: 0, ..sale.order.total };
    let mut seen: Vec<ProductId> = Vec::with_capacity(pieces.len());
    for wanted in pieces {
        let product_id = wanted.product_id;
        let line = sale.order.lines.iter().find(|line| line.product_id == product_id);
        let line = line.ok_or(RefundRefusal::NoSuchPiece(product_id))?;
        let left = sale.refundable_pieces(product_id);
        // The same product twice would be counted against the same pieces.
        if wanted.quantity > left || seen.contains(&product_id) {
            return Err(RefundRefusal::TooManyPieces { product_id, left });
        }
        seen.push(product_id);
        sum = sum.plus(Money { minor: line.unit_price, ..sum }.times(wanted.quantity)?)?;
    }
    Ok(sum)
}
