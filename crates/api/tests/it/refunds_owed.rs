//! Operators look at money that is not back yet.

use std::time::Duration;

use payonce_domain::refund::evidence::RefundOutcome;
use serde_json::{Value, json};

use crate::world::{World, payment_path};

const PATH: &str = "/v1/ops/refunds";

/// A refund of which its gateway says this, once it was worked on; its id.
async fn refund(world: &World, key: &str, outcome: RefundOutcome) -> String {
    let order = world.paid(key, 1_000, 1).await;
    let body = json!({"amount": 600, "reason": "a damaged copy"});
    let path = format!("{}/refunds", payment_path(&order));
    let refund = world.keyed(&path, &world.shop, &format!("r-{key}"), &body).await.is(202);
    world.hosted.refunds.lock().push_back(outcome);
    world.work().await;
    world.move_on(Duration::from_secs(1));
    refund["id"].as_str().expect("an id").to_owned()
}

fn refused() -> RefundOutcome {
    RefundOutcome::Refused { text: "account closed".to_owned() }
}

fn unknown() -> RefundOutcome {
    RefundOutcome::Unknown { text: "no answer".to_owned() }
}

async fn ids(world: &World, query: &str) -> Vec<String> {
    let listed = world.get(&format!("{PATH}{query}"), &world.operator).await.is(200);
    let ids = listed["data"].as_array().expect("data").iter();
    ids.map(|refund| refund["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn what_is_not_back_is_listed_oldest_first_with_what_stands_against_it() {
    let world = World::new().await;
    let first = refund(&world, "a", refused()).await;
    let done = RefundOutcome::Done { reference: "rf-1".to_owned() };
    let _back = refund(&world, "b", done).await;
    let second = refund(&world, "c", unknown()).await;
    for (query, expected) in [
        ("", vec![&first, &second]),
        ("?state=refused", vec![&first]),
        ("?state=undecided", vec![&second]),
        ("?state=unknown", vec![&second]),
        ("?state=owed", vec![]),
        ("?state=sent", vec![]),
    ] {
        assert_eq!(ids(&world, query).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let listed = world.get(PATH, &world.shop).await.is(200);
    let (parked, doubt) = (&listed["data"][0], &listed["data"][1]);
    assert_eq!((&parked["status"], &parked["amount"]), (&"refused".into(), &600.into()));
    assert_eq!(
        (&parked["last_error"], &parked["due_at"]),
        (&"account closed".into(), &Value::Null)
    );
    assert!(parked["order_id"].is_string() && parked["payment_id"].is_string());
    assert!(parked["age_ms"].as_u64().is_some_and(|age| age >= 3_000), "{parked}");
    assert_eq!((&doubt["status"], &doubt["gateway"]), (&"unknown".into(), &"hosted".into()));
    assert!(doubt["due_at"].is_string() && doubt["tries"].is_u64(), "{doubt}");

    let page = world.get(&format!("{PATH}?limit=1"), &world.shop).await.is(200);
    assert_eq!((&page["data"][0]["id"], &page["next_cursor"]), (&json!(first), &json!(first)));
    assert_eq!(ids(&world, &format!("?limit=1&cursor={first}")).await, [second]);
}

#[tokio::test]
async fn what_is_back_or_has_another_in_its_place_is_not_listed() {
    let world = World::new().await;
    let id = refund(&world, "a", refused()).await;
    let retry = format!("{PATH}/{id}/retry");
    let body = json!({"reason": "the buyer gave another account"});
    world.post(&retry, &world.operator, &body).await.is(202);
    assert_eq!(ids(&world, "?state=owed").await, [id]);
    world.work().await;
    assert!(ids(&world, "").await.is_empty());

    let id = refund(&world, "b", refused()).await;
    assert_eq!(ids(&world, "").await, [id.as_str()]);
    let refund = world.get(&format!("/v1/refunds/{id}"), &world.shop).await.is(200);
    let payment = refund["payment_id"].as_str().expect("an id");
    let path = format!("/v1/payments/{payment}/refunds");
    let all = json!({"reason": "all of it"});
    world.keyed(&path, &world.shop, "all", &all).await.is(202);
    world.work().await;
    assert!(ids(&world, "").await.is_empty());
}

#[tokio::test]
async fn buyers_see_nothing_and_nonsense_is_refused() {
    let world = World::new().await;
    world.get(PATH, &world.buyer).await.refused(403, "FORBIDDEN");
    for (query, code, param) in [
        ("state=done", "INVALID_REQUEST", "state"),
        ("state=", "INVALID_REQUEST", "state"),
        ("cursor=ord_1", "INVALID_REQUEST", "cursor"),
        ("status=owed", "UNKNOWN_FIELD", "status"),
    ] {
        let answer = world.get(&format!("{PATH}?{query}"), &world.shop).await;
        assert_eq!(answer.refused(400, code)["param"], param, "{query}");
    }
}
