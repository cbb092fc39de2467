//! The layers around every call, in the order a request meets them:
//!
//! 1. request id and language; on the way out, problems are written down;
//! 2. access log: one line a call, no bodies, no queries, no credentials;
//! 3. security headers;
//! 4. a panic becomes a problem, and ends nothing but its call;
//! 5. a body that says it is too large is refused unread;
//! 6. load shedding: a call without a seat is refused at once (not health and callbacks).

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;

use crate::{
    api::Api,
    asked::Asked,
    body,
    language::Language,
    problem::{Code, Problem},
};

const REQUEST_ID: &str = "x-request-id";

const SECURITY: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
];

/// Puts layers 1 to 4 around a router.
pub(crate) fn around(api: &Api, router: Router<Api>) -> Router<Api> {
    router
        .layer(from_fn(catch_panic))
        .layer(from_fn(secure))
        .layer(from_fn_with_state(api.clone(), log))
        .layer(from_fn_with_state(api.clone(), identify))
}

/// Puts layer 5 around a router whose bodies have at most so many bytes.
pub(crate) fn refuse_larger(limit: usize, router: Router<Api>) -> Router<Api> {
    router.layer(from_fn_with_state(limit, refuse_large))
}

/// Puts layer 6 around a router.
pub(crate) fn shed_load(api: &Api, router: Router<Api>) -> Router<Api> {
    router.layer(from_fn_with_state(api.clone(), take_seat))
}

async fn identify(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let entropy = api.engine().entropy();
    let request_id = sent.filter(|sent| is_request_id(sent)).map_or_else(
        || format!("req_{:016x}{:016x}", entropy.number(), entropy.number()),
        str::to_owned,
    );
    let language = Language::of(request.headers());
    let asked = Asked { request_id, language, public_url: api.public_url() };
    request.extensions_mut().insert(asked.clone());
    let mut response = written_down(next.run(request).await, &asked);
    if let Ok(id) = HeaderValue::from_str(&asked.request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn is_request_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(allowed)
}

/// Writes a problem down. A refusal by the framework itself, which has no words of ours, gets some.
fn written_down(response: Response, asked: &Asked) -> Response {
    let ours = response.extensions().get::<Problem>().cloned();
    let foreign = || {
        let is_text = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|media_type| media_type.as_bytes().starts_with(b"text/plain"));
        let status = response.status();
        (is_text && (status.is_client_error() || status.is_server_error())).then(|| {
            let code = if status == StatusCode::NOT_FOUND || status == StatusCode::BAD_REQUEST {
                Code::NotFound
            } else {
                Code::InternalError
            };
            Problem::new(code)
        })
    };
    let Some(problem) = ours.or_else(foreign) else { return response };
    let mut written = problem.answer(asked);
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && !written.headers().contains_key(name) {
            written.headers_mut().insert(name, value.clone());
        }
    }
    written
}

async fn log(State(api): State<Api>, request: Request, next: Next) -> Response {
    let clock = Arc::clone(api.engine().clock());
    let started = clock.monotonic_micros();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let asked = request.extensions().get::<Asked>().cloned().unwrap_or_default();
    let response = next.run(request).await;
    let micros = clock.monotonic_micros().saturating_sub(started);
    tracing::info!(
        http.method = %method,
        http.route = route.as_ref().map_or("none", MatchedPath::as_str),
        http.status = response.status().as_u16(),
        problem.code = response.extensions().get::<Problem>().map(|p| p.code().entry().code),
        duration_ms = micros / 1_000,
        request.id = asked.request_id,
        "answered"
    );
    response
}

async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

async fn catch_panic(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            tracing::error!(panic = text.unwrap_or("without words"), "a call panicked");
            Problem::new(Code::InternalError).into_response()
        }
    }
}

async fn refuse_large(State(limit): State<usize>, request: Request, next: Next) -> Response {
    if body::says_it_is_larger(request.headers(), limit) {
        return body::too_large(limit).into_response();
    }
    next.run(request).await
}

async fn take_seat(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Ok(_seat) = api.seats().try_acquire() else {
        return Problem::new(Code::Overloaded).retry_after(1).into_response();
    };
    next.run(request).await
}
