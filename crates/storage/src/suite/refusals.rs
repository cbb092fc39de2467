//! What the database does not let happen, by name; and that a refused batch leaves nothing.

use payonce_domain::{
    hold::HoldState,
    obligation::ObligationState,
    payment::{AttemptState, PaymentState},
    product::Product,
    refund::RefundState,
    sale::{Revocation, Sale},
};
use payonce_ports::store::{
    IdempotencyKey, IdempotencyRow, Keys, RememberedReply, Store, StoreError, World,
};

use super::{
    Books, add, change_sale,
    samples::{START, Samples},
    transact,
};

async fn refused(
    store: &dyn Store,
    keys: Keys,
    rule: &str,
    change: impl FnOnce(&mut World) + Send + 'static,
) {
    match transact(store, keys, change).await {
        Err(StoreError::Refused(reason)) => assert!(reason.contains(rule), "{reason}"),
        other => panic!("expected a refusal by {rule}, got {other:?}"),
    }
}

async fn one_sale(store: &dyn Store, samples: &mut Samples) -> (Product, Sale) {
    let product = samples.product(10);
    let sale = samples.sale(&product);
    let (new_product, new_sale) = (product.clone(), sale.clone());
    add(store, move |world| {
        world.products.insert(new_product.id, new_product);
        world.sales.insert(new_sale.order.id, new_sale);
    })
    .await;
    (product, sale)
}

/// One bad row takes its whole batch back, also what was written before it.
pub async fn a_refused_batch_leaves_nothing(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(10);
    let (product, sale) = one_sale(&*store, &mut samples).await;
    let good = samples.sale(&product);
    let mut bad = samples.sale(&product);
    bad.attempts[0].gateway_order_id.clone_from(&sale.attempts[0].gateway_order_id);
    let (good_id, bad_id) = (good.order.id, bad.order.id);
    let keys = Keys { products: [product.id].into(), ..Keys::default() };
    refused(&*store, keys, "attempts_gateway_order_id_unique", move |world| {
        world.products.get_mut(&product.id).unwrap().available -= 2;
        world.sales.insert(good_id, good);
        world.sales.insert(bad_id, bad);
    })
    .await;
    assert_eq!(store.sale(good_id).await, Ok(None));
    assert_eq!(store.sale(bad_id).await, Ok(None));
    assert_eq!(store.product(product.id).await.unwrap().unwrap().available, 10);
    assert_eq!(store.orphans().await, Ok([].into()));
}

/// A second live attempt of one payment is refused by the database itself.
pub async fn one_live_attempt_per_payment(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(11);
    let (_, sale) = one_sale(&*store, &mut samples).await;
    let second = samples.attempt(2, sale.order.total);
    let third = samples.attempt(2, sale.order.total);
    let keys = Keys { orders: [sale.order.id].into(), ..Keys::default() };
    refused(&*store, keys, "attempts_one_live_per_payment", move |world| {
        world.sales.get_mut(&sale.order.id).unwrap().attempts.push(second);
    })
    .await;
    change_sale(&*store, sale.order.id, move |sale| {
        sale.attempts[0].state = AttemptState::Declined;
        sale.attempts.push(third);
    })
    .await
    .expect("the first one has ended");
}

/// An attempt whose buyer is at the gateway's page keeps every other one out.
pub async fn an_attempt_at_a_page_is_live_too(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(17);
    let (_, sale) = one_sale(&*store, &mut samples).await;
    let order_id = sale.order.id;
    let keys = || Keys { orders: [order_id].into(), ..Keys::default() };
    let page = samples.page(2, sale.order.total);
    let beside = page.clone();
    let rule = "attempts_one_live_per_payment";
    refused(&*store, keys(), rule, move |world| {
        world.sales.get_mut(&order_id).unwrap().attempts.push(beside);
    })
    .await;
    change_sale(&*store, order_id, move |sale| {
        sale.attempts[0].state = AttemptState::Declined;
        sale.attempts.push(page);
    })
    .await
    .expect("the first one has ended");
    let card = samples.attempt(3, sale.order.total);
    let beside = card.clone();
    refused(&*store, keys(), rule, move |world| {
        world.sales.get_mut(&order_id).unwrap().attempts.push(beside);
    })
    .await;
    change_sale(&*store, order_id, move |sale| {
        sale.attempts[1].state = AttemptState::NotCharged;
        sale.attempts.push(card);
    })
    .await
    .expect("the page was left");
}

