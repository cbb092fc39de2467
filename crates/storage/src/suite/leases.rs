//! Obligations are leased to one caller at a time, by the store's clock, under a growing fence.

use std::{collections::BTreeSet, time::Duration};

use payonce_domain::{ids::ObligationId, obligation::ObligationState, time::Timestamp};
use payonce_ports::store::Store;

use super::{
    Books, add, change_sale,
    samples::{START, Samples},
};

const LEASE: Duration = Duration::from_secs(30);

/// Adds this many sales, each owing one look-up; the first is the oldest and due first.
async fn owe(store: &dyn Store, samples: &mut Samples, count: u32) -> Vec<ObligationId> {
    let product = samples.product(1);
    let mut sales = Vec::new();
    for place in 0..count {
        let mut sale = samples.sale(&product);
        let moment = Timestamp::from_micros(START.micros() + i64::from(place));
        sale.obligations[0].created_at = moment;
        sale.obligations[0].due_at = moment;
        sales.push(sale);
    }
    let ids = sales.iter().map(|sale| sale.obligations[0].id).collect();
    add(store, move |world| {
        world.sales = sales.into_iter().map(|sale| (sale.order.id, sale)).collect();
    })
    .await;
    ids
}

/// In the order of their due times, not before they are due, and not twice.
pub async fn what_is_due_is_leased_once(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(20);
    let ids = owe(&*store, &mut samples, 6).await;
    assert_eq!(store.claim(10, LEASE).await.unwrap().len(), 1, "only one is due already");
    books.clock().advance(Duration::from_micros(4));
    let leased = store.claim(3, LEASE).await.unwrap();
    let now = Timestamp::from_micros(START.micros() + 4);
    let leased_ids: Vec<_> = leased.iter().map(|owed| owed.id).collect();
    assert_eq!(leased_ids, [ids[1], ids[2], ids[4]], "the oldest two and the newest");
    assert!(leased.iter().all(|owed| owed.fence == 1));
    assert!(leased.iter().all(|owed| owed.leased_until == Some(now.after(LEASE))));
    assert_eq!(store.claim(10, LEASE).await.unwrap()[0].id, ids[3]);
    assert_eq!(store.claim(10, LEASE).await, Ok(Vec::new()));
    assert_eq!(store.claim(0, LEASE).await, Ok(Vec::new()));
}

/// A bad row is leased and left out; what is due behind it is given out.
pub async fn a_row_that_cannot_be_read_holds_nothing_up(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(24);
    let ids = owe(&*store, &mut samples, 3).await;
    books.clock().advance(Duration::from_micros(3));
    books
        .run_sql(&format!("UPDATE obligations SET attempt_id = 'x' WHERE id = '{}'", ids[0]))
        .await;
    let leased: Vec<_> = store.claim(10, LEASE).await.unwrap().iter().map(|o| o.id).collect();
    assert_eq!(leased, ids[1..]);
    assert_eq!(store.claim(10, LEASE).await, Ok(Vec::new()), "it waits for its lease to end");
}

/// Many callers at once share out what is due; none is given twice.
pub async fn claims_are_never_given_twice(books: &dyn Books) {
    let stores = [books.store().await, books.store().await, books.store().await];
    let mut samples = Samples::new(21);
    let ids = owe(&*stores[0], &mut samples, 60).await;
    books.clock().advance(Duration::from_secs(1));
    let mut callers = Vec::new();
    for caller in 0..12 {
        let store = stores[caller % stores.len()].clone();
        callers.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..20 {
                mine.extend(store.claim(3, LEASE).await.unwrap());
            }
            mine
        }));
    }
    let mut given = Vec::new();
    for caller in callers {
        given.extend(caller.await.unwrap().into_iter().map(|owed| owed.id));
    }
    assert_eq!(given.len(), ids.len());
    assert_eq!(given.into_iter().collect::<BTreeSet<_>>(), ids.into_iter().collect());
}

/// Who slept through a lease finds its fence too old.
pub async fn a_stale_fence_releases_nothing(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(22);
    owe(&*store, &mut samples, 1).await;
    let slept = store.claim(1, LEASE).await.unwrap();
    books.clock().advance(LEASE);
    let newest = store.claim(1, LEASE).await.unwrap();
    assert_eq!((slept[0].fence, newest[0].fence), (1, 2));
    store.release(&slept).await.unwrap();
    assert_eq!(store.claim(1, LEASE).await, Ok(Vec::new()), "the newest lease still holds");
    store.release(&newest).await.unwrap();
    assert_eq!(store.claim(1, LEASE).await.unwrap()[0].fence, 3);
    store.release(&[]).await.unwrap();
}

