//! States and their ends, §3: thirty minutes to authenticate, ten to confirm.

use payonce_simulator::toss::buyer::{BuyerChoice, ReturnQuery};
use payonce_simulator::toss::operation::Operation;
use payonce_simulator::toss::plan::Course;
use serde_json::json;

use super::world::{MINUTE_MS, ORDER, World, pass_ms};

#[tokio::test(start_paused = true)]
async fn a_window_nobody_used_expires_after_thirty_minutes() {
    let world = World::start();
    let key = world.opened(ORDER);
    let ready = world.query(&key).await.ok();
    assert_eq!((&ready["status"], &ready["method"]), (&json!("READY"), &json!(null)));
    world.confirm(&key, ORDER, 15_000).await.refused(404, "NOT_FOUND_PAYMENT_SESSION");
    pass_ms(30 * MINUTE_MS - 1).await;
    assert_eq!(world.query(&key).await.ok()["status"], "READY");
    pass_ms(1).await;
    let expired = world.query(&key).await.ok();
    assert_eq!(expired["status"], "EXPIRED");
    assert_eq!(expired["failure"]["code"], "EXPIRED_PAYMENT");
    assert_eq!(expired["useEscrow"], json!(null));
    assert_eq!(world.simulator.authenticate(&key, BuyerChoice::Pay), None);
    assert_eq!(world.statuses().await, ["EXPIRED"]);
}

#[tokio::test(start_paused = true)]
async fn a_confirm_comes_within_ten_minutes_or_finds_no_session() {
    let world = World::start();
    let key = world.opened(ORDER);
    pass_ms(29 * MINUTE_MS).await;
    world.simulator.authenticate(&key, BuyerChoice::Pay).unwrap();
    pass_ms(10 * MINUTE_MS - 1).await;
    assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
    pass_ms(1).await;
    world.confirm(&key, ORDER, 15_000).await.refused(404, "NOT_FOUND_PAYMENT_SESSION");
    assert_eq!(world.query(&key).await.ok()["status"], "EXPIRED");
    pass_ms(60 * MINUTE_MS).await;
    assert_eq!(world.statuses().await, ["EXPIRED"], "told once");
}

#[tokio::test(start_paused = true)]
async fn a_confirm_that_came_in_time_is_in_time_however_long_it_takes() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    pass_ms(9 * MINUTE_MS).await;
    world.script(Operation::Confirm, Course::Late { ms: 20 * MINUTE_MS });
    world.confirm(&key, ORDER, 15_000).await.dropped();
    pass_ms(19 * MINUTE_MS).await;
    assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
    pass_ms(MINUTE_MS).await;
    assert_eq!(world.query(&key).await.ok()["status"], "DONE");
    assert_eq!(world.statuses().await, ["DONE"]);
}

#[tokio::test(start_paused = true)]
async fn a_late_confirm_that_is_refused_lets_the_payment_expire() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.script(Operation::Confirm, Course::Late { ms: 20 * MINUTE_MS });
    world.confirm(&key, ORDER, 100).await.dropped();
    pass_ms(20 * MINUTE_MS + 1).await;
    assert_eq!(world.query(&key).await.ok()["status"], "EXPIRED");
    assert_eq!(world.statuses().await, ["EXPIRED"]);
}

#[tokio::test(start_paused = true)]
async fn a_buyer_who_gives_up_or_is_declined_may_try_again() {
    let world = World::start();
    let key = world.opened(ORDER);
    for (choice, expected) in [
        (BuyerChoice::Cancel, "PAY_PROCESS_CANCELED"),
        (BuyerChoice::Declined, "PAY_PROCESS_ABORTED"),
    ] {
        let returned = world.simulator.authenticate(&key, choice).unwrap();
        assert!(matches!(&returned, ReturnQuery::Fail { code, .. } if *code == expected));
        assert_eq!(returned.pairs()[2], ("orderId", ORDER.to_owned()));
        assert_eq!(world.query(&key).await.ok()["status"], "READY");
    }
    let returned = world.simulator.authenticate(&key, BuyerChoice::Pay).unwrap();
    let names: Vec<_> = returned.pairs().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["paymentType", "paymentKey", "orderId", "amount"]);
    assert_eq!(world.simulator.authenticate(&key, BuyerChoice::Pay), None, "once");
}
