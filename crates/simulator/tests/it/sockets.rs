//! Over real sockets and real time: dropped connections, callbacks and shutdown.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use payonce_simulator::pg::Simulator;
use payonce_simulator::pg::script::{PostScript, Script, Step};
use payonce_simulator::pg::settings::Settings;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

use crate::world::{ORDER, pass_ms, payment};

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).build().unwrap()
}

async fn pay(base: &str, callback_url: &str) -> reqwest::Result<Value> {
    let mut payment = payment(ORDER);
    payment["callbackUrl"] = callback_url.into();
    let sent = client()
        .post(format!("{base}/api/v1/payments"))
        .header("x-user-id", "u")
        .json(&payment)
        .send();
    sent.await?.json().await
}

#[tokio::test]
async fn a_dropped_answer_is_a_closed_connection_and_the_callback_still_comes() {
    let (heard, mut callbacks) = mpsc::unbounded_channel::<(Option<String>, Value)>();
    let receiver = Router::new()
        .route(
            "/callback",
            post(
                async |State(heard): State<mpsc::UnboundedSender<_>>,
                       headers: axum::http::HeaderMap,
                       body: axum::Json<Value>| {
                    let content_type =
                        headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
                    assert!(!headers.contains_key("x-user-id"));
                    heard.send((content_type, body.0)).unwrap();
                },
            ),
        )
        .with_state(heard);
    let receiver_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let callback_url = format!("http://{}/callback", receiver_listener.local_addr().unwrap());
    let receiver = tokio::spawn(async move { axum::serve(receiver_listener, receiver).await });

    let mut settings = Settings::zero_latency();
    settings.callback_prefix = "http://127.0.0.1:".to_owned();
    let simulator = Simulator::start(settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn({
        let simulator = simulator.clone();
        async move {
            let shutdown = async { drop(stopped.await) };
            simulator.serve(listener, shutdown).await
        }
    });

    simulator
        .script(Script { posts: vec![PostScript::next([Step::DropResponse])], look_ups: vec![] });
    let error = pay(&base, &callback_url).await.unwrap_err();
    assert!(error.is_request() && error.status().is_none(), "{error:?}");
    assert!(format!("{error:?}").contains("IncompleteMessage"), "{error:?}");
    let (content_type, dropped) = callbacks.recv().await.unwrap();
    assert_eq!(content_type.as_deref(), Some("application/json"));
    assert_eq!(dropped["status"], "SUCCESS");

    let answered = pay(&base, &callback_url).await.unwrap();
    let (_, announced) = callbacks.recv().await.unwrap();
    assert_eq!(answered["data"]["transactionKey"], announced["transactionKey"]);
    assert_ne!(dropped["transactionKey"], announced["transactionKey"]);

    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    simulator.shutdown().await;
    assert!(pay(&base, &callback_url).await.unwrap_err().is_connect());
    receiver.abort();
}

#[tokio::test]
async fn a_client_that_times_out_is_charged_all_the_same() {
    let mut settings = Settings::zero_latency();
    settings.callbacks = false;
    let simulator = Simulator::start(settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn({
        let simulator = simulator.clone();
        async move { simulator.serve(listener, std::future::pending()).await }
    });
    simulator
        .script(Script { posts: vec![PostScript::next([Step::HangMs(1_500)])], look_ups: vec![] });
    let sent = client()
        .post(format!("http://{address}/api/v1/payments"))
        .header("x-user-id", "u")
        .json(&payment(ORDER))
        .timeout(Duration::from_millis(100))
        .send();
    assert!(sent.await.unwrap_err().is_timeout());
    assert_eq!(simulator.summary().transactions, 0);
    let charged = async {
        while simulator.summary().approved == 0 {
            pass_ms(20).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), charged).await.expect("the request went on");
    serving.abort();
}