/// Two refunds of one charge cannot be under way at once; of two charges they can.
pub async fn one_refund_of_a_charge_at_the_gateway(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(18);
    let (_, sale) = one_sale(&*store, &mut samples).await;
    let order_id = sale.order.id;
    let mut refunds: Vec<_> = (0..3).map(|_| samples.refund(&sale)).collect();
    refunds.sort_by_key(|refund| refund.id);
    "txn-2".clone_into(&mut refunds[2].charge);
    refunds[0].state = RefundState::Sent;
    change_sale(&*store, order_id, move |sale| sale.refunds = refunds).await.unwrap();
    for state in [RefundState::Sent, RefundState::Unknown] {
        let keys = Keys { orders: [order_id].into(), ..Keys::default() };
        refused(&*store, keys, "refunds_one_at_gateway_per_charge", move |world| {
            world.sales.get_mut(&order_id).unwrap().refunds[1].state = state;
        })
        .await;
    }
    change_sale(&*store, order_id, |sale| {
        sale.refunds[2].state = RefundState::Sent;
    })
    .await
    .expect("another charge");
    change_sale(&*store, order_id, |sale| {
        sale.refunds[0].state = RefundState::Done;
        sale.refunds[1].state = RefundState::Sent;
    })
    .await
    .expect("the first one is back");
    change_sale(&*store, order_id, |sale| {
        sale.refunds[1].state = RefundState::Owed;
        sale.refunds[0].state = RefundState::Unknown;
    })
    .await
    .expect("whatever their order");
}

/// Pieces are taken back of what was given and not taken back before.
pub async fn no_more_is_taken_back_than_was_given(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(19);
    let (product, sale) = one_sale(&*store, &mut samples).await;
    let mut given = samples.fulfilment(&sale);
    given.quantity = 3;
    let taken = |quantity| Revocation { order_id: sale.order.id, product_id: product.id, quantity };
    let one = taken(1);
    refused(&*store, Keys::default(), "fulfilments", move |world| world.revoked.push(one)).await;
    add(&*store, move |world| {
        world.fulfilments.push(given);
        world.revoked = vec![one, one];
    })
    .await;
    let two = taken(2);
    let rule = "fulfilments_revoked_at_most_quantity";
    refused(&*store, Keys::default(), rule, move |world| world.revoked.push(two)).await;
    add(&*store, move |world| world.revoked.push(one)).await;
    let pages = store.sale_pages(None, 1).await.unwrap();
    assert_eq!(pages[0].fulfilments[0].revoked, 3);
}

/// What was done stays told: not even with the database's own tools is it changed or deleted.
pub async fn the_audit_is_append_only(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(41);
    let (_, sale) = one_sale(&*store, &mut samples).await;
    let act = samples.act(&sale);
    let (first, again) = (act.clone(), act.clone());
    add(&*store, move |world| world.audit.push(first)).await;
    for sql in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
        let told = books.try_sql(sql).await.expect_err("refused");
        assert!(told.contains("audit_is_append_only"), "{told}");
    }
    refused(&*store, Keys::default(), "audit_id_unique", move |world| world.audit.push(again))
        .await;
    assert_eq!(store.audit(10).await, Ok(vec![act]));
}

/// A rule that is broken is named, whichever it is.
pub async fn a_broken_rule_is_named(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(12);
    let (product, sale) = one_sale(&*store, &mut samples).await;
    let (product_id, order_id) = (product.id, sale.order.id);
    let of_product = || Keys { products: [product_id].into(), ..Keys::default() };
    refused(&*store, of_product(), "products_available_not_negative", move |world| {
        world.products.get_mut(&product_id).unwrap().available = -1;
    })
    .await;
    refused(&*store, of_product(), "products_available_at_most_received", move |world| {
        world.products.get_mut(&product_id).unwrap().available = 11;
    })
    .await;
    let again = sale.clone();
    refused(&*store, Keys::default(), "orders_id_unique", move |world| {
        world.sales.insert(order_id, again);
    })
    .await;
    let mut same_payment = samples.sale(&product);
    same_payment.payment.id = sale.payment.id;
    refused(&*store, Keys::default(), "payments_id_unique", move |world| {
        world.sales.insert(same_payment.order.id, same_payment);
    })
    .await;
    let mut of_nothing = samples.sale(&product);
    of_nothing.holds[0].quantity = 0;
    refused(&*store, Keys::default(), "holds_quantity_positive", move |world| {
        world.sales.insert(of_nothing.order.id, of_nothing);
    })
    .await;
    let mut given_back = samples.sale(&product);
    given_back.holds[0].given_back = 2;
    refused(&*store, Keys::default(), "holds_given_back_at_most_quantity", move |world| {
        world.sales.insert(given_back.order.id, given_back);
    })
    .await;
    let mut refunded = samples.sale(&product);
    let mut refund = samples.refund(&refunded);
    refund.amount.minor = 0;
    refunded.refunds.push(refund);
    refused(&*store, Keys::default(), "refunds_amount_positive", move |world| {
        world.sales.insert(refunded.order.id, refunded);
    })
    .await;
    let mut elsewhere = samples.sale(&product);
    let refund = samples.refund(&elsewhere);
    let mut twice = samples.sale(&product);
    elsewhere.refunds.push(refund.clone());
    twice.refunds.push(refund);
    refused(&*store, Keys::default(), "refunds_id_unique", move |world| {
        world.sales.insert(elsewhere.order.id, elsewhere);
        world.sales.insert(twice.order.id, twice);
    })
    .await;
    let (once, twice) = (samples.fulfilment(&sale), samples.fulfilment(&sale));
    add(&*store, move |world| world.fulfilments.push(once)).await;
    let rule = "fulfilments_one_per_order_and_product";
    refused(&*store, Keys::default(), rule, move |world| world.fulfilments.push(twice)).await;
}

