//! Fulfilment: what the buyer gets for the money, one record a line.

use crate::{
    ids::{FulfilmentId, OrderId, ProductId, UserId},
    product::ProductType,
    time::Timestamp,
};

/// A line that was paid for: an enrolment (course) or a shipment record (books, goods).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilment {
    /// Its name.
    pub id: FulfilmentId,
    /// The order it belongs to; one record for each of its products.
    pub order_id: OrderId,
    /// Who gets it.
    pub owner: UserId,
    /// What they get.
    pub product_id: ProductId,
    /// Enrolment or shipment.
    pub kind: ProductType,
    /// How many.
    pub quantity: u32,
    /// How many of them were given back with their money.
    pub revoked: u32,
    /// Since when.
    pub created_at: Timestamp,
}
