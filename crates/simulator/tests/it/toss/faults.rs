//! What goes wrong on request: scripted courses, and the shares of profiles.

use axum::http::StatusCode;
use payonce_simulator::toss::faults::Profile;
use payonce_simulator::toss::operation::Operation;
use payonce_simulator::toss::plan::Course;
use payonce_simulator::toss::script::{CallScript, Script};
use serde_json::json;

use super::world::{Answer, DAY_MS, ORDER, World, pass_ms};

#[tokio::test(start_paused = true)]
async fn a_lost_answer_was_carried_out() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.script(Operation::Confirm, Course::Lost);
    world.confirm_as("k-1", &key, 15_000).await.dropped();
    assert_eq!(world.query(&key).await.ok()["status"], "DONE");
    assert_eq!(world.confirm_as("k-1", &key, 15_000).await.ok()["status"], "DONE");
    let request = &world.simulator.books().requests[0];
    assert_eq!(request.executed.as_deref(), Some("200"));
    assert_eq!(request.answered.as_deref(), Some("dropped"));
    world.script(Operation::Cancel, Course::Lost);
    world.cancel(&key, json!({"cancelAmount": 1_000})).await.dropped();
    assert_eq!(world.query(&key).await.ok()["balanceAmount"], 14_000);
}

#[tokio::test(start_paused = true)]
async fn a_connection_dropped_before_is_as_if_nothing_was_sent() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    for course in [Course::DropBefore, Course::Foreign] {
        world.script(Operation::Confirm, course);
        let answer = world.confirm_as("k-1", &key, 15_000).await;
        assert_ne!(answer.status, Some(StatusCode::OK));
        assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
    }
    assert_eq!(world.confirm_as("k-1", &key, 15_000).await.ok()["status"], "DONE");
}

