//! Transactions, §13.

use serde_json::{Value, json};

use super::world::{ORDER, World, pass_ms};

const TODAY: &str = "startDate=2026-01-14&endDate=2026-01-15";

async fn rows(world: &World, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("/v1/transactions?{query}")).await.ok();
    answer.as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn every_approval_and_cancel_is_a_row_on_the_same_day() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    let part = world.cancel(&key, json!({"cancelAmount": 5_000})).await.ok();
    let rows = rows(&world, TODAY).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0],
        json!({
            "mId": "payoncesim", "transactionKey": rows[0]["transactionKey"], "paymentKey": key,
            "orderId": ORDER, "method": "카드", "customerKey": null, "useEscrow": false,
            "receiptUrl": part["receipt"]["url"], "status": "DONE",
            "transactionAt": "2026-01-14T10:15:30+09:00", "currency": "KRW", "amount": 15000,
        })
    );
    assert_eq!(rows[1]["transactionKey"], part["lastTransactionKey"]);
    assert_eq!(rows[1]["status"], "PARTIAL_CANCELED");
    assert_eq!(rows[1]["amount"], -5_000);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_walks_all_rows_once() {
    let world = World::start();
    for at in 0..7 {
        world.paid(&format!("ord_walk_{at}")).await;
        pass_ms(1_000).await;
    }
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = rows(&world, &format!("{TODAY}&limit=3{after}")).await;
        seen.extend(page.iter().map(|row| row["orderId"].as_str().unwrap().to_owned()));
        if page.len() < 3 {
            break;
        }
        after = format!("&startingAfter={}", page[2]["transactionKey"].as_str().unwrap());
    }
    assert_eq!(seen, (0..7).map(|at| format!("ord_walk_{at}")).collect::<Vec<_>>());
    let window = "startDate=2026-01-14T10:15:31&endDate=2026-01-14T10:15:33";
    assert_eq!(rows(&world, window).await.len(), 3, "both ends included");
}

#[tokio::test(start_paused = true)]
async fn bad_windows_cursors_and_limits_are_refused() {
    let world = World::start();
    for (query, code) in [
        ("startDate=2026-01-14T00:00:00Z&endDate=2026-01-15", "INVALID_DATE"),
        ("startDate=2026-02-30&endDate=2026-03-01", "INVALID_DATE"),
        ("endDate=2026-01-15", "INVALID_REQUEST"),
        ("startDate=2026-01-14&endDate=2026-01-15&limit=5001", "EXCEED_MAX_QUERY_LIMIT"),
        ("startDate=2026-01-14&endDate=2026-01-15&startingAfter=x", "INVALID_PAGING_KEY"),
    ] {
        world.get(&format!("/v1/transactions?{query}")).await.refused(400, code);
    }
}
