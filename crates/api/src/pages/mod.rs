//! Pages for buyers: to the gateway's page, back from it, and how the payment stands.
//!
//! Nobody signs in here: a payment's id cannot be guessed, and a page shows what is paid and how it
//! stands, nothing else. [`open`] goes to the gateway, [`returned`] takes what comes back, [`result`]
//! tells; [`standing`] is what they say, [`document`] how it is written. Every page is for phones
//! first, works without a script where the gateway does, and may be opened any number of times.

mod document;
mod open;
mod result;
mod returned;
mod standing;

use axum::{
    Router,
    extract::Request,
    extract::State,
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};

use crate::{api::Api, asked::Asked, layers, problem::Problem};

/// The pages. Too much to do is told to buyers as a page, too.
pub(crate) fn router(api: &Api) -> Router<Api> {
    let pages = Router::new()
        .route("/pay/{id}", get(open::open))
        .route("/pay/{id}/return/{how}", get(returned::returned))
        .route("/pay/{id}/result", get(result::result));
    layers::shed_load(api, pages).layer(from_fn_with_state(api.clone(), in_html))
}

/// Tells a problem as a page.
async fn in_html(State(api): State<Api>, asked: Asked, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) => standing::of_problem(problem, &asked).answer(&api, &asked),
        None => response,
    }
}
