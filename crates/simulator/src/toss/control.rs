//! `/_sim/…`: the buyer without a browser, settings, profiles, scripts, webhooks, mismatches and
//! the books.
//!
//! Plain JSON, no authentication; a refusal is `{"error":"…"}`.

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Simulator;
use super::books::{Books, Summary};
use super::buyer::{BuyerChoice, ReturnQuery};
use super::faults::Profile;
use super::mismatch::Mismatch;
use super::payment::{Payment, Purchase, Status};
use super::script::Script;
use super::sender::Delivery;
use super::settings::Settings;

pub(super) fn router(simulator: &Simulator) -> Router {
    Router::new()
        .route("/books", get(books))
        .route("/summary", get(summary))
        .route("/settings", get(settings).put(put_settings).patch(patch_settings))
        .route("/profile", put(profile))
        .route("/script", post(script))
        .route("/payments", post(open))
        .route("/payments/{key}/authenticate", post(authenticate))
        .route("/payments/{key}/hide", post(hide))
        .route("/billing-authorizations", post(authorize_billing))
        .route("/webhooks", post(send_webhook))
        .route("/webhooks/payout", post(send_payout))
        .route("/settlements/mismatches", post(mismatch).delete(clear_mismatches))
        .fallback(async || Trouble(StatusCode::NOT_FOUND, "no such control endpoint".to_owned()))
        .with_state(simulator.clone())
}

/// Body of `POST /_sim/payments`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OpenRequest {
    /// §2.
    pub order_id: String,
    /// §2.
    pub order_name: String,
    /// Whole won, at least 100.
    pub amount: u64,
    /// Of these, free of tax.
    #[serde(default)]
    pub tax_free_amount: u64,
}

/// Body of `POST /_sim/payments/{paymentKey}/authenticate`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthenticateRequest {
    /// `pay` (default), `pay-over-limit`, `cancel` or `declined`.
    #[serde(default = "pay")]
    pub choice: BuyerChoice,
}

/// Body of `POST /_sim/payments/{paymentKey}/hide`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HideRequest {
    /// Whether queries deny the payment.
    pub hidden: bool,
}

/// Body of `PUT /_sim/profile`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRequest {
    /// Which faults take the place of the current ones.
    pub profile: Profile,
}

/// Body of `POST /_sim/billing-authorizations`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AuthorizeBillingRequest {
    /// The buyer who registers a card.
    pub customer_key: String,
}

/// Body of `POST /_sim/webhooks`: sends one now, without resends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WebhookRequest {
    /// The payment it tells of.
    pub payment_key: String,
    /// With a status it is a forgery: this status, and another secret.
    #[serde(default)]
    pub forged_status: Option<Status>,
    /// How often it is sent, under one transmission id. Default 1.
    #[serde(default = "once")]
    pub times: u32,
}

/// A refusal of the control endpoints.
struct Trouble(StatusCode, String);

impl From<String> for Trouble {
    fn from(error: String) -> Self {
        Self(StatusCode::BAD_REQUEST, error)
    }
}

