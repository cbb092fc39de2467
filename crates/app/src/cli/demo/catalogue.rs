//! A small catalogue of books and courses.

use payonce_domain::{money::Money, product::ProductType};
use payonce_engine::{Engine, catalogue::NewProduct};

const PRODUCTS: [(ProductType, &str, i64, u32); 5] = [
    (ProductType::Book, "어린 왕자 (The Little Prince)", 12_000, 100),
    (ProductType::Book, "데미안 (Demian)", 13_500, 40),
    (ProductType::Book, "달러구트 꿈 백화점 (DallerGut Dream Department Store)", 14_400, 1),
    (ProductType::Course, "러스트 입문반 (Rust for beginners)", 180_000, 30),
    (ProductType::Course, "결제 시스템 설계 (Designing payment systems)", 240_000, 12),
];

/// Fills an empty catalogue and says which book to buy first.
pub(super) async fn fill(engine: &Engine) -> anyhow::Result<String> {
    let there = engine.books().products(None, 1).await?;
    if let Some(first) = there.first() {
        return Ok(first.id.to_string());
    }
    let mut first = None;
    for (kind, name, price, stock) in PRODUCTS {
        let new = NewProduct { kind, name: name.to_owned(), price: Money::krw(price), stock };
        let product = engine.add_product(new).await?;
        first.get_or_insert(product.id.to_string());
    }
    Ok(first.unwrap_or_default())
}
