//! Callbacks, §11, and their faults.

use payonce_simulator::pg::Simulator;
use payonce_simulator::pg::script::{CallbackStep, PostScript, Script, Step};
use payonce_simulator::pg::sender::{Callback, Sending};
use serde_json::json;

use crate::world::{CARD, ORDER, World, calm, pass_ms, payment_with};

fn callback_fault(step: CallbackStep) -> PostScript {
    PostScript::next([Step::Callback(step)])
}

#[tokio::test(start_paused = true)]
async fn a_callback_is_the_bare_transaction_and_follows_the_verdict() {
    let world = World::calm();
    let key = world.accepted(ORDER).await;
    pass_ms(2_000).await;
    let [callback] = world.received().try_into().ok().expect("one callback");
    assert_eq!(callback.url, "http://localhost:8080/api/v1/payments/callback");
    assert_eq!(
        callback.body,
        json!({
            "transactionKey": key, "orderId": ORDER, "cardType": "SAMSUNG", "cardNo": CARD,
            "amount": 5000, "status": "SUCCESS", "reason": "정상 승인되었습니다.",
        })
    );
    assert_eq!(world.by_key(&key).await.data(), callback.body);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_callback_never_comes() {
    let world = World::calm();
    world.script_post(callback_fault(CallbackStep::Drop));
    let key = world.accepted(ORDER).await;
    pass_ms(60_000).await;
    assert!(world.received().is_empty());
    assert_eq!(world.by_key(&key).await.data()["status"], "SUCCESS");
}

#[tokio::test(start_paused = true)]
async fn a_duplicated_callback_comes_twice_and_both_are_in_the_books() {
    let world = World::calm();
    world.script_post(callback_fault(CallbackStep::Duplicate));
    world.accepted(ORDER).await;
    pass_ms(2_000).await;
    let received = world.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    let kinds: Vec<_> = world.simulator.books(None, 1).transactions[0]
        .callbacks
        .iter()
        .map(|one| one.kind)
        .collect();
    assert_eq!(kinds, ["verdict", "duplicate"]);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_callback_comes_long_after_the_verdict() {
    let world = World::calm();
    world.script_post(callback_fault(CallbackStep::DelayMs(30_000)));
    world.accepted(ORDER).await;
    pass_ms(30_900).await;
    assert!(world.received().is_empty());
    pass_ms(200).await;
    assert_eq!(world.received().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reordered_callback_is_overtaken_by_the_next_one() {
    let world = World::calm();
    world.script_post(callback_fault(CallbackStep::Reorder));
    world.accepted("1111111").await;
    pass_ms(500).await;
    world.accepted("2222222").await;
    pass_ms(5_000).await;
    let orders: Vec<_> = world.received().iter().map(|one| one.body["orderId"].clone()).collect();
    assert_eq!(orders, ["2222222", "1111111"]);
}

#[tokio::test(start_paused = true)]
async fn a_reordered_callback_that_nothing_overtakes_comes_all_the_same() {
    let world = World::calm();
    world.script_post(callback_fault(CallbackStep::Reorder));
    world.accepted(ORDER).await;
    pass_ms(12_000).await;
    assert_eq!(world.received().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_early_callback_comes_before_the_answer_of_the_post() {
    let world = World::calm();
    world.script_post(PostScript::next([Step::Callback(CallbackStep::Early), Step::LateMs(100)]));
    let answer = world.pay(ORDER).await;
    let received = world.received();
    assert_eq!(received[0].at_ms, 0);
    assert_eq!(received[0].body["transactionKey"], answer.data()["transactionKey"]);
    assert_eq!(received[0].body["status"], "SUCCESS");
    pass_ms(10_000).await;
    assert_eq!(world.received().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_callback_can_carry_another_amount_or_order_while_the_look_up_is_true() {
    let world = World::calm();
    world.script_post(callback_fault(CallbackStep::WrongAmount));
    world.script_post(callback_fault(CallbackStep::WrongOrder));
    let keys = [world.accepted(ORDER).await, world.accepted(ORDER).await];
    pass_ms(2_000).await;
    let received = world.received();
    let said: Vec<_> = received
        .iter()
        .map(|one| (one.body["orderId"] == ORDER, one.body["amount"] == 5000))
        .collect();
    assert_eq!(said, [(true, false), (false, true)]);
    for key in &keys {
        let truth = world.by_key(key).await.data();
        assert_eq!((&truth["orderId"], &truth["amount"]), (&json!(ORDER), &json!(5000)));
    }
}

#[tokio::test(start_paused = true)]
async fn forged_callbacks_announce_what_the_gateway_never_decided() {
    let world = World::calm();
    world.script_post(PostScript::next([
        Step::Callback(CallbackStep::ForgedBeforeVerdict),
        Step::Callback(CallbackStep::ForgedUnknownKey),
        Step::NeverProcess,
    ]));
    let key = world.accepted(ORDER).await;
    pass_ms(60_000).await;
    let received = world.received();
    assert_eq!(received.len(), 2);
    assert!(received.iter().all(|one| one.body["status"] == "SUCCESS"));
    assert_eq!(received[0].body["transactionKey"], key.as_str());
    let unknown = received[1].body["transactionKey"].as_str().unwrap();
    assert_ne!(unknown, key);
    assert_eq!(world.by_key(unknown).await.status.map(|status| status.as_u16()), Some(404));
    assert_eq!(world.by_key(&key).await.data()["status"], "PENDING");
}

#[tokio::test(start_paused = true)]
async fn every_drawn_callback_fault_takes_effect() {
    for (fault, count) in [
        ("drop", 0),
        ("duplicate", 2),
        ("delay", 0),
        ("reorder", 0),
        ("early", 1),
        ("wrongAmount", 1),
        ("wrongOrder", 1),
        ("forgedBeforeVerdict", 2),
        ("forgedUnknownKey", 2),
    ] {
        let mut faulty = calm();
        faulty.callback_faults = serde_json::from_value(json!({ fault: 100 })).unwrap();
        let world = World::start(faulty);
        world.accepted(ORDER).await;
        pass_ms(2_000).await;
        let received = world.received();
        assert_eq!(received.len(), count, "{fault}");
        let wrong =
            received.iter().any(|one| one.body["amount"] != 5000 || one.body["orderId"] != ORDER);
        assert_eq!(wrong, fault.starts_with("wrong"), "{fault}");
        pass_ms(60_000).await;
        assert_eq!(world.received().is_empty(), fault == "drop", "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn braces_in_the_url_make_the_delivery_fail() {
    let world = World::calm();
    world.post(&payment_with("callbackUrl", "http://localhost:8080/{id}")).await.data();
    world.post(&payment_with("callbackUrl", "http://localhost:8080/a%20b")).await.data();
    pass_ms(2_000).await;
    let urls: Vec<_> = world.received().into_iter().map(|one| one.url).collect();
    assert_eq!(urls, ["http://localhost:8080/a%2520b"]);
    let failed = &world.simulator.books(None, 1).transactions[0].callbacks[0].result;
    assert_eq!(failed, "the URL template has a variable without a value");
}

#[tokio::test(start_paused = true)]
async fn callbacks_can_be_switched_off() {
    let mut silent = calm();
    silent.callbacks = false;
    let world = World::start(silent);
    world.accepted(ORDER).await;
    pass_ms(60_000).await;
    assert!(world.received().is_empty());
    assert_eq!(world.simulator.summary().approved, 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_gives_up_on_a_receiver_that_hangs() {
    let hang = |_: Callback| -> Sending { Box::pin(std::future::pending()) };
    let mut patient = calm();
    patient.callback_timeout_ms = Some(3_000);
    let simulator = Simulator::start_with(patient, hang);
    simulator.script(Script { posts: vec![PostScript::next([Step::Accept])], look_ups: vec![] });
    let router = simulator.router();
    let request = axum::http::Request::post("/api/v1/payments")
        .header("x-user-id", "u")
        .header("content-type", "application/json")
        .body(axum::body::Body::from(crate::world::payment(ORDER).to_string()))
        .unwrap();
    tower::ServiceExt::oneshot(router, request).await.unwrap();
    pass_ms(3_900).await;
    assert!(simulator.books(None, 1).transactions[0].callbacks.is_empty());
    pass_ms(200).await;
    assert_eq!(
        simulator.books(None, 1).transactions[0].callbacks[0].result,
        "no answer within 3000 ms"
    );
}
