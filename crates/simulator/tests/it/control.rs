//! `/_sim/…`: books, settings, scripts, outages, restarts, forged callbacks; and the file.

use axum::http::StatusCode;
use payonce_simulator::pg::Simulator;
use payonce_simulator::pg::sender::{Callback, Delivery, Sending};
use payonce_simulator::pg::settings::Settings;
use serde_json::{Value, json};

use crate::world::{CARD, ORDER, UNSTABLE, World, calm, no_key, no_order, pass_ms, payment};

async fn get(world: &World, path: &str) -> Value {
    let answer = world.control("GET", path, Value::Null).await;
    assert_eq!(answer.status, Some(StatusCode::OK), "{answer:?}");
    answer.json()
}

async fn post(world: &World, path: &str, body: Value) -> Value {
    let answer = world.control("POST", path, body).await;
    assert_eq!(answer.status, Some(StatusCode::OK), "{answer:?}");
    answer.json()
}

fn refused(answer: &crate::world::Answer, part: &str) {
    assert_eq!(answer.status, Some(StatusCode::BAD_REQUEST), "{answer:?}");
    assert!(answer.json()["error"].as_str().unwrap().contains(part), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn the_books_tell_everything_but_the_card() {
    let mut settings = calm();
    settings.started_at_ms = Some(1_755_270_000_000);
    let world = World::start(settings);
    let key = world.accepted(ORDER).await;
    pass_ms(2_000).await;
    let books = get(&world, "books").await;
    assert_eq!(
        books["transactions"],
        json!([{
            "index": 0, "transactionKey": key, "orderId": ORDER, "userId": "user-1", "amount": 5000,
            "cardType": "SAMSUNG", "status": "SUCCESS", "reason": "정상 승인되었습니다.",
            "createdAt": "2025-08-15T15:00:00.000Z", "decidedAt": "2025-08-15T15:00:01.000Z",
            "overwritten": false, "lost": false,
            "callbacks": [{"kind": "verdict", "sentAt": "2025-08-15T15:00:01.000Z", "result": "200"}],
        }])
    );
    assert!(key.starts_with("20250816:TR:"), "the date is Seoul's: {key}");
    assert_eq!(
        (&books["posts"], &books["accepted"], &books["refused500"]),
        (&json!(1), &json!(1), &json!(0))
    );
    assert!(!books.to_string().contains(CARD));
    assert!(!format!("{:?}", world.simulator.books(None, 1)).contains("5678"));
}

#[tokio::test(start_paused = true)]
async fn the_books_are_read_in_pages_by_index_or_key() {
    let world = World::start(Settings::zero_latency());
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(world.accepted(ORDER).await);
    }
    let indices = |page: &Value| -> Vec<u64> {
        page["transactions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["index"].as_u64().unwrap())
            .collect()
    };
    let first = get(&world, "books?limit=2").await;
    assert_eq!((indices(&first), &first["next"]), (vec![0, 1], &json!(1)));
    let second = get(&world, "books?limit=2&after=1").await;
    assert_eq!((indices(&second), &second["next"]), (vec![2, 3], &json!(3)));
    let last = get(&world, &format!("books?limit=2&after={}", keys[3])).await;
    assert_eq!((indices(&last), last.get("next")), (vec![4], None));
    refused(&world.control("GET", "books?after=nothing", Value::Null).await, "after is nothing");
    refused(&world.control("GET", "books?page=2", Value::Null).await, "page");
}

#[tokio::test(start_paused = true)]
async fn the_summary_counts_orders_charged_twice() {
    let world = World::start(Settings::zero_latency());
    for order_id in ["1111111", "1111111", "2222222"] {
        world.accepted(order_id).await;
    }
    pass_ms(1).await;
    let summary = get(&world, "summary").await;
    let fields =
        ["transactions", "approved", "approvedAmount", "ordersChargedTwice", "callbacksSent"];
    assert_eq!(fields.map(|field| summary[field].as_u64().unwrap()), [3, 3, 15_000, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn settings_are_changed_field_by_field_and_unknown_ones_refused() {
    let world = World::calm();
    let change =
        json!({"acceptanceFailure": 100, "postFaults": {"hang": 1.5, "lateAnswerMs": 8000}});
    let changed = world.control("PATCH", "settings", change).await.json();
    assert_eq!(changed["acceptanceFailure"], 100.0);
    assert_eq!(changed["postFaults"]["hang"], 1.5);
    assert_eq!(changed["postFaults"]["hangMs"], json!({"from": 60000, "to": 60000}));
    assert_eq!(changed["postFaults"]["lateAnswerMs"], json!({"from": 8000, "to": 8000}));
    assert_eq!(get(&world, "settings").await, changed);
    world.control("PATCH", "settings", json!({"postFaults": {"hang": 0}})).await;
    world.pay(ORDER).await.refused(500, UNSTABLE);

    for (patch, part) in [
        (json!({"acceptanceFail": 1}), "unknown field"),
        (json!({"postFaults": {"hung": 1}}), "unknown field"),
        (json!({"acceptanceFailure": 101}), "101 is not a percentage"),
        (json!({"acceptanceDelayMs": {"from": 2, "to": 1}}), "2 to 1 ms is no range"),
        (json!({"acceptanceDelayMs": "soon"}), "milliseconds"),
        (json!({"limitExceeded": 60, "invalidCard": 60}), "add up to 120"),
        (json!({"keyBits": 0}), "keyBits is 0"),
        (json!({"startedAtMs": 5}), "startedAtMs"),
    ] {
        refused(&world.control("PATCH", "settings", patch).await, part);
    }
    assert_eq!(
        get(&world, "settings").await["acceptanceFailure"],
        100.0,
        "a refused change changes nothing"
    );
}

#[test]
fn stock_settings_survive_json() {
    let stock = Settings::stock(9);
    let json = serde_json::to_value(&stock).unwrap();
    assert_eq!(serde_json::from_value::<Settings>(json).unwrap(), stock);
    assert_eq!(serde_json::from_value::<Settings>(json!({})).unwrap(), Settings::default());
}

#[tokio::test(start_paused = true)]
async fn a_script_arrives_as_json() {
    let world = World::calm();
    let script = json!({
        "posts": [
            {"orderId": ORDER, "steps": ["fail500"]},
            {"steps": ["accept", {"delayMs": 40}, {"processingMs": 5}, {"verdict": "limit"}, {"callback": "drop"}]},
            {"times": 2, "steps": [{"callback": {"delayMs": 1}}, "foreign5xxCreated"]},
        ],
        "lookUps": [{"fault": "notFound"}, {"orderId": "1111111", "fault": {"hangMs": 20}}],
    });
    assert_eq!(post(&world, "script", script).await, json!({"added": {"posts": 3, "lookUps": 2}}));
    assert_eq!(world.pay("1111111").await.elapsed_ms, 40);
    world.pay(ORDER).await.refused(500, UNSTABLE);
    world.pay(ORDER).await.html(502);
    world.pay(ORDER).await.html(502);
    pass_ms(10).await;
    world.by_order("1111111").await.refused(404, &no_order("1111111"));
    let seen = world.by_order("1111111").await;
    assert_eq!(seen.elapsed_ms, 20);
    assert_eq!(seen.data()["transactions"][0]["status"], "FAILED");
    refused(
        &world.control("POST", "script", json!({"posts": [{"steps": ["dance"]}]})).await,
        "dance",
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_loses_every_key_and_task_but_nothing_in_the_books() {
    let world = World::calm();
    let decided = world.accepted(ORDER).await;
    pass_ms(2_000).await;
    let pending = world.accepted("2222222").await;
    world.script_post(payonce_simulator::pg::script::PostScript::next([
        payonce_simulator::pg::script::Step::DelayMs(10_000),
    ]));
    let (caught, _) = tokio::join!(world.pay("3333333"), async {
        pass_ms(100).await;
        post(&world, "restart", json!({})).await
    });
    caught.dropped();
    pass_ms(60_000).await;
    for key in [&decided, &pending] {
        world.by_key(key).await.refused(404, &no_key(key));
    }
    let summary = world.simulator.summary();
    assert_eq!(
        (summary.lost, summary.approved, summary.pending, summary.transactions),
        (2, 1, 1, 2)
    );
    assert_eq!(world.received().len(), 1);
    assert_eq!(world.pay("4444444").await.data()["status"], "PENDING");
    pass_ms(2_000).await;
    assert_eq!(world.received().len(), 2, "the new life processes");
}

#[tokio::test(start_paused = true)]
async fn a_restart_can_keep_the_keys_and_pending_ones_then_stay_pending() {
    let mut keeping = calm();
    keeping.keep_over_restart = true;
    let world = World::start(keeping);
    let key = world.accepted(ORDER).await;
    post(&world, "restart", json!({})).await;
    pass_ms(60_000).await;
    assert_eq!(world.by_key(&key).await.data()["status"], "PENDING");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_ordered_in_seconds_and_spares_the_control_endpoints() {
    let world = World::calm();
    assert_eq!(
        post(&world, "outage", json!({"seconds": 10, "mode": "html503"})).await,
        json!({"seconds": 10, "mode": "html503"})
    );
    world.pay(ORDER).await.html(503);
    get(&world, "summary").await;
    post(&world, "outage", json!({"seconds": 0})).await;
    assert_eq!(world.pay(ORDER).await.data()["status"], "PENDING");
}

#[tokio::test(start_paused = true)]
async fn forged_callbacks_go_to_loopback_only() {
    let world = World::calm();
    let body = json!({"transactionKey": "20250816:TR:000000", "status": "SUCCESS"});
    for url in ["http://localhost:1/x", "http://127.0.0.9:1/x", "http://[::1]:1/x"] {
        let sent = post(&world, "callbacks/forge", json!({"url": url, "body": body})).await;
        assert_eq!(sent, json!({"status": 200}));
    }
    assert!(world.received().iter().all(|one| one.body == body));
    for url in [
        "https://localhost/x",
        "http://example.com/x",
        "http://localhost@example.com/x",
        "nonsense",
    ] {
        refused(
            &world.control("POST", "callbacks/forge", json!({"url": url, "body": body})).await,
            "loopback",
        );
    }
    assert_eq!(world.received().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn unknown_control_endpoints_say_so_plainly() {
    let answer = World::calm().control("GET", "nothing", Value::Null).await;
    assert_eq!(answer.status, Some(StatusCode::NOT_FOUND));
    assert_eq!(answer.json(), json!({"error": "no such control endpoint"}));
}

#[tokio::test(start_paused = true)]
async fn the_management_port_is_up() {
    let router = World::calm().simulator.management_router();
    let request =
        axum::http::Request::get("/actuator/health").body(axum::body::Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
    assert_eq!(body, r#"{"status":"UP"}"#);
}

#[tokio::test(start_paused = true)]
async fn books_kept_in_a_file_outlive_the_process_without_the_card() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.jsonl");
    let silent = |_: Callback| -> Sending { Box::pin(async { Delivery::Answered(200) }) };
    let call =
        |simulator: &Simulator, request| tower::ServiceExt::oneshot(simulator.router(), request);
    let pay = |order_id: &str| {
        axum::http::Request::post("/api/v1/payments")
            .header("x-user-id", "user-1")
            .header("content-type", "application/json")
            .body(axum::body::Body::from(payment(order_id).to_string()))
            .unwrap()
    };
    let first = Simulator::resume(calm(), silent, &file).unwrap();
    call(&first, pay("1111111")).await.unwrap();
    pass_ms(2_000).await;
    call(&first, pay("2222222")).await.unwrap();
    first.shutdown().await;

    let written = std::fs::read_to_string(&file).unwrap();
    assert!(!written.contains("5678") && !written.contains("9814"), "{written}");
    // A crash in the middle of a line loses that line only.
    std::fs::write(&file, format!("{written}{{\"change\":\"Cre")).unwrap();
    for _ in 0..2 {
        let second = Simulator::resume(calm(), silent, &file).unwrap();
        pass_ms(60_000).await;
        let statuses: Vec<_> =
            second.books(None, 9).transactions.iter().map(|row| row.status).collect();
        assert_eq!(statuses, ["SUCCESS", "PENDING"]);
    }
    let third = Simulator::resume(calm(), silent, &file).unwrap();
    call(&third, pay("3333333")).await.unwrap();
    third.restart();
    let fourth = Simulator::resume(calm(), silent, &file).unwrap();
    assert_eq!(fourth.summary().lost, 3);
}
