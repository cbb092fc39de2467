//! What is written is what changed: nothing less, nothing more, and never what cannot change.

use payonce_domain::{
    hold::HoldState,
    money::Currency,
    obligation::ObligationState,
    order::OrderStatus,
    payment::{AttemptState, Means, PaymentState},
    refund::{RefundPurpose, RefundState},
};

use super::*;
use crate::suite::samples::{START, Samples};

fn world(samples: &mut Samples) -> World {
    let mut world = World::new(START);
    let product = samples.product(10);
    for _ in 0..2 {
        let mut sale = samples.sale(&product);
        sale.refunds = vec![samples.refund(&sale), samples.refund(&sale)];
        world.sales.insert(sale.order.id, sale);
    }
    world.products.insert(product.id, product);
    world
}

fn first(world: &mut World) -> &mut Sale {
    world.sales.values_mut().next().unwrap()
}

#[test]
fn a_world_that_stayed_as_it_was_writes_nothing() {
    let loaded = world(&mut Samples::new(1));
    let decided = loaded.clone();
    assert!(Changes::between(&loaded, &decided).unwrap().is_empty());
}

#[test]
fn a_new_sale_is_written_whole() {
    let mut samples = Samples::new(2);
    let loaded = world(&mut samples);
    let mut decided = loaded.clone();
    let product = samples.product(1);
    let mut sale = samples.sale(&product);
    sale.refunds.push(samples.refund(&sale));
    decided.sales.insert(sale.order.id, sale.clone());
    let order_id = sale.order.id;
    let expected = Changes {
        new_orders: vec![&sale],
        new_payments: vec![&sale.payment],
        new_attempts: vec![Of { order_id, row: &sale.attempts[0] }],
        new_holds: vec![Of { order_id, row: &sale.holds[0] }],
        new_refunds: vec![Of { order_id, row: &sale.refunds[0] }],
        new_obligations: vec![&sale.obligations[0]],
        ..Changes::default()
    };
    assert_eq!(Changes::between(&loaded, &decided), Ok(expected));
}

