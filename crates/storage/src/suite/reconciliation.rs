//! Reconciling: which orders a report may be about, what was found, and whose turn it is.

use std::time::Duration;

use payonce_domain::{
    gateway::GatewayName,
    ids::OrderId,
    payment::AttemptState,
    reconciliation::{Date, FindingType, Severity},
    refund::{Refund, RefundState},
    sale::Sale,
    time::Timestamp,
};
use payonce_ports::{
    reconciliation::{FindingRow, Names, ReconciliationRun, Turn},
    store::Store,
};

use super::{
    Books, add,
    samples::{START, Samples},
};

fn gateway() -> GatewayName {
    GatewayName::new("pg_simulator")
}

fn day() -> Date {
    Date::of_seoul(START)
}

fn minute(minutes: u64) -> Timestamp {
    START.after(Duration::from_mins(minutes))
}

fn ids(sales: &[Sale]) -> Vec<OrderId> {
    sales.iter().map(|sale| sale.order.id).collect()
}

/// Three orders: charged in the first minute, in the third, and in the first at another gateway.
/// Of the second, some was given back in the fifth minute.
async fn three_orders(store: &dyn Store, samples: &mut Samples) -> [Sale; 3] {
    let product = samples.product(1);
    let mut sales = [1, 3, 1].map(|minutes| {
        let mut sale = samples.sale(&product);
        let attempt = &mut sale.attempts[0];
        attempt.state = AttemptState::Approved;
        attempt.certain_at = Some(minute(minutes));
        attempt.reference = Some(format!("pay-{}", attempt.id));
        sale
    });
    sales[2].attempts[0].gateway = GatewayName::new("other");
    for place in [1, 2] {
        let refund = Refund {
            state: RefundState::Done,
            certain_at: Some(minute(5)),
            charge: "second-charge".to_owned(),
            reference: Some("cancel-1".to_owned()),
            ..samples.refund(&sales[place])
        };
        sales[place].refunds = vec![refund];
    }
    sales.sort_by_key(|sale| (sale.attempts[0].gateway != gateway(), sale.order.id));
    let mut undecided = samples.sale(&product);
    undecided.attempts[0].recorded_at = minute(1);
    for sale in sales.iter().cloned().chain([undecided]) {
        add(store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    sales
}

/// Charges and refunds alike, page by page; the end of the window is not in it.
pub async fn what_became_certain_in_a_window_is_found(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(70);
    let [one, two, elsewhere] = three_orders(&*store, &mut samples).await;
    let charged_at = |sale: &Sale| sale.attempts[0].certain_at;
    let early = if charged_at(&one) == Some(minute(1)) { one.order.id } else { two.order.id };
    let late = if early == one.order.id { two.order.id } else { one.order.id };
    for (from, to, expected) in [
        (0, 10, vec![one.order.id, two.order.id]),
        (0, 3, vec![early]),
        (3, 4, vec![late]),
        (5, 6, vec![late]),
        (6, 9, vec![]),
    ] {
        let found = store.sales_moved(&gateway(), minute(from), minute(to), None, 10).await;
        assert_eq!(ids(&found.unwrap()), expected, "{from} to {to}");
    }
    let here = gateway();
    let page = |after, limit| store.sales_moved(&here, START, minute(10), after, limit);
    assert_eq!(page(None, 1).await, Ok(vec![one.clone()]));
    assert_eq!(page(Some(one.order.id), 1).await, Ok(vec![two]));
    let other = elsewhere.attempts[0].gateway.clone();
    let found = store.sales_moved(&other, START, minute(10), None, 10).await;
    assert_eq!(found, Ok(vec![elsewhere]));
}

/// By our order id, by the gateway's name of the payment, of a charge given back or of a refund.
pub async fn what_a_report_names_is_found(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(71);
    let [one, two, _elsewhere] = three_orders(&*store, &mut samples).await;
    let refunded = if one.refunds.is_empty() { &two } else { &one };
    let order_id = |sale: &Sale| sale.attempts[0].gateway_order_id.clone();
    let reference = |sale: &Sale| sale.attempts[0].reference.clone().unwrap();
    let all = vec![one.order.id, two.order.id];
    for (order_ids, references, expected) in [
        (vec![], vec![], vec![]),
        (vec!["nobody's".to_owned()], vec!["nobody's".to_owned()], vec![]),
        (vec![order_id(&one)], vec![], vec![one.order.id]),
        (vec![order_id(&one)], vec![reference(&two), reference(&one)], all),
        (vec![], vec!["second-charge".to_owned()], vec![refunded.order.id]),
        (vec![], vec!["cancel-1".to_owned()], vec![refunded.order.id]),
    ] {
        let names = Names { gateway_order_ids: order_ids, references };
        let found = store.sales_named(&gateway(), &names).await.unwrap();
        assert_eq!(ids(&found), expected, "{names:?}");
    }
}

fn run(samples: &mut Samples, minutes: u64) -> ReconciliationRun {
    ReconciliationRun {
        id: samples.mint.id(),
        gateway: gateway(),
        day: day(),
        at: minute(minutes),
        source: "정산.csv".to_owned(),
        matched: 12,
        totals: r#"[{"kind":"charge"}]"#.to_owned(),
        findings: 2,
    }
}

fn finding(samples: &mut Samples, key: &str, minutes: u64) -> FindingRow {
    FindingRow {
        key: key.to_owned(),
        gateway: gateway(),
        day: day(),
        first_seen: minute(minutes),
        last_seen: minute(minutes),
        closed_at: None,
        severity: Severity::Critical,
        kind: FindingType::UnknownKey,
        english: "it differs.".to_owned(),
        korean: "다릅니다.".to_owned(),
        repair: "incident".to_owned(),
        repaired_at: None,
        order_id: Some(samples.mint.id()),
        payment_id: None,
    }
}

/// A commit in doubt may be sent again: it is the same run.
pub async fn a_run_is_recorded_once_with_its_findings(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(72);
    let (first, second) = (run(&mut samples, 1), run(&mut samples, 2));
    let mut found = vec![finding(&mut samples, "a", 1), finding(&mut samples, "b", 1)];
    found[1].closed_at = Some(minute(1));
    found[1].repaired_at = Some(minute(1));
    for _ in 0..2 {
        store.record_reconciliation(&first, &found).await.unwrap();
        assert_eq!(store.reconciliations(&gateway(), day(), 9).await, Ok(vec![first.clone()]));
        assert_eq!(store.open_findings(None, 9).await, Ok(vec![found[0].clone()]));
    }
    store.record_reconciliation(&second, &found).await.unwrap();
    let runs = store.reconciliations(&gateway(), day(), 9).await;
    assert_eq!(runs, Ok(vec![second, first]));
    assert_eq!(store.reconciliations(&gateway(), day().next(), 9).await, Ok(vec![]));
}

/// A run without findings closes those of its gateway and day, and no others.
pub async fn a_finding_that_is_gone_is_closed_and_one_that_comes_back_is_not(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(73);
    let (gone, kept) = (finding(&mut samples, "gone", 1), finding(&mut samples, "kept", 1));
    let elsewhere =
        FindingRow { gateway: GatewayName::new("other"), ..finding(&mut samples, "elsewhere", 1) };
    let tomorrow = FindingRow { day: day().next(), ..finding(&mut samples, "tomorrow", 1) };
    let first = run(&mut samples, 1);
    store.record_reconciliation(&first, &[gone.clone(), kept.clone()]).await.unwrap();
    store.add_findings(&[elsewhere.clone(), tomorrow.clone()]).await.unwrap();
    let again = FindingRow { repair: "look_up".to_owned(), ..finding(&mut samples, "kept", 2) };
    let second = run(&mut samples, 2);
    store.record_reconciliation(&second, std::slice::from_ref(&again)).await.unwrap();
    let kept = FindingRow { first_seen: kept.first_seen, ..again };
    let expected = vec![elsewhere.clone(), kept.clone(), tomorrow.clone()];
    assert_eq!(store.open_findings(None, 9).await, Ok(expected));
    let other = elsewhere.gateway.clone();
    assert_eq!(store.open_findings(Some(&other), 9).await, Ok(vec![elsewhere.clone()]));
    let third = run(&mut samples, 3);
    let back = FindingRow { last_seen: minute(3), ..gone };
    store.record_reconciliation(&third, std::slice::from_ref(&back)).await.unwrap();
    assert_eq!(store.open_findings(None, 9).await, Ok(vec![elsewhere, back, tomorrow]));
}

/// Two processes reconcile a day once; one that dies in the middle is followed by another.
pub async fn one_process_takes_a_turn_until_its_lease_ends(books: &dyn Books) {
    let (one, two) = (books.store().await, books.store().await);
    let lease = Duration::from_mins(10);
    let turn = Turn { gateway: gateway(), day: day(), run_on: day().next() };
    assert_eq!(one.take_turn(&turn, lease).await, Ok(true));
    assert_eq!(two.take_turn(&turn, lease).await, Ok(false));
    books.clock().advance(lease);
    assert_eq!(two.take_turn(&turn, lease).await, Ok(true));
    assert_eq!(one.take_turn(&turn, lease).await, Ok(false));
    two.end_turn(&turn).await.unwrap();
    books.clock().advance(lease);
    assert_eq!(one.take_turn(&turn, lease).await, Ok(false));
    let later = Turn { run_on: turn.run_on.next(), ..turn };
    assert_eq!(one.take_turn(&later, lease).await, Ok(true));
}
