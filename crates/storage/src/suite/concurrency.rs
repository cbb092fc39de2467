//! Many at once, over several stores: nothing is sold twice, nobody waits for ever.

use std::sync::Arc;

use payonce_domain::{
    checkout::{PlaceRefusal, place},
    ids::OrderId,
    payment::AttemptState,
};
use payonce_ports::store::{IdempotencyKey, IdempotencyRow, Keys, Store};

use super::{
    Books, add,
    samples::{START, Samples},
    transact,
};

/// Of many buyers at once as many get one as there are.
pub async fn a_hot_product_is_never_oversold(books: &dyn Books) {
    const STOCK: i64 = 20;
    let stores: Vec<Arc<dyn Store>> = vec![books.store().await, books.store().await];
    let mut samples = Samples::new(50);
    let product = samples.product(STOCK);
    let new = product.clone();
    add(&*stores[0], move |world| drop(world.products.insert(new.id, new))).await;
    let mut buyers = Vec::new();
    for buyer in 0..50 {
        let store = stores[buyer % stores.len()].clone();
        let order = samples.new_order(&product, 1);
        let seed = samples.mint.number();
        let keys = Keys { products: [product.id].into(), ..Keys::default() };
        buyers.push(tokio::spawn(async move {
            transact(&*store, keys, move |world| {
                let now = world.now;
                let placed = place(&mut world.products, &order, now, seed);
                placed.map(|change| world.apply(change).unwrap())
            })
            .await
            .unwrap()
        }));
    }
    let mut sold = 0;
    for buyer in buyers {
        match buyer.await.unwrap() {
            Ok(()) => sold += 1,
            Err(refusal) => assert!(matches!(refusal, PlaceRefusal::SoldOut { .. })),
        }
    }
    assert_eq!(sold, STOCK);
    let left = stores[0].product(product.id).await.unwrap().unwrap();
    assert_eq!((left.available, left.received), (0, STOCK));
    assert_eq!(stores[0].stock_in_holds().await, Ok([(product.id, STOCK)].into()));
    assert_eq!(stores[1].orders(None, None, 100).await.unwrap().len(), 20);
}

/// Of many calls under one key the first makes the row and all others see it.
pub async fn a_key_is_locked_until_the_commit(books: &dyn Books) {
    let stores = [books.store().await, books.store().await];
    let mut samples = Samples::new(51);
    let key = IdempotencyKey { scope: "usr".to_owned(), key: "once".to_owned() };
    let product = samples.product(1);
    let mut callers = Vec::new();
    for caller in 0..20 {
        let (store, key) = (stores[caller % stores.len()].clone(), key.clone());
        let sale = samples.sale(&product);
        let keys = Keys { idempotency: [key.clone()].into(), ..Keys::default() };
        callers.push(tokio::spawn(async move {
            transact(&*store, keys, move |world| {
                if let Some(row) = world.idempotency.get(&key) {
                    return (false, row.order_id);
                }
                let row = IdempotencyRow {
                    fingerprint: "aa".to_owned(),
                    order_id: Some(sale.order.id),
                    refund_id: None,
                    reply: None,
                    created_at: START,
                };
                world.idempotency.insert(key, row.clone());
                world.sales.insert(sale.order.id, sale);
                (true, row.order_id)
            })
            .await
            .unwrap()
        }));
    }
    let mut makers = 0;
    let mut orders = Vec::new();
    for caller in callers {
        let (made, order_id) = caller.await.unwrap();
        makers += usize::from(made);
        orders.push(order_id);
    }
    orders.dedup();
    assert_eq!((makers, orders.len()), (1, 1));
    assert_eq!(stores[0].orders(None, None, 10).await.unwrap().len(), 1);
}

/// Random overlapping batches on several stores all end: rows are locked in one order.
pub async fn overlapping_batches_never_deadlock(books: &dyn Books) {
    const ROUNDS: usize = 15;
    let mut samples = Samples::new(52);
    let first = books.store().await;
    let products: Vec<_> = (0..6).map(|_| samples.product(1_000_000)).collect();
    let sales: Vec<_> = (0..12).map(|place| samples.sale(&products[place % 6])).collect();
    let (new_products, new_sales) = (products.clone(), sales.clone());
    add(&*first, move |world| {
        world.products = new_products.into_iter().map(|row| (row.id, row)).collect();
        world.sales = new_sales.into_iter().map(|row| (row.order.id, row)).collect();
    })
    .await;
    let mut workers = Vec::new();
    for worker in 0..8 {
        let store = books.store().await;
        let mut chance = Samples::new(1_000 + worker).mint;
        let product_ids: Vec<_> = products.iter().map(|row| row.id).collect();
        let order_ids: Vec<OrderId> = sales.iter().map(|row| row.order.id).collect();
        workers.push(tokio::spawn(async move {
            let mut taken = 0;
            for _ in 0..ROUNDS {
                let mut keys = Keys::default();
                let bits = chance.number();
                for (place, id) in product_ids.iter().enumerate() {
                    if bits >> place & 1 == 1 {
                        keys.products.insert(*id);
                    }
                }
                for (place, id) in order_ids.iter().enumerate() {
                    if bits >> (8 + place) & 1 == 1 {
                        keys.orders.insert(*id);
                    }
                }
                for place in 0..4 {
                    if bits >> (24 + place) & 1 == 1 {
                        let key = format!("key {place}");
                        keys.idempotency.insert(IdempotencyKey { scope: "usr".to_owned(), key });
                    }
                }
                taken += transact(&*store, keys, |world| {
                    let mut taken = 0;
                    for product in world.products.values_mut() {
                        product.available -= 1;
                        taken += 1;
                    }
                    for sale in world.sales.values_mut() {
                        let attempt = &mut sale.attempts[0];
                        attempt.absences += 1;
                        attempt.state = match attempt.state {
                            AttemptState::Sent => AttemptState::Unknown,
                            _ => AttemptState::Sent,
                        };
                        sale.obligations[0].fence += 1;
                    }
                    taken
                })
                .await
                .expect("no deadlock");
                let leased = store.claim(2, std::time::Duration::from_secs(1)).await.unwrap();
                store.release(&leased).await.unwrap();
            }
            taken
        }));
    }
    let mut taken = 0;
    for worker in workers {
        taken += worker.await.unwrap();
    }
    let mut left = 0;
    for product in &products {
        left += first.product(product.id).await.unwrap().unwrap().available;
    }
    assert_eq!(left, 6_000_000 - taken);
}

/// Readers beside writers see whole sales: what one commit wrote together is read together.
pub async fn a_sale_is_read_whole(books: &dyn Books) {
    let (writer, reader) = (books.store().await, books.store().await);
    let mut samples = Samples::new(53);
    let product = samples.product(1);
    let sale = samples.sale(&product);
    let order_id = sale.order.id;
    add(&*writer, move |world| drop(world.sales.insert(order_id, sale))).await;
    let writing = tokio::spawn(async move {
        for round in 1..=100 {
            super::change_sale(&*writer, order_id, move |sale| {
                sale.attempts[0].absences = round;
                sale.obligations[0].tries = round;
            })
            .await
            .unwrap();
        }
    });
    let mut read = 0;
    while !writing.is_finished() {
        let sale = reader.sale(order_id).await.unwrap().unwrap();
        let round = sale.attempts[0].absences;
        assert_eq!((sale.obligations[0].tries, sale.version), (round, i64::from(round)));
        read += 1;
    }
    writing.await.unwrap();
    assert!(read > 0);
}
