//! `GET /v1/ops/incidents`: what must not happen or needs a person, newest first.

use axum::{Json, extract::State};
use payonce_domain::words::Word as _;
use serde::Serialize;

use crate::{
    api::Api,
    auth::Caller,
    paging::{Page, Paging},
    problem::Problem,
    views::moment,
};

/// An incident as operators see it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: String,
    object: &'static str,
    kind: &'static str,
    order_id: String,
    payment_id: String,
    attempt_id: String,
    detail: String,
    at: String,
}

/// Lists the newest incidents.
pub(crate) async fn incidents(
    State(api): State<Api>,
    caller: Caller,
    paging: Paging,
) -> Result<Json<Page<Shown>>, Problem> {
    caller.must_run_the_shop()?;
    let read = api.engine().books().incidents(paging.limit).await?;
    let data = read.iter().map(|incident| Shown {
        id: incident.id.to_string(),
        object: "incident",
        kind: incident.kind.word(),
        order_id: incident.order_id.to_string(),
        payment_id: incident.payment_id.to_string(),
        attempt_id: incident.attempt_id.to_string(),
        detail: incident.detail.clone(),
        at: moment(incident.at),
    });
    Ok(Json(Page { data: data.collect(), has_more: false, next_cursor: None }))
}
