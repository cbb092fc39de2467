//! Which path is which file.

use axum::{
    Router,
    extract::{Request, State},
    routing::{delete, get, post},
};
use payonce_engine::Engine;

use crate::{
    api::Api,
    auth::{login, signup},
    callbacks, health, layers, ops, orders, pages, payments,
    problem::{Code, Problem},
    products, refunds,
    settings::ApiSettings,
};

/// The whole API with its layers, ready to be served or merged into a larger router.
pub fn router(engine: Engine, settings: ApiSettings) -> Router {
    let api = Api::new(engine, settings);
    let calls = layers::shed_load(&api, calls()).merge(pages::router(&api));
    let usual =
        layers::refuse_larger(api.settings().body_at_most, calls.merge(always_answered(&api)));
    let large = layers::shed_load(&api, calls_with_lines());
    let all = usual
        .merge(layers::refuse_larger(api.settings().lines_at_most, large))
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) });
    layers::around(&api, all).with_state(api)
}

/// Calls that are refused when there is too much to do.
fn calls() -> Router<Api> {
    Router::new()
        .route("/v1/auth/signup", post(signup::signup))
        .route("/v1/auth/login", post(login::login))
        .route("/v1/products", get(products::list::list).post(products::create::create))
        .route("/v1/products/{id}", get(products::read::read).patch(products::change::change))
        .route("/v1/orders", get(orders::list::list).post(orders::create::create))
        .route("/v1/orders/{id}", get(orders::read::read))
        .route("/v1/orders/{id}/payments", post(orders::pay::pay))
        .route("/v1/orders/{id}/cancel", post(orders::cancel::cancel))
        .route("/v1/payments/{id}", get(payments::read::read))
        .route("/v1/payments/{id}/timeline", get(payments::timeline::timeline))
        .route("/v1/payments/{id}/check", post(payments::check::check))
        .route("/v1/payments/{id}/confirm", post(payments::confirm::confirm))
        .route("/v1/payments/{id}/refunds", get(refunds::list::list).post(refunds::create::create))
        .route("/v1/refunds/{id}", get(refunds::read::read))
        .route("/v1/ops/gateways", get(ops::gateways::gateways))
        .route("/v1/ops/incidents", get(ops::incidents::incidents))
        .route("/v1/ops/obligations", get(ops::obligations::obligations))
        .route("/v1/ops/invariants", get(ops::invariants::invariants))
        .route("/v1/ops/unresolved", get(ops::unresolved::unresolved))
        .route("/v1/ops/unresolved/{id}/resolve", post(ops::resolve::resolve))
        .route("/v1/ops/unresolved/{id}/ruling", delete(ops::withdraw::withdraw))
        .route("/v1/ops/refunds", get(ops::refunds::refunds))
        .route("/v1/ops/refunds/{id}/retry", post(ops::retry_refund::retry_refund))
        .route("/v1/ops/audit", get(ops::audit::audit))
}

/// The same, with bodies that hold the lines of a gateway's report.
fn calls_with_lines() -> Router<Api> {
    let reconciliation = get(ops::reconciliation::list::list).post(ops::reconciliation::run::run);
    Router::new().route("/v1/ops/reconciliation", reconciliation)
}

/// Calls that are answered under any load: health, and callbacks, which take load away.
fn always_answered(api: &Api) -> Router<Api> {
    let mut router = Router::new()
        .route("/livez", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/actuator/health", get(health::health));
    for door in api.callbacks() {
        let callback = door.clone();
        let handler = move |state: State<Api>, request: Request| {
            callbacks::called_back(state, callback.clone(), request)
        };
        router = router.route(door.path, post(handler));
    }
    router
}
