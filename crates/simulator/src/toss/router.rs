//! The endpoints of the merchant, of the buyer's browser, and of whoever controls the simulator.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::wire::Reply;
use super::{
    Simulator, billing, cancel, codes, confirm, control, key_in, query, settlements, transactions,
    window,
};
use crate::connection;

pub(super) fn router(simulator: &Simulator) -> Router {
    let core = Router::new()
        .route("/v1/payments/confirm", post(confirm::confirm))
        .route("/v1/payments/key-in", post(key_in::charge))
        .route("/v1/payments/{key}", get(query::by_key))
        .route("/v1/payments/orders/{order}", get(query::by_order))
        .route("/v1/payments/{key}/cancel", post(cancel::cancel))
        .route("/v1/billing/authorizations/issue", post(billing::issue))
        .route("/v1/billing/authorizations/card", post(billing::issue_for_card))
        .route("/v1/billing/{key}", post(billing::charge).delete(billing::delete))
        .route("/v1/transactions", get(transactions::list))
        .route("/v1/settlements", get(settlements::list))
        .layer(from_fn_with_state(simulator.clone(), outlive));
    let browser = Router::new()
        .route("/v2/standard", get(window::sdk))
        .route("/pay", get(window::open))
        .route("/pay/{key}", get(window::show))
        .route("/pay/{key}/{choice}", post(window::choose));
    core.merge(browser)
        .fallback(async || Reply::from(&codes::NOT_FOUND).into_response())
        .with_state(simulator.clone())
        .nest("/_sim", control::router(simulator))
}

/// A call runs in a task of the gateway, so a client that hangs up cancels nothing. A gateway
/// that ends meanwhile takes the connection with it.
async fn outlive(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    simulator.outlive(next.run(request)).await.unwrap_or_else(connection::dropped)
}
