//! Holds: stock set aside for one order. Held, then taken or returned, exactly once.

use crate::{
    ids::{HoldId, ProductId},
    words::Word,
};

/// Where a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// Set aside; nobody else can buy it.
    Held,
    /// The order was paid: it belongs to the buyer.
    Taken,
    /// Back in stock.
    Returned,
}

impl Word for HoldState {
    const ALL: &'static [Self] = &[Self::Held, Self::Taken, Self::Returned];
    const SET: &'static str = "hold state";

    fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Taken => "taken",
            Self::Returned => "returned",
        }
    }
}

/// Stock of one product set aside for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its own name.
    pub id: HoldId,
    /// What is held.
    pub product_id: ProductId,
    /// How many pieces.
    pub quantity: u32,
    /// Held, taken or returned.
    pub state: HoldState,
    /// Pieces of a taken hold that came back to stock when they were refunded.
    pub given_back: u32,
}

impl Hold {
    /// Pieces that are still set aside or with the buyer.
    pub fn remaining(&self) -> u32 {
        match self.state {
            HoldState::Held | HoldState::Taken => self.quantity.saturating_sub(self.given_back),
            HoldState::Returned => 0,
        }
    }
}
