//! The same gateway behind a socket: dropped connections, and callers that hang up.
#![allow(clippy::disallowed_methods, reason = "sockets live in real time")]

use std::time::Duration;

use payonce_simulator::toss::Simulator;
use payonce_simulator::toss::buyer::BuyerChoice;
use payonce_simulator::toss::operation::Operation;
use payonce_simulator::toss::payment::Status;
use payonce_simulator::toss::plan::Course;
use payonce_simulator::toss::script::{CallScript, Script};
use payonce_simulator::toss::settings::Settings;
use tokio::net::TcpListener;

use super::world::{ORDER, basic, confirmation, pass_ms};

async fn confirm(base: &str, key: &str) -> reqwest::Result<reqwest::Response> {
    let client = reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).build()?;
    client
        .post(format!("{base}/v1/payments/confirm"))
        .header("authorization", basic("test_sk_payonce_simulator:"))
        .timeout(Duration::from_millis(100))
        .json(&confirmation(key, ORDER, 15_000))
        .send()
        .await
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_and_a_hang_outlives_its_caller() {
    let simulator = Simulator::start(Settings::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.serve(listener, std::future::pending()).await }
    });
    let key = simulator.open_payment(ORDER, "원두", 15_000);
    simulator.authenticate(&key, BuyerChoice::Pay).unwrap();
    let hang = Course::Hang { ms: 60_000, done_after_ms: 400 };
    let next = |course| CallScript::next(Operation::Confirm, course);
    simulator.script(Script { calls: vec![next(hang), next(Course::Lost)] });
    assert!(confirm(&base, &key).await.unwrap_err().is_timeout());
    assert_eq!(simulator.books().payments[0].status, Status::InProgress);
    let done = async {
        while simulator.books().payments[0].status != Status::Done {
            pass_ms(10).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), done).await.expect("the request went on");
    let lost = confirm(&base, &key).await.unwrap_err();
    assert!(format!("{lost:?}").contains("IncompleteMessage"), "{lost:?}");
    assert_eq!(confirm(&base, &key).await.unwrap().status().as_u16(), 400);
    serving.abort();
    simulator.shutdown().await;
}
