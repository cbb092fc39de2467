//! The endpoints, and what every request to the gateway goes through.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;

use super::wire::Refusal;
use super::{Simulator, control, look_up, post};
use crate::connection;

pub(super) fn router(simulator: &Simulator) -> Router {
    let wire = Router::new()
        .route("/api/v1/payments", get(look_up::by_order).post(post::pay))
        .route("/api/v1/payments/{key}", get(look_up::by_key))
        .method_not_allowed_fallback(async || Refusal::generic())
        .fallback(async || Refusal::no_path())
        .layer(from_fn_with_state(simulator.clone(), enter))
        .with_state(simulator.clone());
    Router::new().nest("/_sim", control::router(simulator)).merge(wire)
}

pub(super) fn management() -> Router {
    const UP: ([(header::HeaderName, &str); 1], &str) =
        ([(header::CONTENT_TYPE, "application/json")], r#"{"status":"UP"}"#);
    Router::new().route("/actuator/health", get(async || UP))
}

/// A request waits for one of the gateway's threads and keeps it to its end.
///
/// It runs in a task of the gateway, so a client that hangs up cancels nothing, §9. A gateway
/// that dies meanwhile takes the connection with it.
async fn enter(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    let process = simulator.process();
    let whole = async move {
        if let Some(away) = simulator.outage_answer() {
            return away;
        }
        let threads = Arc::clone(&simulator.shared.request_threads.read());
        let _thread = threads.acquire_owned().await;
        let response = next.run(request).await;
        simulator.outage_answer().unwrap_or(response)
    };
    process.outlive(whole).await.unwrap_or_else(connection::dropped)
}
