//! Every day by itself: once, by one process, missed days too; what is missing is an alarm.

use std::time::Duration;

use payonce_ports::clock::Clock;

use crate::{
    planted::{Defect, clean_day, plant},
    shop::{Shop, day, pretend},
};

/// The gateway has a report of each of the last fortnight's days that has none yet.
fn reports_all_days(shop: &Shop) {
    let mut gateway = shop.gateway.lock();
    for days in 0..14 {
        gateway.days.entry(day().minus_days(days)).or_default();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fortnight_is_caught_up_once_by_whoever_comes_first() {
    let shop = Shop::on_sqlite().await;
    clean_day(&shop).await;
    reports_all_days(&shop);
    let nine = day().next().starts_in_seoul().after(Duration::from_hours(9));
    shop.clock.advance(nine.since(shop.clock.now()));
    assert_eq!(shop.engine.reconcile_due().await, Ok(vec![]), "not before ten");
    shop.next_day();
    let other = shop.another_process();
    let (one, two) = tokio::join!(shop.engine.reconcile_due(), other.reconcile_due());
    let mut days: Vec<_> =
        one.unwrap().into_iter().chain(two.unwrap()).map(|done| done.day).collect();
    days.sort_unstable();
    let fortnight: Vec<_> = (1..=14).rev().map(|days| day().next().minus_days(days)).collect();
    assert_eq!(days, fortnight);
    assert_eq!(shop.engine.reconcile_due().await, Ok(vec![]));
    shop.assert_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_report_is_an_alarm_and_is_asked_for_again() {
    let shop = Shop::on_sqlite().await;
    reports_all_days(&shop);
    let gone = shop.gateway.lock().days.remove(&day()).unwrap();
    shop.next_day();
    assert_eq!(shop.engine.reconcile_due().await.unwrap().len(), 13);
    let open = shop.store.open_findings(Some(&pretend()), 9).await.unwrap();
    assert_eq!(open[0].key, format!("report_missing:pretend:{}", day()));
    shop.gateway.lock().days.insert(day(), gone);
    assert_eq!(shop.engine.reconcile_due().await, Ok(vec![]), "its turn is still taken");
    shop.clock.advance(Duration::from_mins(30));
    assert_eq!(shop.engine.reconcile_due().await.unwrap().len(), 1);
    assert_eq!(shop.store.open_findings(None, 9).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_something_open_is_looked_at_every_day_until_a_person_must() {
    let shop = Shop::on_sqlite().await;
    plant(&shop, Defect::NotListed).await;
    reports_all_days(&shop);
    shop.next_day();
    let mut done = Vec::new();
    for days in 1..=4 {
        let yesterday = day().plus_days(days - 1);
        shop.gateway.lock().days.entry(yesterday).or_default();
        let reconciled = shop.engine.reconcile_due().await.unwrap();
        let of_the_day = reconciled.iter().find(|reconciled| reconciled.day == day());
        done.push(of_the_day.unwrap().found[0].done.word());
        shop.clock.advance(Duration::from_hours(24));
    }
    assert_eq!(done[..2], ["confirmed_by_gateway"; 2]);
    assert_eq!(done[2..], ["person"; 2]);
}
