//! Everything that is saved is read back as it was.

use std::time::Duration;

use payonce_domain::{
    fulfilment::Fulfilment,
    hold::HoldState,
    incident::{Incident, IncidentType},
    money::Money,
    obligation::{ObligationState, ObligationType},
    order::OrderStatus,
    payment::{
        AttemptState, FailureReason, Means, PaymentState, Problem, ProblemCode,
        ruling::{Ruled, Ruling},
    },
    product::ProductType,
    refund::{Refund, RefundPurpose, RefundState},
    sale::{Revocation, Sale},
    words::Word,
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
    after.order.cancel_wished_at = Some(START.after(Duration::from_secs(5)));
    after.order.expires_at = START.after(Duration::from_hours(1));
    "{}".clone_into(&mut after.order.metadata);
    after.payment.state = PaymentState::Failed;
    after.payment.reason = Some(FailureReason::GatewayUnavailable);
    after.payment.changed_at = START.after(Duration::from_secs(1));
    after.attempts[0].state = AttemptState::NotCharged;
    after.attempts[0].reference = Some("txn-1".to_owned());
    after.attempts[0].problem = Some(Problem::new(ProblemCode::NotCreated, "점검 중"));
    after.attempts[0].absences = 2;
    after.attempts[0].request = 2;
    after.attempts[0].fee = Some(Money::krw(-150));
    after.attempts[0].send_before = START;
    after.attempts[0].certain_at = Some(START.after(Duration::from_secs(2)));
    after.holds[0].state = HoldState::Returned;
    after.holds[0].given_back = 1;
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
    let refund_id = samples.mint.id();
    let open = IdempotencyRow {
        fingerprint: "aa".to_owned(),
        order_id: None,
        refund_id: None,
        reply: None,
        created_at: START,
    };
    let reply = RememberedReply { status: 201, body: r#"{"id":"ord"}"#.to_owned() };
    let answered = IdempotencyRow {
        order_id: Some(order_id),
        refund_id: Some(refund_id),
        reply: Some(reply),
        ..open.clone()
    };
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

/// An attempt at a gateway's page, then with what came back from it, a ruling and a fee.
pub async fn a_page_a_ruling_and_a_fee_are_read_back_as_they_were(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(7);
    let product = samples.product(1);
    let mut sale = samples.sale(&product);
    sale.attempts[0] = samples.page(1, sale.order.total);
    sale.payment.state = PaymentState::RequiresAction;
    sale.obligations.clear();
    let (order_id, saved) = (sale.order.id, sale.clone());
    add(&*store, move |world| drop(world.sales.insert(order_id, saved))).await;
    assert_eq!(store.sale(order_id).await, Ok(Some(sale.clone())));

    sale.attempts[0].means = Means::Page { authentication: Some("tid \"인증\"".to_owned()) };
    sale.attempts[0].state = AttemptState::Unknown;
    sale.attempts[0].fee = Some(Money::krw(165));
    let by = samples.mint.id();
    let rulings = [Ruled::Charged { reference: "txn-1".to_owned() }, Ruled::NotCharged];
    for (version, ruled) in (1..).zip(rulings) {
        let (reason, evidence) = ("정산 파일".to_owned(), "line 7".to_owned());
        sale.attempts[0].ruling = Some(Ruling { ruled, by, reason, evidence, at: START });
        let changed = sale.clone();
        super::change_sale(&*store, order_id, move |sale| *sale = changed).await.unwrap();
        sale.version = version;
        assert_eq!(store.sale(order_id).await, Ok(Some(sale.clone())));
    }
}

/// A refund as it was owed, and once every column that can change has changed; with it what the
/// buyer gave back.
pub async fn a_refund_is_read_back_as_it_was(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(8);
    let product = samples.product(1);
    let mut sale = samples.sale(&product);
    let refund = samples.refund(&sale);
    let other = Refund {
        charge: "txn-2".to_owned(),
        purpose: RefundPurpose::Compensation,
        pieces: Vec::new(),
        state: RefundState::Sent,
        fee: Some(Money::krw(0)),
        ..samples.refund(&sale)
    };
    let mut owed = samples.look_up(sale.order.id, &sale.attempts[0]);
    owed.kind = ObligationType::Refund;
    owed.refund_id = Some(refund.id);
    sale.obligations.push(owed);
    sale.obligations.sort_by_key(|owed| owed.id);
    let (refund_id, other_id, nobody) = (refund.id, other.id, samples.mint.id());
    sale.refunds = vec![refund, other];
    sale.refunds.sort_by_key(|refund| refund.id);
    let (order_id, saved) = (sale.order.id, sale.clone());
    let fulfilment = samples.fulfilment(&sale);
    let given = fulfilment.clone();
    add(&*store, move |world| {
        world.sales.insert(order_id, saved);
        world.fulfilments.push(given);
    })
    .await;
    assert_eq!(store.sale(order_id).await, Ok(Some(sale.clone())));
    assert_eq!(store.order_of_refund(refund_id).await, Ok(Some(order_id)));
    assert_eq!(store.order_of_refund(other_id).await, Ok(Some(order_id)));
    assert_eq!(store.order_of_refund(nobody).await, Ok(None));

    let moment = |seconds| START.after(Duration::from_secs(seconds));
    let changed = sale.refunds.iter_mut().find(|refund| refund.id == refund_id).unwrap();
    changed.state = RefundState::Unknown;
    changed.request = 2;
    changed.absences = 3;
    changed.reference = Some("refund-1".to_owned());
    changed.problem = Some(Problem::new(ProblemCode::NoAnswer, "시간 초과"));
    changed.requested_at = moment(1);
    changed.send_before = moment(2);
    changed.certain_at = Some(moment(3));
    changed.alarmed_at = Some(moment(4));
    changed.fee = Some(Money::krw(-150));
    let taken = Revocation { order_id, product_id: product.id, quantity: 1 };
    let after = sale.clone();
    let keys = Keys { orders: [order_id].into(), ..Keys::default() };
    transact(&*store, keys, move |world| {
        world.sales.insert(order_id, after);
        world.revoked.push(taken);
    })
    .await
    .unwrap();
    sale.version = 1;
    let pages = store.sale_pages(None, 10).await.unwrap();
    assert_eq!(pages[0].sale, sale);
    assert_eq!(pages[0].fulfilments, [Fulfilment { revoked: 1, ..fulfilment }]);
}

/// No word that a decision can write is refused by a rule of the schema.
pub async fn every_word_is_known_to_the_database(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(9);
    let product = samples.product(1);
    let mut sales = Vec::new();
    let mut one = |change: &dyn Fn(&mut Sale)| {
        let mut sale = samples.sale(&product);
        sale.refunds.push(samples.refund(&sale));
        change(&mut sale);
        sales.push(sale);
    };
    for word in PaymentState::ALL {
        one(&|sale| sale.payment.state = *word);
    }
    for word in FailureReason::ALL {
        one(&|sale| sale.payment.reason = Some(*word));
    }
    for word in OrderStatus::ALL {
        one(&|sale| sale.order.status = *word);
    }
    for word in AttemptState::ALL {
        one(&|sale| sale.attempts[0].state = *word);
    }
    for word in ProblemCode::ALL {
        one(&|sale| sale.attempts[0].problem = Some(Problem::new(*word, "")));
        one(&|sale| sale.refunds[0].problem = Some(Problem::new(*word, "")));
    }
    for word in HoldState::ALL {
        one(&|sale| sale.holds[0].state = *word);
    }
    for word in RefundState::ALL {
        one(&|sale| sale.refunds[0].state = *word);
    }
    for word in RefundPurpose::ALL {
        one(&|sale| sale.refunds[0].purpose = *word);
    }
    for word in ObligationType::ALL {
        one(&|sale| sale.obligations[0].kind = *word);
    }
    let mut incidents = Vec::new();
    for kind in IncidentType::ALL {
        incidents.push(Incident { kind: *kind, ..samples.incident(&sales[0], "about") });
    }
    let (saved, raised) = (sales.clone(), incidents.clone());
    add(&*store, move |world| {
        world.sales = saved.into_iter().map(|sale| (sale.order.id, sale)).collect();
        world.incidents = raised;
    })
    .await;
    for sale in sales {
        assert_eq!(store.sale(sale.order.id).await, Ok(Some(sale)));
    }
    assert_eq!(store.incidents(100).await.unwrap().len(), incidents.len());
}

/// Privileged acts, in the order of their commits.
pub async fn privileged_acts_are_read_newest_first(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(27);
    let product = samples.product(1);
    let sale = samples.sale(&product);
    let acts: Vec<_> = (0..3).map(|_| samples.act(&sale)).collect();
    let (first, rest) = (acts[..1].to_vec(), acts[1..].to_vec());
    add(&*store, move |world| world.audit = first).await;
    add(&*store, move |world| world.audit = rest).await;
    let newest: Vec<_> = acts.into_iter().rev().collect();
    assert_eq!(store.audit(10).await.as_deref(), Ok(&newest[..]));
    assert_eq!(store.audit(2).await.as_deref(), Ok(&newest[..2]));
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
