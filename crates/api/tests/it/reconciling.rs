//! Operators have a gateway's day held against the books.

use std::{sync::atomic::Ordering, time::Duration};

use axum::http::Method;
use payonce_domain::{gateway::GatewayName, reconciliation::Date};
use payonce_ports::gateway::DayReport;
use serde_json::{Value, json};

use crate::{
    gateway::{HOSTED, NAME},
    world::World,
};

const PATH: &str = "/v1/ops/reconciliation";
const HEADER: &str = "reference,gateway_order_id,kind,amount,at";

fn today(world: &World) -> Date {
    Date::of_seoul(payonce_ports::clock::Clock::now(&world.clock))
}

/// A row of what the gateway charged for this order.
fn row(world: &World, order: &Value, amount: i64) -> String {
    let attempt = &order["payment"]["last_attempt"];
    let (reference, order_id) = (&attempt["reference"], &attempt["gateway_order_id"]);
    let (reference, order_id) = (reference.as_str(), order_id.as_str());
    let day = today(world);
    format!("{},{},charge,{amount},{day}", reference.expect("one"), order_id.expect("one"))
}

/// Two orders were charged; of one the gateway says that it was less.
async fn one_defect(world: &World) -> (Value, Value) {
    let (agreed, less) = (world.paid("a", 10_000, 1).await, world.paid("b", 5_000, 1).await);
    let rows = [row(world, &agreed, 10_000), row(world, &less, 4_000)].join("\n");
    let body = json!({
        "gateway": HOSTED,
        "date": today(world).to_string(),
        "lines": format!("{HEADER}\n{rows}\n"),
        "reason": "monthly close",
    });
    (body, less)
}

async fn listed(world: &World) -> Value {
    world.get(PATH, &world.operator).await.is(200)
}

async fn acts(world: &World) -> Value {
    world.get("/v1/ops/audit", &world.operator).await.is(200)["data"].clone()
}

async fn assert_untouched(world: &World) {
    let listed = listed(world).await;
    assert_eq!((&listed["runs"]["data"], &listed["findings"]["data"]), (&json!([]), &json!([])));
    assert_eq!(acts(world).await, json!([]));
}

#[tokio::test]
async fn lines_with_one_defect_are_reconciled_and_the_defect_stays_listed() {
    let world = World::new().await;
    let (body, less) = one_defect(&world).await;
    let report = world.post(PATH, &world.operator, &body).await.is(200);
    assert_eq!((&report["source"], &report["needs_person"]), (&"request".into(), &true.into()));
    assert_eq!(report["totals"][0]["matched"], 1);
    assert_eq!(report["totals"][0]["amount"], 10_000);
    assert_eq!(report["findings"].as_array().map(Vec::len), Some(1), "{report}");
    let finding = &report["findings"][0];
    assert_eq!((&finding["difference"], &finding["outcome"]), (&"amount".into(), &"person".into()));
    assert_eq!((&finding["seen"]["minor"], &finding["order_id"]), (&4_000.into(), &less["id"]));

    world.move_on(Duration::from_hours(72));
    for (language, word) in [("en", "our books have"), ("ko", "금액")] {
        let headers = [("accept-language", language)];
        let path = format!("{PATH}?gateway={HOSTED}&limit=5");
        let listed = world.call(Method::GET, &path, &world.shop, &headers, "").await.is(200);
        let (run, open) = (&listed["runs"]["data"][0], &listed["findings"]["data"][0]);
        assert_eq!((&run["matched"], &run["findings"]), (&1.into(), &1.into()));
        assert_eq!((&run["day"], &run["totals"][0]["amount"]), (&body["date"], &10_000.into()));
        assert_eq!((&open["key"], &open["repair"]), (&finding["key"], &"incident".into()));
        assert_eq!((&open["age_days"], &open["order_id"]), (&3.into(), &less["id"]));
        let text = open["text"].as_str().expect("a sentence");
        assert!(text.contains(word), "{text}");
    }
    let elsewhere = world.get(&format!("{PATH}?gateway={NAME}"), &world.shop).await.is(200);
    assert_eq!(elsewhere["findings"]["data"], json!([]));
}

