//! `GET /v1/ops/obligations`: what is owed or parked, by kind, and how old the oldest is.

use axum::{Json, extract::State};
use payonce_domain::words::Word as _;
use serde::Serialize;

use crate::{api::Api, auth::Caller, paging::Page, problem::Problem, views::moment};

/// One kind of obligation as operators see it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    kind: &'static str,
    state: &'static str,
    count: u64,
    oldest_due: String,
    /// How long the oldest has been due; 0 if none is yet.
    overdue_ms: u128,
}

/// Shows the backlog.
pub(crate) async fn obligations(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Page<Shown>>, Problem> {
    caller.must_run_the_shop()?;
    let now = api.engine().clock().now();
    let backlog = api.engine().books().backlog().await?;
    let data = backlog.into_iter().map(|owed| Shown {
        kind: owed.kind.word(),
        state: owed.state.word(),
        count: owed.count,
        oldest_due: moment(owed.oldest_due),
        overdue_ms: now.since(owed.oldest_due).as_millis(),
    });
    Ok(Json(Page { data: data.collect(), has_more: false, next_cursor: None }))
}
