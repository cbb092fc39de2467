//! `GET /v1/ops/audit`: privileged acts, newest first: who did what to what, and why.

use axum::{Json, extract::State};
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::Api,
    auth::Caller,
    paging::{Page, Paging},
    problem::Problem,
    views::moment,
};

/// A privileged act as operators see it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: String,
    object: &'static str,
    at: String,
    actor: String,
    action: String,
    subject: String,
    detail: Value,
}

/// Lists the newest privileged acts.
pub(crate) async fn audit(
    State(api): State<Api>,
    caller: Caller,
    paging: Paging,
) -> Result<Json<Page<Shown>>, Problem> {
    caller.must_run_the_shop()?;
    let read = api.engine().books().audit(paging.limit).await?;
    let data = read.into_iter().map(|act| Shown {
        id: act.id.to_string(),
        object: "act",
        at: moment(act.at),
        actor: act.actor,
        action: act.action,
        subject: act.subject,
        detail: serde_json::from_str(&act.detail).unwrap_or(Value::String(act.detail)),
    });
    Ok(Json(Page { data: data.collect(), has_more: false, next_cursor: None }))
}
