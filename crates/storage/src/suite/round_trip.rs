//! Everything that is saved is read back as it was.

use std::time::Duration;

use payonce_domain::{
    hold::HoldState,
    obligation::ObligationState,
    order::OrderStatus,
    payment::{AttemptState, FailureReason, PaymentState, Problem, ProblemCode},
    product::ProductType,
};
use payonce_ports::store::{IdempotencyKey, IdempotencyRow, Keys, RememberedReply};

use super::{
    Books, add,
    samples::{START, Samples},
    transact,
};

/// A new sale with all that was appended for it.
pub async fn what_is_saved_is_read_back_as_it_was(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(1);
    let product = samples.product(10);
    let sale = samples.sale(&product);
    let entry = samples.entry(&sale);
    let postings = samples.postings(&sale);
    let fulfilment = samples.fulfilment(&sale);
    let incident = samples.incident(&sale, "txn-1");
    let (saved_product, saved_sale) = (product.clone(), sale.clone());
    let (saved_entry, saved_postings) = (entry.clone(), postings.clone());
    let (saved_fulfilment, saved_incident) = (fulfilment.clone(), incident.clone());
    add(&*store, move |world| {
        world.products.insert(saved_product.id, saved_product);
        world.sales.insert(saved_sale.order.id, saved_sale);
        world.journal.push(saved_entry);
        world.postings = saved_postings;
        world.fulfilments.push(saved_fulfilment);
        world.incidents.push(saved_incident);
    })
    .await;

    let order_id = sale.order.id;
    assert_eq!(store.product(product.id).await, Ok(Some(product)));
    assert_eq!(store.sale(order_id).await, Ok(Some(sale.clone())));
    assert_eq!(store.journal(order_id).await, Ok(vec![entry]));
    assert_eq!(store.incidents(10).await, Ok(vec![incident]));
    assert_eq!(store.order_of_payment(sale.payment.id).await, Ok(Some(order_id)));
    let attempt = &sale.attempts[0];
    let found = store.attempt_at_gateway(&attempt.gateway, &attempt.gateway_order_id).await;
    assert_eq!(found, Ok(Some((order_id, attempt.clone()))));
    let mut pages = store.sale_pages(None, 10).await.unwrap();
    let page = pages.pop().expect("one page");
    assert!(pages.is_empty());
    assert_eq!(page.sale, sale);
    assert_eq!(page.fulfilments, [fulfilment]);
    let mut expected = postings;
    expected.sort_by(|a, b| a.account.cmp(&b.account));
    assert_eq!(page.postings, expected);
    assert_eq!(store.ledger_sums().await, Ok([("KRW".to_owned(), 0)].into()));
    assert_eq!(store.orphans().await, Ok([].into()));
}

/// A sale of which every column that can change has changed.
pub async fn what_is_changed_is_read_back_as_it_was(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(2);
    let product = samples.product(10);
    let sale = samples.sale(&product);
    let (saved_product, saved_sale) = (product.clone(), sale.clone());
    add(&*store, move |world| {
        world.products.insert(saved_product.id, saved_product);
        world.sales.insert(saved_sale.order.id, saved_sale);
    })
    .await;

    let mut after = sale.clone();
    after.order.status = OrderStatus::Failed;
    after.order.expires_at = START.after(Duration::from_hours(1));
    "{}".clone_into(&mut after.order.metadata);
    after.payment.state = PaymentState::Failed;
    after.payment.reason = Some(FailureReason::GatewayUnavailable);
    after.payment.changed_at = START.after(Duration::from_secs(1));
    after.attempts[0].state = AttemptState::NotCharged;
    after.attempts[0].reference = Some("txn-1".to_owned());
    after.attempts[0].problem = Some(Problem::new(ProblemCode::NotCreated, "점검 중"));
    after.attempts[0].absences = 2;
    after.attempts[0].send_before = START;
    after.attempts[0].certain_at = Some(START.after(Duration::from_secs(2)));
    after.holds[0].state = HoldState::Returned;
    after.obligations[0].state = ObligationState::Parked;
    after.obligations[0].due_at = START.after(Duration::from_secs(3));
    after.obligations[0].tries = 7;
    after.obligations[0].fence = 9;
    after.obligations[0].leased_until = Some(START.after(Duration::from_secs(4)));
    after.obligations[0].last_error = Some("no answer".to_owned());
    let second = samples.attempt(2, after.order.total);
    let look_up = samples.look_up(after.order.id, &second);
    after.attempts.push(second);
    after.obligations.push(look_up);
    after.obligations.sort_by_key(|owed| owed.id);
    let mut product_after = product.clone();
    product_after.kind = ProductType::Book;
    "책".clone_into(&mut product_after.name);
    product_after.price.minor = 1;
    product_after.available = 11;
    product_after.received = 12;
    product_after.on_sale = false;
    let keys =
        Keys { products: [product.id].into(), orders: [sale.order.id].into(), ..Keys::default() };
    let (changed_product, changed_sale) = (product_after.clone(), after.clone());
    transact(&*store, keys, move |world| {
        assert_eq!(world.products.get(&product.id), Some(&product));
        assert_eq!(world.sales.get(&sale.order.id), Some(&sale));
        world.products.insert(changed_product.id, changed_product);
        world.sales.insert(changed_sale.order.id, changed_sale);
    })
    .await
    .unwrap();

    after.version = 1;
    assert_eq!(store.product(product_after.id).await, Ok(Some(product_after)));
    assert_eq!(store.sale(after.order.id).await, Ok(Some(after)));
}

