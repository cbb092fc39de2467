//! `/_sim/…`: the buyer without a browser, settings, profiles and the books.

use serde_json::{Value, json};

use super::world::{ORDER, World};

#[tokio::test(start_paused = true)]
async fn a_payment_is_made_without_a_browser_and_stands_in_the_books() {
    let world = World::start();
    let opening =
        json!({"orderId": ORDER, "orderName": "원두", "amount": 10_000, "taxFreeAmount": 3_000});
    let opened = world.control("POST", "payments", opening).await.ok();
    let key = opened["paymentKey"].as_str().unwrap();
    let path = format!("payments/{key}/authenticate");
    let returned = world.control("POST", &path, json!({})).await.ok();
    assert_eq!(
        returned,
        json!({
            "outcome": "success", "paymentType": "NORMAL", "paymentKey": key, "orderId": ORDER,
            "amount": 10_000,
        })
    );
    assert_eq!(world.control("POST", &path, json!({})).await.status.unwrap().as_u16(), 409);
    let payment = world.confirm(key, ORDER, 10_000).await.ok();
    assert_eq!((&payment["vat"], &payment["taxFreeAmount"]), (&json!(636), &json!(3_000)));
    let books = world.control("GET", "books", Value::Null).await.ok();
    let transaction_key = &payment["lastTransactionKey"];
    assert_eq!(
        books["payments"],
        json!([{
            "paymentKey": key, "orderId": ORDER, "type": "NORMAL", "status": "DONE",
            "amount": 10_000, "balance": 10_000, "approvals": 1, "hidden": false,
            "requestedAt": "2026-01-14T01:15:30.000Z", "approvedAt": "2026-01-14T01:15:30.000Z",
            "transactionKey": transaction_key, "cancels": [],
        }])
    );
    assert_eq!(
        books["requests"],
        json!([{
            "operation": "confirm", "paymentKey": key, "orderId": ORDER,
            "at": "2026-01-14T01:15:30.000Z", "executed": "200", "answered": "200",
        }])
    );
    let summary = world.control("GET", "summary", Value::Null).await.ok();
    assert_eq!(summary, books["summary"]);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_cannot_open_says_why() {
    let world = World::start();
    let cheap = json!({"orderId": ORDER, "orderName": "원두", "amount": 99});
    let answer = world.control("POST", "payments", cheap).await;
    assert!(answer.json()["error"].as_str().unwrap().starts_with("BELOW_MINIMUM_AMOUNT"));
}

#[tokio::test(start_paused = true)]
async fn settings_are_replaced_patched_or_taken_from_a_profile() {
    let world = World::start();
    let patched = world.control("PATCH", "settings", json!({"faults": {"query": {"fail": 100}}}));
    assert_eq!(patched.await.ok()["faults"]["query"]["fail"], 100.0);
    let key = world.opened(ORDER);
    world.query(&key).await.refused(500, "FAILED_INTERNAL_SYSTEM_PROCESSING");
    let replaced = world.control("PUT", "settings", json!({"shopName": "책방"})).await.ok();
    assert_eq!(
        (&replaced["shopName"], &replaced["faults"]["query"]["fail"]),
        (&json!("책방"), &json!(0.0))
    );
    world.query(&key).await.ok();
    let taken = world.control("PUT", "profile", json!({"profile": "late_completion"})).await.ok();
    assert_eq!(taken["faults"]["confirm"]["late"], 100.0);
    world.control("PUT", "profile", json!({"profile": "calm"})).await.ok();
    for (wrong, part) in [
        (json!({"faults": {"cancel": {"fail": 60, "lost": 50}}}), "faults.cancel adds up to 110"),
        (json!({"webhooks": {"timeScale": -1}}), "timeScale"),
        (json!({"mId": "fifteen letters"}), "mId"),
        (json!({"startedAtMs": 1}), "startedAtMs"),
        (json!({"unknown": 1}), "unknown field"),
    ] {
        let answer = world.control("PATCH", "settings", wrong).await;
        assert_eq!(answer.status.unwrap().as_u16(), 400, "{answer:?}");
        assert!(answer.json()["error"].as_str().unwrap().contains(part), "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn scripts_and_hidden_payments_are_set_over_the_wire() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    let script = json!({"calls": [
        {"operation": "query", "course": {"hang": {"ms": 60_000, "doneAfterMs": 0}}},
        {"operation": "query", "course": {"answer": {"code": "PROVIDER_ERROR"}}},
        {"operation": "query", "course": {"tooMany": {"withBody": true}}},
        {"operation": "query", "course": "foreignAfter"},
    ]});
    assert_eq!(world.control("POST", "script", script).await.ok()["added"]["calls"], 4);
    assert_eq!(world.query(&key).await.elapsed_ms, 60_000);
    world.query(&key).await.refused(400, "PROVIDER_ERROR");
    world.query(&key).await.refused(429, "TOO_MANY_REQUESTS");
    let page = world.query(&key).await;
    assert!(page.status.unwrap().as_u16() == 504 && page.text.starts_with("<html>"));
    let path = format!("payments/{key}/hide");
    world.control("POST", &path, json!({"hidden": true})).await.ok();
    world.query(&key).await.refused(404, "NOT_FOUND_PAYMENT");
    world.cancel(&key, json!({})).await.ok();
    world.control("POST", &path, json!({"hidden": false})).await.ok();
    assert_eq!(world.query(&key).await.ok()["status"], "CANCELED");
}