#[test]
fn each_changed_part_is_written_alone_with_its_order() {
    type Part = (&'static str, fn(&mut Sale));
    let loaded = world(&mut Samples::new(3));
    let parts: [Part; 6] = [
        ("order", |sale| sale.order.status = OrderStatus::Failed),
        ("payment", |sale| sale.payment.state = PaymentState::Unresolved),
        ("attempt", |sale| sale.attempts[0].state = AttemptState::Unknown),
        ("hold", |sale| sale.holds[0].state = HoldState::Taken),
        ("refund", |sale| sale.refunds[0].state = RefundState::Sent),
        ("obligation", |sale| sale.obligations[0].state = ObligationState::Done),
    ];
    for (part, change) in parts {
        let mut decided = loaded.clone();
        change(first(&mut decided));
        let changes = Changes::between(&loaded, &decided).unwrap();
        let written = [
            ("order", changes.changed_orders.len()),
            ("payment", changes.changed_payments.len()),
            ("attempt", changes.changed_attempts.len()),
            ("hold", changes.changed_holds.len()),
            ("refund", changes.changed_refunds.len()),
            ("obligation", changes.changed_obligations.len()),
        ];
        for (table, rows) in written {
            let expected = usize::from(table == "order" || table == part);
            assert_eq!(rows, expected, "{table} rows when the {part} changed");
        }
        assert!(changes.changed_products.is_empty() && changes.new_orders.is_empty());
    }
}

#[test]
fn a_row_that_the_decision_left_out_stays_as_it_is() {
    let loaded = world(&mut Samples::new(4));
    let mut decided = loaded.clone();
    decided.sales.clear();
    decided.products.clear();
    assert!(Changes::between(&loaded, &decided).unwrap().is_empty());
}

#[test]
fn the_attempt_that_ends_goes_before_the_one_that_comes_alive() {
    let mut samples = Samples::new(5);
    let mut loaded = world(&mut samples);
    let sale = first(&mut loaded);
    sale.attempts[0].state = AttemptState::NotCharged;
    let second = samples.attempt(2, sale.order.total);
    sale.attempts.push(second);
    let mut decided = loaded.clone();
    let sale = first(&mut decided);
    sale.attempts[0].state = AttemptState::Accepted;
    sale.attempts[1].state = AttemptState::NotCharged;
    let changes = Changes::between(&loaded, &decided).unwrap();
    let numbers: Vec<_> = changes.changed_attempts.iter().map(|of| of.row.to.number).collect();
    assert_eq!(numbers, [2, 1]);
}

#[test]
fn the_refund_that_comes_back_goes_before_the_one_that_leaves() {
    let loaded = world(&mut Samples::new(8));
    for (back, leaves) in [(0, 1), (1, 0)] {
        let mut loaded = loaded.clone();
        first(&mut loaded).refunds[back].state = RefundState::Sent;
        let mut decided = loaded.clone();
        let sale = first(&mut decided);
        sale.refunds[back].state = RefundState::Owed;
        sale.refunds[leaves].state = RefundState::Sent;
        let changes = Changes::between(&loaded, &decided).unwrap();
        let states: Vec<_> = changes.changed_refunds.iter().map(|of| of.row.to.state).collect();
        assert_eq!(states, [RefundState::Owed, RefundState::Sent]);
    }
}

#[test]
fn what_is_taken_back_of_one_fulfilment_is_one_change() {
    let loaded = world(&mut Samples::new(9));
    let mut decided = loaded.clone();
    let taken = |sale: &Sale, quantity| Revocation {
        order_id: sale.order.id,
        product_id: sale.holds[0].product_id,
        quantity,
    };
    let sales: Vec<_> = loaded.sales.values().collect();
    decided.revoked = vec![taken(sales[0], 1), taken(sales[1], 2), taken(sales[0], 3)];
    let changes = Changes::between(&loaded, &decided).unwrap();
    assert_eq!(changes.revoked, [taken(sales[0], 4), taken(sales[1], 2)]);
}

#[test]
fn what_never_changes_is_refused() {
    let loaded = world(&mut Samples::new(6));
    let changes: [fn(&mut Sale); 18] = [
        |sale| sale.version += 1,
        |sale| sale.order.total.minor += 1,
        |sale| sale.order.lines.clear(),
        |sale| sale.payment.amount.minor += 1,
        |sale| sale.attempts[0].gateway_order_id.push('x'),
        |sale| sale.attempts.clear(),
        |sale| sale.holds.clear(),
        |sale| sale.holds[0].quantity += 1,
        |sale| sale.obligations.clear(),
        |sale| sale.attempts[0].means = Means::Page { authentication: None },
        |sale| sale.attempts[0].fee = Some(Money::new(1, Currency::USD)),
        |sale| sale.refunds[0].amount.minor -= 1,
        |sale| sale.refunds[0].charge.push('x'),
        |sale| sale.refunds[0].purpose = RefundPurpose::Compensation,
        |sale| sale.refunds[0].pieces.clear(),
        |sale| sale.refunds[0].attempt_id = Samples::new(1_000).mint.id(),
        |sale| sale.refunds.truncate(1),
        |sale| sale.obligations[0].refund_id = Some(sale.refunds[0].id),
    ];
    for (place, change) in changes.iter().enumerate() {
        let mut decided = loaded.clone();
        change(first(&mut decided));
        let refused = Changes::between(&loaded, &decided);
        assert!(matches!(refused, Err(StoreError::Refused(_))), "change {place}");
    }
}

#[test]
fn an_entry_that_does_not_sum_to_zero_is_refused() {
    let mut samples = Samples::new(7);
    let mut loaded = world(&mut samples);
    let sale = first(&mut loaded).clone();
    let mut decided = loaded.clone();
    decided.postings = samples.postings(&sale);
    assert!(Changes::between(&loaded, &decided).is_ok());
    decided.postings.pop();
    assert!(Changes::between(&loaded, &decided).is_err());
}

#[test]
fn a_wrong_count_names_its_table() {
    assert_eq!(expect_rows("orders", 2, 2), Ok(()));
    let refused = expect_rows("orders", 2, 1).unwrap_err().to_string();
    assert!(refused.contains("1 of 2 rows of orders"), "{refused}");
}
