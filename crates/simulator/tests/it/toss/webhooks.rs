//! Webhooks, §12.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use payonce_simulator::toss::buyer::BuyerChoice;
use serde_json::{Value, json};

use super::world::{MINUTE_MS, ORDER, World, pass_ms};

#[tokio::test(start_paused = true)]
async fn every_change_of_status_is_told_with_the_whole_payment() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    let [done] = world.received().await.try_into().expect("one webhook");
    assert_eq!(done.body["eventType"], "PAYMENT_STATUS_CHANGED");
    assert_eq!(done.body["createdAt"], "2026-01-14T10:15:30.000000");
    assert_eq!(done.body["data"], world.query(&key).await.ok());
    assert!(done.header("transmission-id").unwrap().starts_with("whtrans_"));
    assert_eq!(done.header("transmission-time"), Some("2026-01-14T10:15:30+09:00"));
    assert_eq!(done.header("retried-count"), Some("0"));
    assert_eq!(done.header("signature"), None);
    world.cancel(&key, json!({"cancelAmount": 5_000})).await.ok();
    world.cancel(&key, json!({"cancelAmount": 5_000})).await.ok();
    let full = world.paid("ord_full_cancel").await;
    world.cancel(&full, json!({})).await.ok();
    let aborted = world.opened("ord_aborted");
    world.simulator.authenticate(&aborted, BuyerChoice::PayOverLimit).unwrap();
    world.confirm(&aborted, "ord_aborted", 15_000).await.refused(403, "REJECT_CARD_PAYMENT");
    let told = ["DONE", "PARTIAL_CANCELED", "PARTIAL_CANCELED", "DONE", "CANCELED", "ABORTED"];
    assert_eq!(world.statuses().await, told);
}

#[tokio::test(start_paused = true)]
async fn only_200_counts_and_resends_follow_the_schedule() {
    let world = World::start();
    world.receiver_answers([500, 201, 404, 302, 503, 0, 500, 500]);
    world.paid(ORDER).await;
    pass_ms(10_000 * MINUTE_MS).await;
    let received = world.received().await;
    let minutes: Vec<_> = received.iter().map(|one| one.at_ms / u128::from(MINUTE_MS)).collect();
    assert_eq!(minutes, [0, 1, 5, 21, 85, 341, 1_365, 5_461]);
    // The receiver that never answered was given ten seconds.
    assert_eq!(received[6].at_ms, u128::from(1_365 * MINUTE_MS + 10_000));
    let counts: Vec<_> = received.iter().map(|one| one.header("retried-count").unwrap()).collect();
    assert_eq!(counts, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    let ids: Vec<_> = received.iter().map(|one| one.header("transmission-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let results: Vec<_> =
        world.simulator.books().webhooks.into_iter().map(|one| one.result).collect();
    assert_eq!(results[5], "no answer within 10000 ms");
}

#[tokio::test(start_paused = true)]
async fn the_schedule_is_scaled_and_ends_with_the_first_200() {
    let world = World::with(json!({"webhooks": {"timeScale": 0.001}}));
    world.receiver_answers([500, 500]);
    world.paid(ORDER).await;
    pass_ms(10_000).await;
    let at: Vec<_> = world.received().await.iter().map(|one| one.at_ms).collect();
    assert_eq!(at, [0, 60, 300]);
}

#[tokio::test(start_paused = true)]
async fn faults_duplicate_delay_drop_and_forge() {
    let told = |faults: Value| async move {
        let world = World::with(json!({"webhooks": {"faults": faults}}));
        let key = world.paid(ORDER).await;
        pass_ms(60_000).await;
        let secret = world.query(&key).await.ok()["secret"].clone();
        let received = world.received().await;
        received
            .into_iter()
            .map(|one| (one.at_ms, one.body["data"]["secret"] == secret))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(json!({"drop": 100})).await, []);
    assert_eq!(told(json!({"duplicate": 100})).await, [(0, true), (0, true)]);
    assert_eq!(told(json!({"delay": 100, "delayMs": 5_000})).await, [(5_000, true)]);
    assert_eq!(told(json!({"forged": 100})).await, [(0, false), (0, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_held_back_is_overtaken() {
    let world = World::with(json!({"webhooks": {"faults": {"reorder": 100}}}));
    let key = world.paid(ORDER).await;
    pass_ms(1_000).await;
    let settings = json!({"webhooks": {"faults": {"reorder": 0}}});
    world.control("PATCH", "settings", settings).await.ok();
    world.cancel(&key, json!({})).await.ok();
    assert_eq!(world.statuses().await, ["CANCELED", "DONE"]);
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_repeated_and_forged_on_request() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    let forged = json!({"paymentKey": key, "forgedStatus": "DONE"});
    world.control("POST", "webhooks", forged).await.ok();
    world.control("POST", "webhooks", json!({"paymentKey": key, "times": 2})).await.ok();
    let received = world.received().await;
    let secret = world.query(&key).await.ok()["secret"].clone();
    assert_eq!(received[0].status(), "DONE");
    assert_ne!(received[0].body["data"]["secret"], secret);
    assert_eq!(received[1].body["data"]["secret"], secret);
    assert_eq!(received[1].header("transmission-id"), received[2].header("transmission-id"));
    assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn a_payout_is_signed_over_its_body_and_time() {
    let world = World::start();
    world
        .control("POST", "webhooks/payout", json!({"id": "po_1", "status": "COMPLETED"}))
        .await
        .ok();
    let [payout] = world.received().await.try_into().expect("one webhook");
    assert_eq!(payout.body["entityBody"]["status"], "COMPLETED");
    let settings = world.simulator.settings();
    let key = hmac::Key::new(hmac::HMAC_SHA256, settings.webhooks.security_key.as_bytes());
    let time = payout.header("transmission-time").unwrap();
    let signed = [payout.raw.as_slice(), b":", time.as_bytes()].concat();
    let signature = payout.header("signature").unwrap().strip_prefix("v1:").unwrap();
    hmac::verify(&key, &signed, &STANDARD.decode(signature).unwrap()).unwrap();
}
