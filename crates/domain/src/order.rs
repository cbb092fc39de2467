//! Orders: what the buyer asked for, at which price, and how it ended.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{OrderId, ProductId, UserId},
    money::Money,
    product::ProductType,
    time::Timestamp,
    words::Word,
};

/// How an order stands, in the buyer's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Not decided yet.
    Pending,
    /// Paid and fulfilled.
    Completed,
    /// Ended without a charge.
    Failed,
    /// Given up by the buyer or the shop.
    Cancelled,
}

impl Word for OrderStatus {
    const ALL: &'static [Self] = &[Self::Pending, Self::Completed, Self::Failed, Self::Cancelled];
    const SET: &'static str = "order status";

    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One line: the product as it was when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What was ordered.
    pub product_id: ProductId,
    /// What it is, for fulfilment.
    pub kind: ProductType,
    /// Its name at that time.
    pub name: String,
    /// Pieces, at least one.
    pub quantity: u32,
    /// Price of one at that time, in minor units of the order's currency.
    pub unit_price: i64,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// Whose it is.
    pub owner: UserId,
    /// What was ordered; never changes.
    pub lines: Vec<Line>,
    /// What is to be paid; the sum of the lines.
    pub total: Money,
    /// How it stands.
    pub status: OrderStatus,
    /// Until when an uncharged order may be paid (again).
    pub expires_at: Timestamp,
    /// The shop's own notes, a JSON object as it came.
    pub metadata: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When somebody wished to cancel it while it was not certain whether it was charged.
    pub cancel_wished_at: Option<Timestamp>,
}
