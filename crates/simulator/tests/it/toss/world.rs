//! A gateway in process, with a receiver for its webhooks. Time is tokio's, paused by tests.
#![allow(clippy::disallowed_methods, reason = "tests move and read paused time")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use payonce_simulator::connection;
use payonce_simulator::toss::Simulator;
use payonce_simulator::toss::buyer::{BuyerChoice, ReturnQuery};
use payonce_simulator::toss::operation::Operation;
use payonce_simulator::toss::plan::Course;
use payonce_simulator::toss::script::{CallScript, Script};
use payonce_simulator::toss::sender::{Delivery, Sending, Webhook};
use payonce_simulator::toss::settings::Settings;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

pub const ORDER: &str = "ord_9f2c4e1a7b";
/// 2026-01-14T10:15:30+09:00.
pub const STARTED_AT_MS: u64 = 1_768_353_330_000;
pub const MINUTE_MS: u64 = 60_000;
pub const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
const HOOK: &str = "http://localhost:8080/webhooks/toss";

pub struct World {
    pub simulator: Simulator,
    router: Router,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

/// A webhook as the receiver saw it.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: Vec<(&'static str, String)>,
    pub raw: Vec<u8>,
    pub body: Value,
    pub at_ms: u128,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.ends_with(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn status(&self) -> &str {
        self.body["data"]["status"].as_str().unwrap()
    }
}

/// An answer as the client saw it; `status` is absent when the connection was dropped.
#[derive(Debug)]
pub struct Answer {
    pub status: Option<StatusCode>,
    pub headers: HeaderMap,
    pub text: String,
    pub elapsed_ms: u128,
}

impl World {
    /// A gateway with webhooks and a clock that starts at [`STARTED_AT_MS`].
    pub fn start() -> Self {
        Self::with(json!({}))
    }

    /// The same with other settings.
    pub fn with(changes: Value) -> Self {
        let mut settings = json!({
            "startedAtMs": STARTED_AT_MS,
            "webhooks": {"url": HOOK},
        });
        merge(&mut settings, changes);
        let settings: Settings = serde_json::from_value(settings).expect("settings");
        let received = Arc::new(Mutex::new(Vec::<Received>::new()));
        let answers = Arc::new(Mutex::new(VecDeque::<u16>::new()));
        let (inbox, next, started) = (received.clone(), answers.clone(), Instant::now());
        let sender = move |webhook: Webhook| -> Sending {
            assert_eq!(webhook.url, HOOK);
            inbox.lock().push(Received {
                headers: webhook.headers,
                raw: webhook.body.to_vec(),
                body: serde_json::from_slice(&webhook.body).expect("a webhook is JSON"),
                at_ms: started.elapsed().as_millis(),
            });
            let status = next.lock().pop_front().unwrap_or(200);
            Box::pin(async move {
                // The receiver that never answers.
                if status == 0 {
                    std::future::pending::<()>().await;
                }
                Delivery::Answered(status)
            })
        };
        let simulator = Simulator::start_with(settings, sender);
        let router = simulator.router();
        Self { simulator, router, received, answers }
    }

    /// The receiver answers with these, then with 200; 0 never answers.
    pub fn receiver_answers(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().extend(statuses);
    }

    /// Webhooks so far, oldest first, after everything that is under way now.
    pub async fn received(&self) -> Vec<Received> {
        pass_ms(1).await;
        self.received.lock().clone()
    }

    pub async fn statuses(&self) -> Vec<String> {
        self.received().await.iter().map(|one| one.status().to_owned()).collect()
    }

    pub fn script(&self, operation: Operation, course: Course) {
        self.simulator.script(Script { calls: vec![CallScript::next(operation, course)] });
    }

    /// An opened window of 15,000 won.
    pub fn opened(&self, order_id: &str) -> String {
        self.simulator.open_payment(order_id, "원두 1kg 외 1건", 15_000)
    }

    /// A payment that waits for the merchant's confirm.
    pub fn authenticated(&self, order_id: &str) -> String {
        let key = self.opened(order_id);
        let returned = self.simulator.authenticate(&key, BuyerChoice::Pay);
        assert!(matches!(returned, Some(ReturnQuery::Success { .. })), "{returned:?}");
        key
    }

    /// An approved payment of 15,000 won.
    pub async fn paid(&self, order_id: &str) -> String {
        let key = self.authenticated(order_id);
        self.confirm(&key, order_id, 15_000).await.ok();
        key
    }

    pub async fn confirm(&self, key: &str, order_id: &str, amount: u64) -> Answer {
        self.post("/v1/payments/confirm", confirmation(key, order_id, amount), &[]).await
    }

    pub async fn confirm_as(&self, idempotency_key: &str, key: &str, amount: u64) -> Answer {
        let headers = [("idempotency-key", idempotency_key)];
        self.post("/v1/payments/confirm", confirmation(key, ORDER, amount), &headers).await
    }

    pub async fn cancel(&self, key: &str, fields: Value) -> Answer {
        self.cancel_as(key, fields, &[]).await
    }

    pub async fn cancel_as(&self, key: &str, fields: Value, headers: &[(&str, &str)]) -> Answer {
        let mut body = json!({"cancelReason": "고객 변심"});
        merge(&mut body, fields);
        self.post(&format!("/v1/payments/{key}/cancel"), body, headers).await
    }

    pub async fn query(&self, key: &str) -> Answer {
        self.get(&format!("/v1/payments/{key}")).await
    }

    pub async fn post(&self, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::post(path)
            .header("authorization", basic("test_sk_payonce_simulator:"))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.call(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request =
            Request::get(path).header("authorization", basic("test_sk_payonce_simulator:"));
        self.call(request.body(Body::empty()).unwrap()).await
    }

    pub async fn control(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(format!("/_sim/{path}"));
        self.call(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        let began = Instant::now();
        let response = self.router.clone().oneshot(request).await.expect("a router answers");
        let dropped = connection::is_dropped(&response);
        let status = (!dropped).then_some(response.status());
        let headers = response.headers().clone();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let elapsed_ms = began.elapsed().as_millis();
        Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap(), elapsed_ms }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Expects 200 and returns the body.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, Some(StatusCode::OK), "{self:?}");
        self.json()
    }

    /// Expects this refusal in the error body of §1.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!(self.status.map(|status| status.as_u16()), Some(status), "{self:?}");
        let body = self.json();
        assert_eq!(body["code"], code, "{self:?}");
        assert!(!body["message"].as_str().unwrap().is_ascii(), "{self:?}");
        assert_eq!(body.as_object().unwrap().len(), 2);
    }

    #[track_caller]
    pub fn dropped(&self) {
        assert_eq!(self.status, None, "{self:?}");
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub fn confirmation(key: &str, order_id: &str, amount: u64) -> Value {
    json!({"paymentKey": key, "orderId": order_id, "amount": amount})
}

pub fn basic(credentials: &str) -> String {
    format!("Basic {}", STANDARD.encode(credentials))
}

/// Lets this much (paused) time pass.
pub async fn pass_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// Objects are merged field by field, anything else is replaced.
pub fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}
