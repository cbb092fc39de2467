//! `/_sim/…`: settings, scripts, outages, forged callbacks, restarts and the books.
//!
//! Plain JSON, no envelope; a refusal is `{"error":"…"}`. Outages and request threads do not
//! concern it.

use axum::Json;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use reqwest::Url;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Simulator;
use super::outage::OutageMode;
use super::report::{BooksPage, Summary};
use super::script::Script;
use super::sender::{Callback, Delivery};
use super::settings::Settings;

const PAGE_DEFAULT: usize = 1_000;
const PAGE_MAX: usize = 10_000;

pub(super) fn router(simulator: &Simulator) -> Router {
    Router::new()
        .route("/books", get(books))
        .route("/summary", get(summary))
        .route("/settings", get(settings).patch(patch_settings))
        .route("/script", post(script))
        .route("/outage", post(outage))
        .route("/restart", post(restart))
        .route("/callbacks/forge", post(forge))
        .fallback(async || Trouble(StatusCode::NOT_FOUND, "no such control endpoint".to_owned()))
        .with_state(simulator.clone())
}

/// Body of `POST /_sim/outage`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutageRequest {
    /// How long, from now; zero ends an outage.
    pub seconds: u64,
    /// `drop` (default) or `html503`.
    #[serde(default)]
    pub mode: OutageMode,
}

/// Body of `POST /_sim/callbacks/forge`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeRequest {
    /// Where to; `http` and a loopback host only.
    pub url: String,
    /// Sent as it is. A real one has the seven fields of §11.
    pub body: Value,
}

/// Query of `GET /_sim/books`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    after: Option<String>,
    limit: Option<usize>,
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

async fn books(
    State(simulator): State<Simulator>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<BooksPage>, Trouble> {
    let Query(PageQuery { after, limit }) = query.map_err(|error| error.body_text())?;
    let unknown =
        |after: &str| Trouble::from(format!("after is {after}, expected an index or a known key"));
    let after = after
        .map(|after| {
            after.parse().ok().or_else(|| simulator.position(&after)).ok_or_else(|| unknown(&after))
        })
        .transpose()?;
    Ok(Json(simulator.books(after, limit.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX))))
}

async fn summary(State(simulator): State<Simulator>) -> Json<Summary> {
    Json(simulator.summary())
}

async fn settings(State(simulator): State<Simulator>) -> Json<Settings> {
    Json(simulator.settings().as_ref().clone())
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

async fn script(State(simulator): State<Simulator>, body: Bytes) -> Result<Json<Value>, Trouble> {
    let script: Script = read(&body)?;
    let (posts, look_ups) = (script.posts.len(), script.look_ups.len());
    simulator.script(script);
    Ok(Json(json!({ "added": { "posts": posts, "lookUps": look_ups } })))
}

async fn outage(
    State(simulator): State<Simulator>,
    body: Bytes,
) -> Result<Json<OutageRequest>, Trouble> {
    let asked: OutageRequest = read(&body)?;
    simulator.outage(asked.seconds.saturating_mul(1_000), asked.mode);
    Ok(Json(asked))
}

async fn restart(State(simulator): State<Simulator>) -> Json<Summary> {
    simulator.restart();
    Json(simulator.summary())
}

/// Sends a callback that the gateway never decided on. It does not pass through the pool.
async fn forge(State(simulator): State<Simulator>, body: Bytes) -> Result<Json<Value>, Trouble> {
    let ForgeRequest { url, body } = read(&body)?;
    if !is_loopback_http(&url) {
        return Err(Trouble::from(format!("url is {url}, expected http to a loopback host")));
    }
    let body = serde_json::to_vec(&body)?.into();
    Ok(Json(match simulator.send_once(Callback { url, body }).await {
        Delivery::Answered(status) => json!({ "status": status }),
        Delivery::Failed(why) => json!({ "failed": why }),
    }))
}

fn is_loopback_http(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme() == "http" && is_loopback
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