#[tokio::test]
async fn a_run_is_in_the_audit_log_and_is_listed_to_its_limit() {
    let world = World::new().await;
    let (body, _less) = one_defect(&world).await;
    for _again in 0..2 {
        world.post(PATH, &world.operator, &body).await.is(200);
    }
    let acts = acts(&world).await;
    assert_eq!(acts.as_array().map(Vec::len), Some(2));
    assert_eq!(acts[0]["action"], "reconciliation.run");
    assert_eq!(acts[0]["subject"], format!("{HOSTED} {}", today(&world)));
    assert!(acts[0]["actor"].as_str().is_some_and(|actor| actor.starts_with("usr_")));
    assert_eq!(acts[0]["detail"]["reason"], "monthly close");
    assert_eq!(acts[0]["detail"]["lines"]["count"], 2);
    let listed = world.get(&format!("{PATH}?limit=1"), &world.operator).await.is(200);
    assert_eq!(listed["runs"]["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&listed["runs"]["has_more"], &listed["findings"]["has_more"]),
        (&true.into(), &false.into())
    );
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_done_and_changes_nothing() {
    let world = World::new().await;
    let (mut body, _less) = one_defect(&world).await;
    body["dry_run"] = json!(true);
    let report = world.post(PATH, &world.operator, &body).await.is(200);
    assert_eq!((&report["dry_run"], &report["needs_person"]), (&true.into(), &true.into()));
    assert_eq!(report["findings"][0]["outcome"], "planned");
    assert_untouched(&world).await;
}

#[tokio::test]
async fn of_lines_that_are_not_understood_the_place_is_told_and_nothing_used() {
    let world = World::new().await;
    let (mut body, _less) = one_defect(&world).await;
    let lines = body["lines"].as_str().expect("text").to_owned();
    for (lines, places) in [
        (lines.replace(",4000,", ",a lot,"), ["line 3", "column 4 (amount)"]),
        (format!("{lines}x,y,charge,1234-5678-9814-1451,\n"), ["line 4", "****-****-****-****"]),
        (lines.replace("amount", "what"), ["line 1", "amount"]),
        (r#"[{"orderId": 1"#.to_owned(), ["line 1", "understood"]),
        (String::new(), ["no line", "understood"]),
    ] {
        body["lines"] = json!(lines);
        let answer = world.post(PATH, &world.operator, &body).await;
        let problem = answer.refused(400, "LINES_UNREADABLE");
        assert_eq!(problem["param"], "lines");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(places.iter().all(|place| detail.contains(place)), "{detail}");
    }
    body["lines"] = json!(lines.replace(",4000,", ",a lot,"));
    let korean = [("accept-language", "ko")];
    let answer = world.call(Method::POST, PATH, &world.operator, &korean, body.to_string()).await;
    let detail = answer.refused(400, "LINES_UNREADABLE")["detail"].to_string();
    assert!(detail.contains("3행 4 (amount) 열"), "{detail}");
    assert_untouched(&world).await;
}

#[tokio::test]
async fn only_an_operator_in_person_runs_it_and_buyers_see_nothing() {
    let world = World::new().await;
    let (body, _less) = one_defect(&world).await;
    for token in [&world.buyer, &world.shop] {
        world.post(PATH, token, &body).await.refused(403, "FORBIDDEN");
    }
    world.post(PATH, "", &body).await.refused(401, "UNAUTHENTICATED");
    world.get(PATH, &world.buyer).await.refused(403, "FORBIDDEN");
    world.get(PATH, &world.shop).await.is(200);
    world.get(&format!("{PATH}?gatway=toss"), &world.shop).await.refused(400, "UNKNOWN_FIELD");
    assert_untouched(&world).await;
}

#[tokio::test]
async fn each_wrong_field_of_a_run_is_named() {
    let world = World::new().await;
    let (body, _less) = one_defect(&world).await;
    let tomorrow = today(&world).next().to_string();
    for (field, value) in [
        ("gateway", json!("nowhere")),
        ("gateway", Value::Null),
        ("date", json!("20261118")),
        ("date", json!(tomorrow)),
        ("date", Value::Null),
        ("dry_run", json!("yes")),
        ("lines", json!([])),
        ("reason", json!("")),
    ] {
        let mut body = body.clone();
        body[field] = value;
        let answer = world.post(PATH, &world.operator, &body).await;
        assert_eq!(answer.refused(400, "INVALID_REQUEST")["param"], field, "{body}");
    }
    let mut unknown = body.clone();
    unknown["dryrun"] = json!(true);
    world.post(PATH, &world.operator, &unknown).await.refused(400, "UNKNOWN_FIELD");
    let mut without = body;
    without["lines"] = Value::Null;
    let answer = world.post(PATH, &world.operator, &without).await;
    assert_eq!(answer.refused(422, "NO_SETTLEMENT_QUERY")["param"], "lines");
    assert_untouched(&world).await;
}

#[tokio::test]
async fn a_caller_that_leaves_does_not_stop_it_and_a_second_one_waits_for_its_end() {
    let world = World::new().await;
    *world.hosted.report.lock() = Some(Ok(DayReport::default()));
    world.hosted.report_is_slow.store(true, Ordering::Relaxed);
    let body = json!({"gateway": HOSTED, "date": today(&world).to_string()});
    let leaving = world.post(PATH, &world.operator, &body);
    let left = tokio::time::timeout(Duration::from_millis(300), leaving).await;
    assert!(left.is_err(), "the report is not there yet");
    world.post(PATH, &world.operator, &body).await.refused(503, "OVERLOADED");
    world.hosted.report_is_slow.store(false, Ordering::Relaxed);
    world.hosted.release.notify_one();
    let done = async {
        while listed(&world).await["runs"]["data"] == json!([]) {
            crate::world::pause(5).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.expect("it is done");
    assert_eq!(listed(&world).await["runs"]["data"][0]["source"], "gateway");
    assert_eq!(acts(&world).await[0]["detail"]["lines"], Value::Null);
    let books = world.engine.books();
    let runs = books.reconciliations(&GatewayName::new(HOSTED), today(&world), 9).await;
    assert_eq!(runs.map(|runs| runs.len()), Ok(1));
}

#[tokio::test]
async fn a_report_that_the_gateway_does_not_give_is_told_and_stays_listed() {
    let world = World::new().await;
    *world.hosted.report.lock() = Some(Err("it is not made yet".to_owned()));
    let body = json!({"gateway": HOSTED, "date": today(&world).to_string()});
    let answer = world.post(PATH, &world.operator, &body).await;
    let problem = answer.refused(503, "NO_SETTLEMENT_REPORT");
    assert!(problem["detail"].as_str().is_some_and(|text| text.contains("not made yet")));
    let listed = listed(&world).await;
    assert_eq!(listed["findings"]["data"][0]["repair"], "incident");
    assert_eq!(listed["runs"]["data"], json!([]));
}

#[tokio::test]
async fn lines_may_be_some_megabytes_and_no_more() {
    let world = World::new().await;
    let (mut body, _less) = one_defect(&world).await;
    let lines = body["lines"].as_str().expect("text").to_owned();
    let blank = ",,,,\n";
    body["lines"] = json!(lines.clone() + &blank.repeat(1_000_000));
    world.post(PATH, &world.operator, &body).await.is(200);
    body["lines"] = json!(lines + &blank.repeat(2_000_000));
    let large = body.to_string();
    let length = large.len().to_string();
    let said = [("content-length", length.as_str())];
    for headers in [&said[..], &[]] {
        let answer = world.call(Method::POST, PATH, &world.operator, headers, large.clone()).await;
        answer.refused(413, "BODY_TOO_LARGE");
    }
    world.call(Method::POST, PATH, &world.buyer, &[], large).await.refused(403, "FORBIDDEN");
}
