//! Checkout: how an order begins. Everything it needs is held, or nothing is.

use std::{collections::BTreeMap, time::Duration};

use thiserror::Error;

use crate::{
    hold::{Hold, HoldState},
    ids::{Mint, OrderId, PaymentId, ProductId, UserId},
    journal::{Cause, Fact},
    money::{Currency, Money, MoneyError},
    order::{Line, Order, OrderStatus},
    payment::{Payment, PaymentState, renew::NewAttempt, transitions::IllegalMove},
    product::Product,
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// Most pieces of one product in one order.
pub const MAX_QUANTITY: u32 = 10_000;
/// Most lines of one order.
pub const MAX_LINES: usize = 100;

/// What a buyer orders and pays in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// Its name.
    pub order_id: OrderId,
    /// Its payment's name.
    pub payment_id: PaymentId,
    /// Whose it is.
    pub owner: UserId,
    /// What and how much; a product that appears twice counts as one line.
    pub items: Vec<Item>,
    /// How it is charged.
    pub attempt: NewAttempt,
    /// How long it may be paid (again) while it is uncharged.
    pub open_for: Duration,
    /// The shop's own notes, a JSON object.
    pub metadata: String,
}

/// One wanted thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Which product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: u32,
}

/// Why an order was not placed. Nothing is held, nothing was charged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlaceRefusal {
    /// Nothing was ordered.
    #[error("an order needs at least one item")]
    Empty,
    /// More lines than an order can have.
    #[error("an order has at most {MAX_LINES} lines")]
    TooManyLines,
    /// A quantity that no order can have.
    #[error("quantity must be from 1 to {MAX_QUANTITY}")]
    BadQuantity(ProductId),
    /// There is no such product, or it is not on sale.
    #[error("no product {0}")]
    NoSuchProduct(ProductId),
    /// Less is left than was wanted.
    #[error("{product_id} has {available} left")]
    SoldOut {
        /// Which product.
        product_id: ProductId,
        /// What is left.
        available: i64,
    },
    /// The products' prices have no sum.
    #[error(transparent)]
    Price(#[from] MoneyError),
    /// Nothing would be charged.
    #[error("the total must be more than zero")]
    NothingToCharge,
    /// A defect of ours.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
}

/// Places an order: takes the stock out of `products`, holds it and records the first attempt.
///
/// First come, first served: of several orders in one batch, each sees what the ones before left.
pub fn place(
    products: &mut BTreeMap<ProductId, Product>,
    new: &NewOrder,
    now: Timestamp,
    seed: u64,
) -> Result<Change, PlaceRefusal> {
    let lines = lines(products, &new.items)?;
    let total = total(products, &lines)?;
    for line in &lines {
        let product =
            products.get(&line.product_id).ok_or(PlaceRefusal::NoSuchProduct(line.product_id))?;
        if product.available < i64::from(line.quantity) {
            let available = product.available;
            return Err(PlaceRefusal::SoldOut { product_id: line.product_id, available });
        }
    }
    let mut mint = Mint::new(now, seed);
    let mut holds = Vec::with_capacity(lines.len());
    for line in &lines {
        let product = products
            .get_mut(&line.product_id)
            .ok_or(PlaceRefusal::NoSuchProduct(line.product_id))?;
        product.take(line.quantity).map_err(|available| PlaceRefusal::SoldOut {
            product_id: line.product_id,
            available,
        })?;
        holds.push(Hold {
            id: mint.id(),
            product_id: line.product_id,
            quantity: line.quantity,
            state: HoldState::Held,
            given_back: 0,
        });
    }
    let sale = Sale {
        order: Order {
            id: new.order_id,
            owner: new.owner,
            lines,
            total,
            status: OrderStatus::Pending,
            expires_at: now.after(new.open_for),
            metadata: new.metadata.clone(),
            created_at: now,
            cancel_wished_at: None,
        },
        payment: Payment {
            id: new.payment_id,
            order_id: new.order_id,
            amount: total,
            state: PaymentState::Created,
            reason: None,
            changed_at: now,
        },
        attempts: Vec::new(),
        holds,
        refunds: Vec::new(),
        obligations: Vec::new(),
        version: 0,
    };
    let mut draft = Draft::of(sale, now, mint);
    draft
        .tell(Fact::OrderPlaced { total: total.minor, currency: total.currency.code().to_owned() });
    draft.record_attempt(&new.attempt)?;
    Ok(draft.finish(Cause::Placed))
}

fn lines(
    products: &BTreeMap<ProductId, Product>,
    items: &[Item],
) -> Result<Vec<Line>, PlaceRefusal> {
    let mut lines: Vec<Line> = Vec::with_capacity(items.len());
    for item in items {
        let product = products
            .get(&item.product_id)
            .filter(|product| product.on_sale)
            .ok_or(PlaceRefusal::NoSuchProduct(item.product_id))?;
        let same = lines.iter_mut().find(|line| line.product_id == item.product_id);
        let before = same.as_ref().map_or(0, |line| line.quantity);
        let quantity = before
            .checked_add(item.quantity)
            .filter(|sum| item.quantity > 0 && *sum <= MAX_QUANTITY)
            .ok_or(PlaceRefusal::BadQuantity(item.product_id))?;
        match same {
            Some(line) => line.quantity = quantity,
            None => lines.push(Line {
                product_id: product.id,
                kind: product.kind,
                name: product.name.clone(),
                quantity,
                unit_price: product.price.minor,
            }),
        }
    }
    match lines.len() {
        0 => Err(PlaceRefusal::Empty),
        count if count > MAX_LINES => Err(PlaceRefusal::TooManyLines),
        _ => Ok(lines),
    }
}

fn total(products: &BTreeMap<ProductId, Product>, lines: &[Line]) -> Result<Money, PlaceRefusal> {
    let mut sum: Option<Money> = None;
    for line in lines {
        let currency = products.get(&line.product_id).map_or(Currency::KRW, |p| p.price.currency);
        let amount = Money::new(line.unit_price, currency).times(line.quantity)?;
        sum = Some(match sum {
            Some(so_far) => so_far.plus(amount)?,
            None => amount,
        });
    }
    sum.filter(|sum| sum.minor > 0).ok_or(PlaceRefusal::NothingToCharge)
}
