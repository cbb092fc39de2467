//! Gateways calling back. Whatever comes in is a trigger, never evidence: we ask the gateway.
//!
//! An empty 200 means that nothing is lost if it is never repeated: the look-up is owed already,
//! or it is none of ours. Only books that cannot be read make it worth repeating.

use axum::{
    extract::{FromRequest as _, Request, State},
    http::StatusCode,
};
use payonce_engine::look_ups::CalledBack;

use crate::{api::Api, body::Whole, problem::Problem, settings::Callback};

/// Takes one gateway's callback.
pub(crate) async fn called_back(
    State(api): State<Api>,
    door: Callback,
    request: Request,
) -> Result<StatusCode, Problem> {
    let Whole(body) = Whole::from_request(request, &api).await?;
    let Some(order_id) = (door.order_id)(&body) else {
        tracing::info!(gateway.name = %door.gateway, "callback that is not this gateway's");
        return Ok(StatusCode::OK);
    };
    let outcome = api.engine().called_back(&door.gateway, &order_id).await?;
    match outcome {
        CalledBack::LookingUp => {
            tracing::debug!(gateway.name = %door.gateway, "callback: asking the gateway");
        }
        CalledBack::AlreadyCertain => {
            tracing::debug!(gateway.name = %door.gateway, "callback about what is certain");
        }
        CalledBack::NotOurs => {
            tracing::info!(gateway.name = %door.gateway, "callback about none of our orders");
        }
    }
    Ok(StatusCode::OK)
}