/// An obligation that is done is not loaded any more.
pub async fn a_done_obligation_is_out_of_sight(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(3);
    let product = samples.product(1);
    let sale = samples.sale(&product);
    let order_id = sale.order.id;
    add(&*store, move |world| drop(world.sales.insert(order_id, sale))).await;
    super::change_sale(&*store, order_id, |sale| {
        sale.obligations[0].state = ObligationState::Done;
        sale.obligations[0].fence += 1;
    })
    .await
    .unwrap();
    let after = store.sale(order_id).await.unwrap().unwrap();
    assert_eq!(after.obligations, []);
    assert_eq!(after.version, 1);
}

/// A decision that changes nothing leaves every version as it was.
pub async fn a_sale_that_stayed_as_it_was_keeps_its_version(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(4);
    let product = samples.product(1);
    let (still, moved) = (samples.sale(&product), samples.sale(&product));
    let (still_id, moved_id) = (still.order.id, moved.order.id);
    add(&*store, move |world| {
        world.sales.insert(still_id, still);
        world.sales.insert(moved_id, moved);
    })
    .await;
    let keys = Keys { orders: [still_id, moved_id].into(), ..Keys::default() };
    transact(&*store, keys, move |world| {
        world.sales.get_mut(&moved_id).unwrap().attempts[0].state = AttemptState::Accepted;
    })
    .await
    .unwrap();
    assert_eq!(store.sale(still_id).await.unwrap().unwrap().version, 0);
    assert_eq!(store.sale(moved_id).await.unwrap().unwrap().version, 1);
}

/// A key is remembered, then its answer; keys of two callers do not meet.
pub async fn a_remembered_call_is_read_back_as_it_was(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(5);
    let product = samples.product(1);
    let sale = samples.sale(&product);
    let order_id = sale.order.id;
    let key = IdempotencyKey { scope: "usr_1".to_owned(), key: "same".to_owned() };
    let other = IdempotencyKey { scope: "usr_2".to_owned(), key: "same".to_owned() };
    let open = IdempotencyRow {
        fingerprint: "aa".to_owned(),
        order_id: None,
        refund_id: None,
        reply: None,
        created_at: START,
    };
    let reply = RememberedReply { status: 201, body: r#"{"id":"ord"}"#.to_owned() };
    let answered = IdempotencyRow { order_id: Some(order_id), reply: Some(reply), ..open.clone() };
    let (new_key, new_row) = (key.clone(), open.clone());
    let keys = Keys { idempotency: [key.clone(), other.clone()].into(), ..Keys::default() };
    transact(&*store, keys.clone(), move |world| {
        assert!(world.idempotency.is_empty());
        world.idempotency.insert(new_key, new_row);
        world.sales.insert(order_id, sale);
    })
    .await
    .unwrap();
    assert_eq!(store.idempotency(&key).await, Ok(Some(open.clone())));
    let (changed_key, changed_row) = (key.clone(), answered.clone());
    transact(&*store, keys, move |world| {
        assert_eq!(world.idempotency.get(&changed_key), Some(&open));
        world.idempotency.insert(changed_key, changed_row);
    })
    .await
    .unwrap();
    assert_eq!(store.idempotency(&key).await, Ok(Some(answered)));
    assert_eq!(store.idempotency(&other).await, Ok(None));
}

/// The same thing is raised once, whoever sees it again.
pub async fn an_incident_seen_again_is_stored_once(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(6);
    let product = samples.product(1);
    let sale = samples.sale(&product);
    let (first, again) = (samples.incident(&sale, "txn-1"), samples.incident(&sale, "txn-1"));
    let other = samples.incident(&sale, "txn-2");
    let (kept, also_kept) = (first.clone(), other.clone());
    add(&*store, move |world| {
        world.sales.insert(sale.order.id, sale);
        world.incidents = vec![first];
    })
    .await;
    add(&*store, move |world| world.incidents = vec![again, other]).await;
    let mut seen = store.incidents(10).await.unwrap();
    seen.sort_by(|a, b| a.about.cmp(&b.about));
    assert_eq!(seen, [kept, also_kept]);
}
