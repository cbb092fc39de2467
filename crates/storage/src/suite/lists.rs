//! Lists: pages in the order of time, the journal in the order of commits, and what belongs to none.

use payonce_domain::{
    hold::{Hold, HoldState},
    ids::{OrderId, RefundId, UserId},
    obligation::{Obligation, ObligationState, ObligationType},
    payment::{AttemptState, PaymentState},
    refund::{Refund, RefundState},
    sale::Sale,
    words::Word,
};
use payonce_ports::store::Keys;

use super::{Books, add, change_sale, samples::Samples, transact};

fn ids(sales: &[Sale]) -> Vec<OrderId> {
    sales.iter().map(|sale| sale.order.id).collect()
}

/// Pages follow each other without gap or repeat, newest first.
pub async fn orders_are_listed_newest_first(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(30);
    let product = samples.product(1);
    let owner: UserId = samples.mint.id();
    let mut mine = Vec::new();
    for place in 0..7 {
        let mut sale = samples.sale(&product);
        if place % 2 == 0 {
            sale.order.owner = owner;
            mine.push(sale.order.id);
        }
        add(&*store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    mine.sort();
    mine.reverse();
    let first = store.orders(Some(owner), None, 3).await.unwrap();
    assert_eq!(ids(&first), mine[..3]);
    let rest = store.orders(Some(owner), Some(mine[2]), 3).await.unwrap();
    assert_eq!(ids(&rest), mine[3..]);
    let all = store.orders(None, None, 100).await.unwrap();
    assert_eq!(all.len(), 7);
    assert!(all.is_sorted_by(|a, b| a.order.id > b.order.id));
    let pages = store.sale_pages(Some(all[4].order.id), 3).await.unwrap();
    let page_ids: Vec<_> = pages.iter().map(|page| page.sale.order.id).collect();
    assert_eq!(page_ids, [all[3].order.id, all[2].order.id, all[1].order.id]);
}

/// The catalogue, page by page.
pub async fn products_are_listed_in_order_of_ids(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(31);
    let mut products: Vec<_> = (0..5).map(|_| samples.product(1)).collect();
    let new = products.clone();
    add(&*store, move |world| {
        world.products = new.into_iter().map(|product| (product.id, product)).collect();
    })
    .await;
    products.sort_by_key(|product| product.id);
    assert_eq!(store.products(None, 3).await.unwrap(), products[..3]);
    assert_eq!(store.products(Some(products[2].id), 3).await.unwrap(), products[3..]);
}

/// The sweep sees orders with an attempt at the gateway and no others.
pub async fn open_sales_are_those_with_an_attempt_at_the_gateway(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(32);
    let product = samples.product(1);
    let mut open = Vec::new();
    for state in AttemptState::ALL.iter().copied() {
        let mut sale = samples.sale(&product);
        sale.attempts[0] = samples.page(1, sale.order.total);
        sale.attempts[0].state = state;
        if state.is_at_gateway() {
            open.push(sale.order.id);
        }
        add(&*store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    open.sort();
    assert_eq!(ids(&store.open_sales(None, 10).await.unwrap()), open);
    assert_eq!(ids(&store.open_sales(None, 1).await.unwrap()), open[..1]);
    assert_eq!(ids(&store.open_sales(Some(open[0]), 10).await.unwrap()), open[1..]);
}

/// What is in doubt beyond the horizon, and nothing that is merely under way.
pub async fn unresolved_sales_are_listed_oldest_first(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(38);
    let product = samples.product(1);
    let mut unresolved = Vec::new();
    for place in 0..6 {
        let mut sale = samples.sale(&product);
        if place % 2 == 0 {
            sale.payment.state = PaymentState::Unresolved;
            sale.attempts[0].state = AttemptState::Unknown;
            unresolved.push(sale.order.id);
        }
        add(&*store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    unresolved.sort();
    assert_eq!(ids(&store.unresolved(None, 10).await.unwrap()), unresolved);
    assert_eq!(ids(&store.unresolved(None, 2).await.unwrap()), unresolved[..2]);
    assert_eq!(ids(&store.unresolved(Some(unresolved[1]), 10).await.unwrap()), unresolved[2..]);
}

/// By their states, and only while they are owed or parked.
pub async fn refunds_that_are_not_back_are_listed_oldest_first(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(39);
    let product = samples.product(1);
    let mut not_back = Vec::new();
    for refunds in [
        vec![(RefundState::Done, ObligationState::Done)],
        vec![(RefundState::Refused, ObligationState::Parked)],
        vec![(RefundState::Unknown, ObligationState::Owed)],
        vec![
            (RefundState::Refused, ObligationState::Done),
            (RefundState::Sent, ObligationState::Owed),
            (RefundState::Owed, ObligationState::Owed),
        ],
    ] {
        let mut sale = samples.sale(&product);
        for (state, owed) in refunds {
            let refund = Refund { state, ..samples.refund(&sale) };
            sale.obligations.push(Obligation {
                id: samples.mint.id(),
                kind: ObligationType::Refund,
                refund_id: Some(refund.id),
                state: owed,
                ..sale.obligations[0].clone()
            });
            if owed != ObligationState::Done {
                not_back.push((refund.id, sale.order.id, state));
            }
            sale.refunds.push(refund);
        }
        add(&*store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    not_back.sort_by_key(|(id, ..)| *id);
    let listed = async |states: &[RefundState], after, limit| {
        let found = store.refunds_not_done(states, after, limit).await.unwrap();
        let of = |(id, sale): &(RefundId, Sale)| {
            (*id, sale.order.id, sale.refund(*id).expect("its own").state)
        };
        found.iter().map(of).collect::<Vec<_>>()
    };
    let all = RefundState::ALL;
    assert_eq!(listed(all, None, 9).await, not_back);
    assert_eq!(listed(all, None, 2).await, not_back[..2]);
    assert_eq!(listed(all, Some(not_back[1].0), 9).await, not_back[2..]);
    for (id, order_id, state) in not_back {
        assert_eq!(listed(&[state], None, 9).await, [(id, order_id, state)]);
    }
    assert!(listed(&[], None, 9).await.is_empty());
}

/// The history of an order reads in the order in which it was committed.
pub async fn the_journal_keeps_the_order_of_commits(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(33);
    let product = samples.product(1);
    let (sale, other) = (samples.sale(&product), samples.sale(&product));
    let order_id = sale.order.id;
    let entries: Vec<_> = (0..6).map(|_| samples.entry(&sale)).collect();
    let elsewhere = samples.entry(&other);
    let written = entries.clone();
    add(&*store, move |world| {
        world.sales.insert(sale.order.id, sale);
        world.sales.insert(other.order.id, other);
        world.journal = vec![written[0].clone(), elsewhere, written[1].clone()];
    })
    .await;
    for entry in entries[2..].iter().cloned() {
        add(&*store, move |world| world.journal.push(entry)).await;
    }
    assert_eq!(store.journal(order_id).await, Ok(entries));
}

/// A row that belongs to no order is found, with its table.
pub async fn orphans_are_found(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(34);
    let product = samples.product(1);
    let mut sale = samples.sale(&product);
    let refund = samples.refund(&sale);
    let refund_id = refund.id;
    sale.refunds.push(refund);
    let order_id = sale.order.id;
    add(&*store, move |world| drop(world.sales.insert(order_id, sale))).await;
    assert_eq!(store.orphans().await, Ok([].into()));
    let (hold, nobody) = (samples.mint.number(), samples.sale(&product).order.id);
    let sql = format!(
        "INSERT INTO holds (order_id, product_id, id, quantity, state)
         VALUES ('{nobody}', '{}', 'hld_{hold}', 1, 'held')",
        product.id
    );
    books.run_sql(&sql).await;
    assert_eq!(store.orphans().await, Ok([("holds", 1)].into()));
    books.run_sql(&format!("DELETE FROM payments WHERE order_id = '{order_id}'")).await;
    assert_eq!(store.orphans().await, Ok([("holds", 1), ("orders", 1)].into()));
    books
        .run_sql(&format!("UPDATE refunds SET order_id = '{nobody}' WHERE id = '{refund_id}'"))
        .await;
    let orphans = [("holds", 1), ("orders", 1), ("refunds", 1)];
    assert_eq!(store.orphans().await, Ok(orphans.into()));
}

/// A row that cannot be read names its table, column and id.
pub async fn a_bad_row_is_named(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(35);
    let product = samples.product(1);
    let sale = samples.sale(&product);
    let order_id = sale.order.id;
    add(&*store, move |world| drop(world.sales.insert(order_id, sale))).await;
    books.run_sql(&format!("UPDATE orders SET lines = '[{{]' WHERE id = '{order_id}'")).await;
    let error = store.sale(order_id).await.expect_err("the row is bad");
    let told = error.to_string();
    assert!(told.starts_with(&format!("bad row in orders.lines of {order_id}: ")), "{told}");
    let keys = Keys { orders: [order_id].into(), ..Keys::default() };
    assert_eq!(transact(&*store, keys, |_| ()).await, Err(error));
}

/// Stock in holds counts what is held and what is taken, but no piece that came back.
pub async fn stock_in_holds_is_what_was_not_given_back(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(36);
    let product = samples.product(10);
    let holds = [
        (HoldState::Held, 2, 0),
        (HoldState::Taken, 3, 0),
        (HoldState::Taken, 4, 3),
        (HoldState::Returned, 5, 0),
        (HoldState::Returned, 6, 6),
    ];
    for (state, quantity, given_back) in holds {
        let mut sale = samples.sale(&product);
        sale.holds[0] = Hold { state, quantity, given_back, ..sale.holds[0].clone() };
        add(&*store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    assert_eq!(store.stock_in_holds().await, Ok([(product.id, 2 + 3 + 1)].into()));
    assert!(change_sale_of_nobody(&*store, &mut samples).await);
}

/// Loading an order that does not exist gives a world without it.
async fn change_sale_of_nobody(
    store: &dyn payonce_ports::store::Store,
    samples: &mut Samples,
) -> bool {
    let nobody = samples.mint.id();
    let keys = Keys { orders: [nobody].into(), ..Keys::default() };
    transact(store, keys, |world| world.sales.is_empty()).await.unwrap()
}

/// Changing one sale leaves its neighbours in the list as they were.
pub async fn a_change_touches_one_sale(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(37);
    let product = samples.product(1);
    let (one, two) = (samples.sale(&product), samples.sale(&product));
    let (one_id, two_id, before) = (one.order.id, two.order.id, two.clone());
    add(&*store, move |world| {
        world.sales.insert(one_id, one);
        world.sales.insert(two_id, two);
    })
    .await;
    change_sale(&*store, one_id, |sale| sale.attempts[0].state = AttemptState::Unknown)
        .await
        .unwrap();
    assert_eq!(store.sale(two_id).await, Ok(Some(before)));
}
