//! A gateway in process, with a receiver for its callbacks. Time is tokio's, paused by tests.
#![allow(clippy::disallowed_methods, reason = "tests move and read paused time")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use payonce_simulator::connection;
use payonce_simulator::pg::Simulator;
use payonce_simulator::pg::script::{LookUpScript, PostScript, Script};
use payonce_simulator::pg::sender::{Callback, Delivery, Sending};
use payonce_simulator::pg::settings::Settings;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::ServiceExt;

pub const PAYMENTS: &str = "/api/v1/payments";
pub const ORDER: &str = "1351039135";
pub const CARD: &str = "1234-5678-9814-1451";

pub struct World {
    pub simulator: Simulator,
    router: Router,
    received: Arc<Mutex<Vec<Received>>>,
    receiver_status: Arc<AtomicU16>,
    started: Instant,
}

/// A callback as the receiver saw it.
#[derive(Clone)]
pub struct Received {
    pub url: String,
    pub body: Value,
    pub at_ms: u128,
}

/// An answer as the client saw it; `status` is absent when the connection was dropped.
#[derive(Debug)]
pub struct Answer {
    pub status: Option<StatusCode>,
    pub content_type: String,
    pub text: String,
    pub elapsed_ms: u128,
}

impl World {
    pub fn start(settings: Settings) -> Self {
        let received = Arc::new(Mutex::new(Vec::<Received>::new()));
        let receiver_status = Arc::new(AtomicU16::new(200));
        let (inbox, status, started) = (received.clone(), receiver_status.clone(), Instant::now());
        let sender = move |callback: Callback| -> Sending {
            let body = serde_json::from_slice(&callback.body).expect("a callback is JSON");
            let at_ms = started.elapsed().as_millis();
            inbox.lock().push(Received { url: callback.url, body, at_ms });
            let status = status.load(Ordering::SeqCst);
            Box::pin(async move { Delivery::Answered(status) })
        };
        let simulator = Simulator::start_with(settings, sender);
        let router = simulator.router();
        Self { simulator, router, received, receiver_status, started }
    }

    /// A gateway that accepts at once, decides after one second and fails only on demand.
    pub fn calm() -> Self {
        Self::start(calm())
    }

    pub fn script_post(&self, post: PostScript) {
        self.simulator.script(Script { posts: vec![post], look_ups: vec![] });
    }

    pub fn script_look_up(&self, look_up: LookUpScript) {
        self.simulator.script(Script { posts: vec![], look_ups: vec![look_up] });
    }

    pub fn receiver_answers(&self, status: u16) {
        self.receiver_status.store(status, Ordering::SeqCst);
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    pub fn now_ms(&self) -> u128 {
        self.started.elapsed().as_millis()
    }

    pub async fn pay(&self, order_id: &str) -> Answer {
        self.post(&payment(order_id).to_string()).await
    }

    /// Pays and expects to be accepted; returns the key.
    pub async fn accepted(&self, order_id: &str) -> String {
        let answer = self.pay(order_id).await;
        answer.data()["transactionKey"].as_str().expect("a key").to_owned()
    }

    pub async fn post(&self, body: &str) -> Answer {
        self.post_as(Some("user-1"), body).await
    }

    pub async fn post_as(&self, user: Option<&str>, body: &str) -> Answer {
        let request = Request::post(PAYMENTS).header("content-type", "application/json");
        self.call(with_user(request, user).body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_as("user-1", path).await
    }

    pub async fn get_as(&self, user: &str, path: &str) -> Answer {
        self.call(with_user(Request::get(path), Some(user)).body(Body::empty()).unwrap()).await
    }

    pub async fn by_key(&self, key: &str) -> Answer {
        self.get(&format!("{PAYMENTS}/{key}")).await
    }

    pub async fn by_order(&self, order_id: &str) -> Answer {
        self.get(&format!("{PAYMENTS}?orderId={order_id}")).await
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
        let content_type = response.headers().get("content-type");
        let content_type =
            content_type.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let elapsed_ms = began.elapsed().as_millis();
        Answer { status, content_type, text: String::from_utf8(body.to_vec()).unwrap(), elapsed_ms }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn data(&self) -> Value {
        assert_eq!(self.status, Some(StatusCode::OK), "{self:?}");
        self.json()["data"].clone()
    }

    /// Expects the failure envelope, whole, and nothing else.
    pub fn refused(&self, status: u16, message: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(self.status, Some(status), "{self:?}");
        assert_eq!(self.content_type, "application/json");
        let code = status.canonical_reason();
        let meta = json!({"result": "FAIL", "errorCode": code, "message": message});
        assert_eq!(self.json(), json!({ "meta": meta }));
    }

    pub fn dropped(&self) {
        assert_eq!(self.status, None, "{self:?}");
    }

    pub fn html(&self, status: u16) {
        assert_eq!(self.status.map(|status| status.as_u16()), Some(status), "{self:?}");
        assert_eq!(self.content_type, "text/html");
        assert!(self.text.starts_with("<html>"));
    }
}

pub const UNSTABLE: &str = "현재 서버가 불안정합니다. 잠시 후 다시 시도해주세요.";
pub const GENERIC: &str = "일시적인 오류가 발생했습니다.";

pub fn no_key(key: &str) -> String {
    format!("(transactionKey: {key}) 결제건이 존재하지 않습니다.")
}

pub fn no_order(order_id: &str) -> String {
    format!("(orderId: {order_id}) 에 해당하는 결제건이 존재하지 않습니다.")
}

pub fn payment(order_id: &str) -> Value {
    json!({
        "orderId": order_id,
        "cardType": "SAMSUNG",
        "cardNo": CARD,
        "amount": 5000,
        "callbackUrl": "http://localhost:8080/api/v1/payments/callback",
    })
}

/// A valid payment with one field replaced.
pub fn payment_with(field: &str, value: impl Into<Value>) -> String {
    let mut payment = payment(ORDER);
    payment[field] = value.into();
    payment.to_string()
}

pub fn calm() -> Settings {
    settings(json!({
        "acceptanceFailure": 0,
        "acceptanceDelayMs": {"from": 0, "to": 0},
        "processingDelayMs": {"from": 1000, "to": 1000},
        "limitExceeded": 0,
        "invalidCard": 0,
    }))
}

pub fn settings(json: Value) -> Settings {
    serde_json::from_value(json).expect("settings")
}

/// Lets this much (paused) time pass.
pub async fn pass_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

fn with_user(
    request: axum::http::request::Builder,
    user: Option<&str>,
) -> axum::http::request::Builder {
    match user {
        Some(user) => request.header("x-user-id", user),
        None => request,
    }
}
