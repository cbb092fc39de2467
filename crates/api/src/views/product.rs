//! A product as callers see it.

use payonce_domain::{product, words::Word as _};
use serde::Serialize;

use super::moment;

/// A product.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Product {
    id: String,
    object: &'static str,
    kind: &'static str,
    name: String,
    price: i64,
    currency: &'static str,
    /// Pieces that can still be ordered.
    stock: i64,
    on_sale: bool,
    created_at: String,
}

/// What is shown of a product.
pub(crate) fn product(product: &product::Product) -> Product {
    Product {
        id: product.id.to_string(),
        object: "product",
        kind: product.kind.word(),
        name: product.name.clone(),
        price: product.price.minor,
        currency: product.price.currency.code(),
        stock: product.available,
        on_sale: product.on_sale,
        created_at: moment(product.created_at),
    }
}