impl From<serde_json::Error> for Trouble {
    fn from(error: serde_json::Error) -> Self {
        error.to_string().into()
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

async fn books(State(simulator): State<Simulator>) -> Json<Books> {
    Json(simulator.books())
}

async fn summary(State(simulator): State<Simulator>) -> Json<Summary> {
    Json(simulator.summary())
}

async fn settings(State(simulator): State<Simulator>) -> Json<Settings> {
    Json(simulator.settings().as_ref().clone())
}

/// Takes these settings; what is absent is the default, the start of the clock excepted.
async fn put_settings(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Json<Settings>, Trouble> {
    let mut changed: Settings = read(&body)?;
    changed.started_at_ms = changed.started_at_ms.or(simulator.settings().started_at_ms);
    simulator.change(changed.clone())?;
    Ok(Json(changed))
}

/// Changes the fields that are given and answers with all of them.
async fn patch_settings(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Json<Settings>, Trouble> {
    let patch: Value = read(&body)?;
    let mut merged = serde_json::to_value(simulator.settings().as_ref())?;
    merge(&mut merged, patch);
    let changed: Settings = serde_json::from_value(merged)?;
    simulator.change(changed.clone())?;
    Ok(Json(changed))
}

async fn profile(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Json<Settings>, Trouble> {
    let ProfileRequest { profile } = read(&body)?;
    simulator.take_profile(profile);
    Ok(settings(State(simulator)).await)
}

async fn script(State(simulator): State<Simulator>, body: Bytes) -> Result<Json<Value>, Trouble> {
    let script: Script = read(&body)?;
    let calls = script.calls.len();
    simulator.script(script);
    Ok(Json(json!({ "added": { "calls": calls } })))
}

async fn open(State(simulator): State<Simulator>, body: Bytes) -> Result<Json<Value>, Trouble> {
    let OpenRequest { order_id, order_name, amount, tax_free_amount } = read(&body)?;
    let purchase = Purchase { order_id, order_name, amount, tax_free: tax_free_amount };
    purchase.check().map_err(|code| format!("{}: {}", code.name, code.message))?;
    Ok(Json(json!({ "paymentKey": simulator.open(purchase, None) })))
}

async fn authenticate(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<Json<ReturnQuery>, Trouble> {
    let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    let AuthenticateRequest { choice } = read(&body)?;
    let returned = simulator.authenticate(&key, choice);
    returned.map(Json).ok_or_else(|| {
        Trouble(StatusCode::CONFLICT, format!("{key} is not a payment that waits for its buyer"))
    })
}

async fn hide(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<Json<HideRequest>, Trouble> {
    let asked: HideRequest = read(&body)?;
    if !simulator.hide(&key, asked.hidden) {
        return Err(no_payment(&key));
    }
    Ok(Json(asked))
}

async fn authorize_billing(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Json<Value>, Trouble> {
    let AuthorizeBillingRequest { customer_key } = read(&body)?;
    let auth_key = simulator.authorize_billing(customer_key.clone());
    Ok(Json(json!({ "authKey": auth_key, "customerKey": customer_key })))
}

async fn send_webhook(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Json<Value>, Trouble> {
    let WebhookRequest { payment_key, forged_status, times } = read(&body)?;
    let payment: Option<Payment> = simulator.store().payment(&payment_key).cloned();
    let payment = payment.ok_or_else(|| no_payment(&payment_key))?;
    let outgoing = match forged_status {
        None => simulator.status_changed("PAYMENT_STATUS_CHANGED", &payment),
        Some(status) => simulator.forged(&payment, status),
    };
    let mut results = Vec::new();
    for _ in 0..times {
        results.push(delivered(&simulator.attempt(&outgoing, 0).await));
    }
    Ok(Json(json!({ "results": results })))
}

/// Sends a signed `payout.changed`; the body is the payout.
async fn send_payout(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Json<Value>, Trouble> {
    let payout: Value = read(&body)?;
    let outgoing = simulator.payout_changed(&payout);
    Ok(Json(json!({ "results": [delivered(&simulator.attempt(&outgoing, 0).await)] })))
}

async fn mismatch(State(simulator): State<Simulator>, body: Bytes) -> Result<Json<Value>, Trouble> {
    let mismatch: Mismatch = read(&body)?;
    simulator.mismatch(mismatch);
    Ok(Json(json!({ "added": 1 })))
}

async fn clear_mismatches(State(simulator): State<Simulator>) -> StatusCode {
    simulator.clear_mismatches();
    StatusCode::NO_CONTENT
}

fn no_payment(key: &str) -> Trouble {
    Trouble(StatusCode::NOT_FOUND, format!("no payment {key}"))
}

fn delivered(delivery: &Delivery) -> Value {
    match delivery {
        Delivery::Answered(status) => json!({ "status": status }),
        Delivery::Failed(why) => json!({ "failed": why }),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    Ok(serde_json::from_slice(body)?)
}

/// Objects are merged field by field, anything else is replaced.
fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch,
    }
}

const fn pay() -> BuyerChoice {
    BuyerChoice::Pay
}

const fn once() -> u32 {
    1
}
