//! `GET /v1/ops/gateways`: every gateway that is switched on, and whether it takes charges now.

use axum::{Json, extract::State};
use serde::Serialize;

use crate::{api::Api, auth::Caller, paging::Page, problem::Problem};

/// A gateway as operators see it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    name: String,
    object: &'static str,
    takes_charges: bool,
    refusal: Option<Refusal>,
    /// Whether buyers agree on its own page.
    has_page: bool,
    can_refund: bool,
    look_up_at_most_every_ms: u128,
    horizon_ms: u128,
}

#[derive(Debug, Serialize)]
struct Refusal {
    reason: String,
    retry_after_ms: u128,
}

/// Lists gateways.
pub(crate) async fn gateways(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Page<Shown>>, Problem> {
    caller.must_run_the_shop()?;
    let shown = api.engine().gateways().map(|gateway| {
        let refusal = gateway.refuses_charges();
        let manners = gateway.manners();
        Shown {
            name: gateway.name().to_string(),
            object: "gateway",
            takes_charges: refusal.is_none(),
            refusal: refusal.map(|refusal| Refusal {
                reason: refusal.reason,
                retry_after_ms: refusal.retry_after.as_millis(),
            }),
            has_page: manners.has_page,
            can_refund: manners.can_refund,
            look_up_at_most_every_ms: manners.look_up_at_most_every.as_millis(),
            horizon_ms: manners.horizon.as_millis(),
        }
    });
    Ok(Json(Page { data: shown.collect(), has_more: false, next_cursor: None }))
}