/// A decision on a sale sees the newest fence, and a lease given meanwhile is kept.
pub async fn a_decision_sees_the_newest_fence(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(23);
    owe(&*store, &mut samples, 1).await;
    let leased = store.claim(1, LEASE).await.unwrap().remove(0);
    let order_id = leased.order_id;
    change_sale(&*store, order_id, move |sale| {
        assert_eq!(sale.obligations, [leased]);
        sale.obligations[0].state = ObligationState::Parked;
        sale.obligations[0].leased_until = None;
    })
    .await
    .unwrap();
    books.clock().advance(LEASE);
    assert_eq!(store.claim(1, LEASE).await, Ok(Vec::new()), "a parked one is nobody's");
    let backlog = store.backlog().await.unwrap();
    assert_eq!(backlog.len(), 1);
    assert_eq!((backlog[0].state, backlog[0].count), (ObligationState::Parked, 1));
}

/// An appointed look-up is due then, be it earlier or later; a leased one is left to who has it.
pub async fn an_appointed_look_up_is_due_then(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(25);
    let product = samples.product(1);
    let mut appointed = Vec::new();
    for _ in 0..2 {
        let mut sale = samples.sale(&product);
        sale.obligations[0].due_at = START.after(Duration::from_hours(1));
        appointed.push((sale.order.id, sale.attempts[0].id));
        add(&*store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    let [(order_id, attempt_id), (other_id, other_attempt_id)] = appointed[..] else {
        panic!("two sales");
    };
    assert_eq!(store.claim(2, LEASE).await, Ok(Vec::new()));
    let (now, later) = (Duration::ZERO, Duration::from_hours(2));
    store.appoint(&[(attempt_id, now), (other_attempt_id, later)]).await.unwrap();
    store.appoint(&[]).await.unwrap();
    let other = store.sale(other_id).await.unwrap().unwrap();
    assert_eq!(other.obligations[0].due_at, START.after(later));
    let leased = store.claim(2, LEASE).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].order_id, leased[0].due_at), (order_id, START));
    store.appoint(&[(attempt_id, later)]).await.unwrap();
    let left = store.sale(order_id).await.unwrap().unwrap();
    assert_eq!(left.obligations[0].due_at, START, "who has it appoints it");
    books.clock().advance(LEASE);
    store.appoint(&[(attempt_id, later)]).await.unwrap();
    let after = store.sale(order_id).await.unwrap().unwrap();
    assert_eq!(after.obligations[0].due_at, START.after(LEASE).after(later));
}

/// After an outage thousands are due at once: half of each claim is for those who came last.
pub async fn the_newest_do_not_wait_for_a_backlog(books: &dyn Books) {
    let store = books.store().await;
    let mut samples = Samples::new(26);
    let old = owe(&*store, &mut samples, 1_000).await;
    let outage = Duration::from_mins(10);
    books.clock().advance(outage);
    let product = samples.product(1);
    let mut new = BTreeSet::new();
    for _ in 0..5 {
        let mut sale = samples.sale(&product);
        sale.obligations[0].created_at = START.after(outage);
        sale.obligations[0].due_at = START.after(outage);
        new.insert(sale.obligations[0].id);
        add(&*store, move |world| drop(world.sales.insert(sale.order.id, sale))).await;
    }
    let claimed = store.claim(16, LEASE).await.unwrap();
    let ids: BTreeSet<_> = claimed.iter().map(|owed| owed.id).collect();
    assert_eq!((claimed.len(), ids.len()), (16, 16));
    assert!(ids.is_superset(&new), "all who came last");
    assert!(old[..8].iter().all(|id| ids.contains(id)), "and the oldest half");
    let mut given = ids.len();
    while given < 1_005 {
        let more = store.claim(400, LEASE).await.unwrap();
        assert!(!more.is_empty(), "{given} of 1005 were given");
        given += more.len();
    }
    assert_eq!((given, store.claim(400, LEASE).await), (1_005, Ok(Vec::new())));
}
