//! `Idempotency-Key`, §8.

use payonce_simulator::toss::operation::Operation;
use payonce_simulator::toss::plan::Course;
use serde_json::json;

use super::world::{DAY_MS, ORDER, World, confirmation, pass_ms};

#[tokio::test(start_paused = true)]
async fn a_repeat_gets_the_first_answer_byte_for_byte() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    let first = world.confirm_as("k-1", &key, 15_000).await;
    pass_ms(60_000).await;
    let again = world.confirm_as("k-1", &key, 15_000).await;
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    assert_eq!(again.header("idempotency-key"), Some("k-1"));
    let trace = |answer: &super::world::Answer| {
        answer.header("x-tosspayments-trace-id").unwrap().to_owned()
    };
    assert!(trace(&again).starts_with(&format!("{},", trace(&first))));
    let books = world.simulator.books();
    assert_eq!(books.payments[0].approvals, 1);
    assert_eq!(books.requests[1].answered.as_deref(), Some("replayed 200"));
    assert_eq!(books.requests[1].executed, None);
}

#[tokio::test(start_paused = true)]
async fn the_body_is_not_part_of_the_key() {
    let world = World::start();
    let (first, second) = (world.authenticated(ORDER), world.authenticated("ord_second"));
    let first_answer = world.confirm_as("k-1", &first, 15_000).await;
    let headers = [("idempotency-key", "k-1")];
    let body = confirmation(&second, "ord_second", 15_000);
    let answer = world.post("/v1/payments/confirm", body, &headers).await;
    assert_eq!(answer.text, first_answer.text, "the second payment gets the first one's answer");
    assert_eq!(world.query(&second).await.ok()["status"], "IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn the_path_is_part_of_the_key() {
    let world = World::start();
    let (first, second) = (world.paid(ORDER).await, world.paid("ord_second").await);
    for key in [first, second] {
        let answer = world.cancel_as(&key, json!({}), &[("idempotency-key", "k-1")]).await.ok();
        assert_eq!(answer["paymentKey"], key);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_kept_and_a_corrected_body_still_gets_it() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.confirm_as("k-1", &key, 100).await.refused(400, "INVALID_REQUEST");
    world.confirm_as("k-1", &key, 15_000).await.refused(400, "INVALID_REQUEST");
    assert_eq!(world.confirm_as("k-2", &key, 15_000).await.ok()["status"], "DONE");
}

#[tokio::test(start_paused = true)]
async fn a_second_request_meets_the_first_one_running() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.script(Operation::Confirm, Course::Hang { ms: 60_000, done_after_ms: 20_000 });
    let (hung, ()) = tokio::join!(world.confirm_as("k-1", &key, 15_000), async {
        pass_ms(10_000).await;
        let busy = world.confirm_as("k-1", &key, 15_000).await;
        busy.refused(409, "IDEMPOTENT_REQUEST_PROCESSING");
        assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
        pass_ms(10_001).await;
        assert_eq!(world.confirm_as("k-1", &key, 15_000).await.ok()["status"], "DONE");
    });
    assert_eq!((hung.elapsed_ms, hung.ok()["status"].as_str()), (60_000, Some("DONE")));
    assert_eq!(world.simulator.books().payments[0].approvals, 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_error_leaves_the_key_free_unless_it_is_bound() {
    for bound in [false, true] {
        let world = World::with(json!({"bindServerErrors": bound}));
        let key = world.authenticated(ORDER);
        world.script(Operation::Confirm, Course::Fail);
        let failed = world.confirm_as("k-1", &key, 15_000).await;
        failed.refused(500, "FAILED_INTERNAL_SYSTEM_PROCESSING");
        let again = world.confirm_as("k-1", &key, 15_000).await;
        if bound {
            assert_eq!(again.text, failed.text);
        } else {
            assert_eq!(again.ok()["status"], "DONE");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_is_forgotten_after_fifteen_days() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.confirm_as("k-1", &key, 15_000).await.ok();
    pass_ms(15 * DAY_MS - 1).await;
    world.confirm_as("k-1", &key, 15_000).await.ok();
    pass_ms(1).await;
    world.confirm_as("k-1", &key, 15_000).await.refused(400, "ALREADY_PROCESSED_PAYMENT");
}

#[tokio::test(start_paused = true)]
async fn a_key_has_at_most_three_hundred_characters() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    let long = world.confirm_as(&"k".repeat(301), &key, 15_000).await;
    long.refused(400, "INVALID_IDEMPOTENCY_KEY");
    world.confirm_as(&"k".repeat(300), &key, 15_000).await.ok();
}