/// Postings that do not sum to zero never reach the ledger.
pub async fn an_unbalanced_entry_is_refused(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(13);
    let (_, sale) = one_sale(&*store, &mut samples).await;
    let mut postings = samples.postings(&sale);
    postings[0].amount.minor += 1;
    let entry_id = postings[0].entry_id.to_string();
    refused(&*store, Keys::default(), &entry_id, move |world| world.postings = postings).await;
    assert_eq!(store.ledger_sums().await, Ok([].into()));
}

/// A guarded update that finds another row than was loaded is refused, in every table.
pub async fn a_row_that_somebody_else_changed_is_refused(books: &dyn Books, table: &'static str) {
    let store = books.store().await;
    let mut samples = Samples::new(14);
    let product = samples.product(10);
    let mut sale = samples.sale(&product);
    sale.refunds.push(samples.refund(&sale));
    let given = samples.fulfilment(&sale);
    let (new_product, new_sale) = (product.clone(), sale.clone());
    add(&*store, move |world| {
        world.products.insert(new_product.id, new_product);
        world.sales.insert(new_sale.order.id, new_sale);
        world.fulfilments.push(given);
    })
    .await;
    let (product_id, order_id) = (product.id, sale.order.id);
    let key = IdempotencyKey { scope: "usr".to_owned(), key: "key".to_owned() };
    let row = IdempotencyRow {
        fingerprint: "aa".to_owned(),
        order_id: None,
        refund_id: None,
        reply: None,
        created_at: START,
    };
    let (new_key, new_row) = (key.clone(), row.clone());
    let remembered = key.clone();
    add(&*store, move |world| drop(world.idempotency.insert(new_key, new_row))).await;
    books.lose_updates(table).await;
    let keys = Keys {
        idempotency: [key.clone()].into(),
        products: [product_id].into(),
        orders: [order_id].into(),
    };
    refused(&*store, keys, table, move |world| {
        let reply = RememberedReply { status: 200, body: String::new() };
        world.idempotency.get_mut(&key).unwrap().reply = Some(reply);
        world.products.get_mut(&product_id).unwrap().available = 9;
        let sale = world.sales.get_mut(&order_id).unwrap();
        sale.payment.state = PaymentState::Unresolved;
        sale.attempts[0].state = AttemptState::Unknown;
        sale.holds[0].state = HoldState::Returned;
        sale.refunds[0].state = RefundState::Sent;
        sale.obligations[0].state = ObligationState::Parked;
        world.revoked.push(Revocation { order_id, product_id, quantity: 1 });
    })
    .await;
    assert_eq!(store.sale(order_id).await, Ok(Some(sale)));
    assert_eq!(store.product(product_id).await, Ok(Some(product)));
    assert_eq!(store.idempotency(&remembered).await, Ok(Some(row)));
}

/// The tables for [`a_row_that_somebody_else_changed_is_refused`].
pub const GUARDED: &[&str] = &[
    "products",
    "orders",
    "payments",
    "attempts",
    "holds",
    "refunds",
    "obligations",
    "fulfilments",
    "idempotency_keys",
];

/// What never changes cannot be changed.
pub async fn what_never_changes_cannot_be_changed(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(15);
    let (_, sale) = one_sale(&*store, &mut samples).await;
    let order_id = sale.order.id;
    let refund = samples.refund(&sale);
    change_sale(&*store, order_id, move |sale| sale.refunds.push(refund)).await.unwrap();
    let sale = store.sale(order_id).await.unwrap().unwrap();
    let attempts: [fn(&mut Sale); 7] = [
        |sale| sale.order.total.minor += 1,
        |sale| sale.attempts[0].amount.minor += 1,
        |sale| sale.attempts.clear(),
        |sale| sale.holds[0].quantity += 1,
        |sale| sale.refunds[0].amount.minor -= 1,
        |sale| sale.refunds[0].pieces.clear(),
        |sale| sale.refunds.clear(),
    ];
    for attempt in attempts {
        let refused = change_sale(&*store, order_id, attempt).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
    assert_eq!(store.sale(order_id).await, Ok(Some(sale)));
}

/// A decision that panics commits nothing, and the store works on.
pub async fn a_panicking_decision_commits_nothing(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(16);
    let (product, _) = one_sale(&*store, &mut samples).await;
    let product_id = product.id;
    let keys = Keys { products: [product_id].into(), ..Keys::default() };
    for _ in 0..8 {
        let (store, keys) = (store.clone(), keys.clone());
        let panicked = tokio::spawn(async move {
            transact(&*store, keys, move |world| {
                world.products.get_mut(&product_id).unwrap().available -= 1;
                assert!(world.products.is_empty(), "this decision is broken on purpose");
            })
            .await
        })
        .await;
        assert!(panicked.is_err_and(|error| error.is_panic()));
    }
    transact(&*store, keys, move |world| {
        world.products.get_mut(&product_id).unwrap().available -= 1;
    })
    .await
    .expect("the store works on");
    assert_eq!(store.product(product_id).await.unwrap().unwrap().available, 9);
}
