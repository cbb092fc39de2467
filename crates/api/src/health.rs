//! Health: alive, ready, and what it rests on. Asked often and from outside: no details of errors.

use std::collections::BTreeMap;

use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;

use crate::api::Api;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Status {
    Up,
    Down,
    OutOfService,
}

/// How it is.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: Status,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    components: BTreeMap<&'static str, Component>,
}

#[derive(Debug, Serialize)]
struct Component {
    status: Status,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<String, Status>,
}

/// `GET /livez`: the process answers.
pub(crate) async fn alive() -> Json<Health> {
    Json(Health { status: Status::Up, components: BTreeMap::new() })
}

/// `GET /readyz`: it can take orders. A gateway that is down does not change that.
pub(crate) async fn ready(State(api): State<Api>) -> (StatusCode, Json<Health>) {
    let status = if api.engine().is_stopping() { Status::OutOfService } else { books(&api).await };
    answer(Health { status, components: BTreeMap::new() })
}

/// `GET /actuator/health`: the same with what it rests on.
pub(crate) async fn health(State(api): State<Api>) -> (StatusCode, Json<Health>) {
    let books = books(&api).await;
    let gateways: BTreeMap<_, _> = api
        .engine()
        .gateways()
        .map(|gateway| {
            let takes = gateway.refuses_charges().is_none();
            (gateway.name().to_string(), if takes { Status::Up } else { Status::Down })
        })
        .collect();
    let any = gateways.values().any(|status| *status == Status::Up);
    let components = BTreeMap::from([
        ("db", Component { status: books, details: BTreeMap::new() }),
        (
            "gateways",
            Component { status: if any { Status::Up } else { Status::Down }, details: gateways },
        ),
    ]);
    let status = if api.engine().is_stopping() { Status::OutOfService } else { books };
    answer(Health { status, components })
}

async fn books(api: &Api) -> Status {
    match api.engine().books().ping().await {
        Ok(()) => Status::Up,
        Err(error) => {
            tracing::warn!(%error, "the books do not answer");
            Status::Down
        }
    }
}

fn answer(health: Health) -> (StatusCode, Json<Health>) {
    let code = match health.status {
        Status::Up => StatusCode::OK,
        Status::Down | Status::OutOfService => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, Json(health))
}
