//! What is sold. Copies of a book, pieces of goods and seats of a course are one thing: stock.

use serde::{Deserialize, Serialize};

use crate::{ids::ProductId, money::Money, time::Timestamp, words::Word};

/// What a product is to the buyer; decides only how it is fulfilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductType {
    /// Shipped.
    Book,
    /// Shipped.
    Goods,
    /// A seat; the buyer is enrolled.
    Course,
}

impl Word for ProductType {
    const ALL: &'static [Self] = &[Self::Book, Self::Goods, Self::Course];
    const SET: &'static str = "product kind";

    fn word(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Goods => "goods",
            Self::Course => "course",
        }
    }
}

/// A product with its stock.
///
/// `received` is all stock ever put in; `available` is what no order holds or has taken. The rest
/// stands in holds, so `received = available + held + taken` (see [`crate::invariants`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its name to machines.
    pub id: ProductId,
    /// Book, goods or course.
    pub kind: ProductType,
    /// Its name to people.
    pub name: String,
    /// Price of one.
    pub price: Money,
    /// Pieces that can still be sold.
    pub available: i64,
    /// Pieces ever put in.
    pub received: i64,
    /// Whether it can be ordered; orders already placed are not touched.
    pub on_sale: bool,
    /// When it entered the catalogue.
    pub created_at: Timestamp,
}

impl Product {
    /// Sets `quantity` pieces aside, or says how many there are.
    pub fn take(&mut self, quantity: u32) -> Result<(), i64> {
        let left = self.available - i64::from(quantity);
        if left < 0 {
            return Err(self.available);
        }
        self.available = left;
        Ok(())
    }

    /// Puts back what a hold had set aside.
    pub fn put_back(&mut self, quantity: u32) {
        self.available += i64::from(quantity);
        assert!(self.available <= self.received, "{} has more stock than was put in", self.id);
    }

    /// Makes `available` pieces sellable from now on, whatever is held or sold.
    /// `None` if the sum of all stock ever put in would not fit 64 bits.
    pub fn restock(&mut self, available: u32) -> Option<()> {
        let available = i64::from(available);
        self.received = self.received.checked_add(available - self.available)?;
        self.available = available;
        Some(())
    }
}
