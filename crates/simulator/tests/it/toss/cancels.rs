//! Cancels, §4.3: their arithmetic, their lock, and both ways to be too late.

use serde_json::{Value, json};

use super::world::{ORDER, World};

fn amounts(payment: &Value) -> [u64; 4] {
    ["totalAmount", "balanceAmount", "suppliedAmount", "vat"]
        .map(|name| payment[name].as_u64().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_full_cancel_is_final() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    let canceled = world.cancel(&key, json!({})).await.ok();
    assert_eq!(canceled["status"], "CANCELED");
    assert_eq!(amounts(&canceled), [15_000, 0, 0, 0]);
    let [cancel] = canceled["cancels"].as_array().unwrap().as_slice() else {
        panic!("one cancel: {canceled}");
    };
    assert_eq!(cancel["transactionKey"], canceled["lastTransactionKey"]);
    assert_eq!(
        *cancel,
        json!({
            "cancelAmount": 15000, "cancelReason": "고객 변심", "taxFreeAmount": 0,
            "taxExemptionAmount": 0, "refundableAmount": 0, "cardDiscountAmount": 0,
            "transferDiscountAmount": 0, "easyPayDiscountAmount": 0,
            "canceledAt": "2026-01-14T10:15:30+09:00", "transactionKey": cancel["transactionKey"],
            "receiptKey": null, "cancelStatus": "DONE", "cancelRequestId": null,
        })
    );
    world.cancel(&key, json!({})).await.refused(400, "ALREADY_CANCELED_PAYMENT");
    assert_eq!(world.query(&key).await.ok(), canceled);
}

#[tokio::test(start_paused = true)]
async fn partial_cancels_recompute_the_vat_and_keep_their_status_at_zero() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    let first = world.cancel(&key, json!({"cancelAmount": 5_000})).await.ok();
    assert_eq!(first["status"], "PARTIAL_CANCELED");
    assert_eq!(amounts(&first), [15_000, 10_000, 9_091, 909]);
    world.cancel(&key, json!({"cancelAmount": 10_001})).await.refused(403, "NOT_CANCELABLE_AMOUNT");
    let rest = world.cancel(&key, json!({})).await.ok();
    assert_eq!(rest["status"], "PARTIAL_CANCELED");
    assert_eq!(amounts(&rest), [15_000, 0, 0, 0]);
    let cancels = rest["cancels"].as_array().unwrap();
    let left: Vec<_> = cancels.iter().map(|one| one["refundableAmount"].clone()).collect();
    assert_eq!(left, [json!(10_000), json!(0)]);
    assert_ne!(cancels[0]["transactionKey"], cancels[1]["transactionKey"]);
    world.cancel(&key, json!({})).await.refused(403, "NOT_CANCELABLE_AMOUNT");
}

#[tokio::test(start_paused = true)]
async fn the_lock_refuses_a_balance_that_is_not_the_gateways() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    let locked = |refundable: u64| json!({"cancelAmount": 5_000, "refundableAmount": refundable});
    world.cancel(&key, locked(14_000)).await.refused(400, "NOT_MATCHES_REFUNDABLE_AMOUNT");
    world.cancel(&key, locked(15_000)).await.ok();
    world.cancel(&key, locked(15_000)).await.refused(400, "NOT_MATCHES_REFUNDABLE_AMOUNT");
    assert_eq!(world.simulator.books().payments[0].cancels.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_paid_can_be_cancelled() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.cancel(&key, json!({})).await.refused(403, "NOT_CANCELABLE_PAYMENT");
    world.cancel("tgen_unknown", json!({})).await.refused(404, "NOT_FOUND_PAYMENT");
    world.confirm(&key, ORDER, 15_000).await.ok();
    for wrong in [
        json!({"cancelReason": ""}),
        json!({"cancelReason": null}),
        json!({"cancelReason": "가".repeat(201)}),
        json!({"cancelAmount": 0}),
        json!({"cancelAmount": -1}),
        json!({"cancelAmount": 0.5}),
        json!({"cancelAmount": 5_000, "taxFreeAmount": 1}),
        json!({"currency": "USD"}),
    ] {
        world.cancel(&key, wrong).await.refused(400, "INVALID_REQUEST");
    }
    assert_eq!(world.query(&key).await.ok()["balanceAmount"], 15_000);
}