#[tokio::test(start_paused = true)]
async fn a_server_error_tells_nothing_about_the_money() {
    let world = World::start();
    for (order_id, course, status) in [
        ("ord_nothing", Course::Fail, "IN_PROGRESS"),
        ("ord_everything", Course::FailAfter, "DONE"),
    ] {
        let key = world.authenticated(order_id);
        world.script(Operation::Confirm, course);
        let answer = world.confirm(&key, order_id, 15_000).await;
        answer.refused(500, "FAILED_INTERNAL_SYSTEM_PROCESSING");
        assert_eq!(world.query(&key).await.ok()["status"], status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_call_goes_on_after_its_caller_is_gone() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.script(Operation::Confirm, Course::Hang { ms: 60_000, done_after_ms: 30_000 });
    tokio::select! {
        _ = world.confirm(&key, ORDER, 15_000) => panic!("it hangs"),
        () = pass_ms(5_000) => {}
    }
    assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
    pass_ms(26_000).await;
    assert_eq!(world.query(&key).await.ok()["status"], "DONE");
}

#[tokio::test(start_paused = true)]
async fn a_script_waits_for_its_order() {
    let world = World::start();
    let (other, chosen) = (world.authenticated("ord_other"), world.authenticated(ORDER));
    let entry = CallScript::for_order(
        Operation::Query,
        ORDER,
        Course::Answer { code: "NOT_FOUND_PAYMENT".to_owned() },
    );
    world.simulator.script(Script { calls: vec![entry.times(2)] });
    world.query(&other).await.ok();
    world.query(&chosen).await.refused(404, "NOT_FOUND_PAYMENT");
    let by_order = world.get(&format!("/v1/payments/orders/{ORDER}")).await;
    by_order.refused(404, "NOT_FOUND_PAYMENT");
    world.query(&chosen).await.ok();
}

#[tokio::test(start_paused = true)]
async fn a_bookstore_fails_a_third_hangs_a_third_and_half_of_the_failed_are_done() {
    let world = World::with(json!({"seed": 7}));
    world.simulator.take_profile(Profile::Bookstore);
    let (mut failed, mut failed_done, mut hung, mut fine) = (0, 0, 0, 0);
    for at in 0..300 {
        let order_id = format!("ord_book_{at}");
        let key = world.authenticated(&order_id);
        let answer = world.confirm(&key, &order_id, 15_000).await;
        let done = world.query(&key).await.ok()["status"] == "DONE";
        match (answer.status.unwrap(), answer.elapsed_ms) {
            (StatusCode::INTERNAL_SERVER_ERROR, 0) => {
                failed += 1;
                failed_done += u32::from(done);
            }
            (StatusCode::OK, 60_000) => hung += 1,
            (StatusCode::OK, 0) => fine += 1,
            _ => panic!("{answer:?}"),
        }
    }
    for share in [failed, hung, fine] {
        assert!((75..=125).contains(&share), "{failed} failed, {hung} hung, {fine} fine");
    }
    assert!((30..=70).contains(&failed_done), "{failed_done} of {failed} were done");
    assert_eq!(world.simulator.summary().approved_twice, 0);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_draws_the_same_faults() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let world = World::with(json!({"seed": 11}));
        world.simulator.take_profile(Profile::Bookstore);
        let mut run = Vec::new();
        for at in 0..20 {
            let order_id = format!("ord_seed_{at}");
            let key = world.authenticated(&order_id);
            let Answer { status, elapsed_ms, text, .. } =
                world.confirm(&key, &order_id, 15_000).await;
            run.push((status, elapsed_ms, text));
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_loses_the_first_of_each_kind_for_every_payment() {
    let world = World::start();
    world.simulator.take_profile(Profile::LostResponse);
    for order_id in ["ord_lost_1", "ord_lost_2"] {
        let key = world.authenticated(order_id);
        world.confirm(&key, order_id, 15_000).await.dropped();
        world.confirm(&key, order_id, 15_000).await.refused(400, "ALREADY_PROCESSED_PAYMENT");
        world.cancel(&key, json!({"cancelAmount": 1_000})).await.dropped();
        let second = world.cancel(&key, json!({"cancelAmount": 1_000})).await.ok();
        assert_eq!(second["balanceAmount"], 13_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_completion_drops_at_once_and_is_done_later() {
    let world = World::start();
    world.simulator.take_profile(Profile::LateCompletion);
    let key = world.authenticated(ORDER);
    let answer = world.confirm_as("k-1", &key, 15_000).await;
    answer.dropped();
    assert_eq!(answer.elapsed_ms, 0);
    let busy = world.confirm_as("k-1", &key, 15_000).await;
    busy.refused(409, "IDEMPOTENT_REQUEST_PROCESSING");
    assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
    pass_ms(90_001).await;
    assert_eq!(world.query(&key).await.ok()["status"], "DONE");
    assert_eq!(world.confirm_as("k-1", &key, 15_000).await.ok()["status"], "DONE");
    world.cancel(&key, json!({})).await.dropped();
    assert_eq!(world.query(&key).await.ok()["status"], "DONE");
    pass_ms(90_001).await;
    assert_eq!(world.query(&key).await.ok()["status"], "CANCELED");
}

#[tokio::test(start_paused = true)]
async fn where_only_settlements_tell_they_tell_everything() {
    let world = World::with(json!({"seed": 3}));
    world.simulator.take_profile(Profile::SettlementOnly);
    let (mut unsure, mut denied, mut broken) = (0, 0, 0);
    for at in 0..60 {
        let order_id = format!("ord_settle_{at}");
        let key = world.authenticated(&order_id);
        let answer = world.confirm(&key, &order_id, 15_000).await;
        unsure += u32::from(answer.status == Some(StatusCode::INTERNAL_SERVER_ERROR));
        let query = world.query(&key).await.status.unwrap().as_u16();
        denied += u32::from(query == 404);
        broken += u32::from(query == 500);
    }
    assert!(unsure > 5 && denied > 5 && broken > 5, "{unsure} {denied} {broken}");
    pass_ms(DAY_MS).await;
    let lines = world.get("/v1/settlements?startDate=2026-01-14&endDate=2026-01-14").await.ok();
    assert_eq!(lines.as_array().unwrap().len(), 60, "every confirm was done");
}
