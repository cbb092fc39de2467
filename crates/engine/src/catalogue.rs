//! The catalogue: adding products and changing them. Orders already placed keep their prices.

use std::cell::Cell;

use payonce_domain::{
    ids::ProductId,
    money::Money,
    product::{Product, ProductType},
};
use payonce_ports::store::{Keys, World};
use thiserror::Error;

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
};

/// A product to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// Book, goods or course.
    pub kind: ProductType,
    /// Its name to people.
    pub name: String,
    /// Price of one.
    pub price: Money,
    /// Pieces to sell.
    pub stock: u32,
}

/// What to change of a product; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductChange {
    /// Its name.
    pub name: Option<String>,
    /// Price of one, in minor units of the product's currency.
    pub price: Option<i64>,
    /// Pieces that can be sold from now on, whatever is held or sold.
    pub stock: Option<u32>,
    /// Whether it can be ordered.
    pub on_sale: Option<bool>,
}

/// Why a product was not changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CatalogueError {
    /// There is no such product.
    #[error("no product {0}")]
    NoSuchProduct(ProductId),
    /// More stock than can be counted.
    #[error("more stock than can be counted")]
    TooMuchStock,
    /// The books could not be written; see there what that means.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl Engine {
    /// Adds a product.
    pub async fn add_product(&self, new: NewProduct) -> Result<Product, CatalogueError> {
        let mut mint = self.mint();
        Ok(self.batcher.submit(Add { id: mint.id(), new }).await?)
    }

    /// Changes a product.
    pub async fn change_product(
        &self,
        id: ProductId,
        change: ProductChange,
    ) -> Result<Product, CatalogueError> {
        self.batcher.submit(ChangeProduct { id, change, restocked: Cell::new(None) }).await?
    }
}

struct Add {
    id: ProductId,
    new: NewProduct,
}

impl Command for Add {
    type Reply = Product;

    fn keys(&self) -> Keys {
        Keys { products: [self.id].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.id)
    }

    fn decide(&self, world: &mut World) -> Product {
        let product = Product {
            id: self.id,
            kind: self.new.kind,
            name: self.new.name.clone(),
            price: self.new.price,
            available: i64::from(self.new.stock),
            received: i64::from(self.new.stock),
            on_sale: true,
            created_at: world.now,
        };
        world.products.entry(self.id).or_insert(product).clone()
    }
}

struct ChangeProduct {
    id: ProductId,
    change: ProductChange,
    /// All stock ever put in, as this command left it when it was decided before. Only putting in
    /// changes it: if the product still has it, this is our own work, and what was sold since then
    /// is not put in once more.
    restocked: Cell<Option<i64>>,
}

impl Command for ChangeProduct {
    type Reply = Result<Product, CatalogueError>;

    fn keys(&self) -> Keys {
        Keys { products: [self.id].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.id)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let product = world.products.get_mut(&self.id);
        let product = product.ok_or(CatalogueError::NoSuchProduct(self.id))?;
        if let Some(stock) = self.change.stock
            && self.restocked.get() != Some(product.received)
        {
            product.restock(stock).ok_or(CatalogueError::TooMuchStock)?;
            self.restocked.set(Some(product.received));
        }
        if let Some(name) = &self.change.name {
            product.name.clone_from(name);
        }
        if let Some(price) = self.change.price {
            product.price = Money::new(price, product.price.currency);
        }
        if let Some(on_sale) = self.change.on_sale {
            product.on_sale = on_sale;
        }
        Ok(product.clone())
    }
}

#[cfg(test)]
mod tests {
    use payonce_domain::{ids::Mint, time::Timestamp};

    use super::*;

    #[test]
    fn stock_that_is_put_in_by_a_commit_in_doubt_is_put_in_once() {
        let start = Timestamp::from_micros(1_700_000_000_000_000);
        let id: ProductId = Mint::new(start, 1).id();
        let new = NewProduct {
            kind: ProductType::Book,
            name: "A book".into(),
            price: Money::krw(15_000),
            stock: 2,
        };
        let mut world = World::new(start);
        Add { id, new }.decide(&mut world);
        let change = ProductChange { stock: Some(10), ..ProductChange::default() };
        let command = ChangeProduct { id, change, restocked: Cell::new(None) };

        let never_committed = world.clone();
        command.decide(&mut world.clone()).expect("changed");
        world = never_committed;
        assert_eq!(command.decide(&mut world).expect("changed").available, 10);

        // Committed, and three were sold before it was read again.
        world.products.get_mut(&id).expect("there").take(3).expect("enough");
        let product = command.decide(&mut world).expect("recognised");
        assert_eq!((product.available, product.received), (7, 10));
    }
}
