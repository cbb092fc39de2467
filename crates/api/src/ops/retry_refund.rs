//! `POST /v1/ops/refunds/{id}/retry`: has a refund tried again now, whatever stood against it.

use axum::{
    Json as Written,
    extract::{Path, State},
    http::StatusCode,
};
use payonce_engine::ruling::Act;
use serde_json::json;

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::Json,
    json::fields::{Faults, Object},
    problem::{Code, Problem},
    views,
};

const REASON_AT_MOST: usize = 500;

/// Tries a refund again.
pub(crate) async fn retry_refund(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json,
) -> Result<(StatusCode, Written<views::Refund>), Problem> {
    caller.must_run_the_shop()?;
    let mut faults = Faults::default();
    let reason = Object::body(&body, &mut faults).and_then(|mut object| {
        let reason = object.take("reason").line(1..=REASON_AT_MOST, &mut faults);
        object.end(&mut faults);
        reason
    });
    let reason = faults.or(reason)?.trim();
    let (sale, refund_id) = api.sale_of_refund(&caller, &id).await?;
    let act = Act { actor: caller.actor(), detail: json!({"reason": reason}).to_string() };
    if let Err(error) = api.engine().retry_refund(refund_id, act).await {
        return Err(Problem::from(error).sale(&sale));
    }
    let (now, _) = api.sale_of_refund(&caller, &id).await?;
    let refund = now.refund(refund_id).ok_or_else(|| Problem::new(Code::RefundNotFound))?;
    Ok((StatusCode::ACCEPTED, Written(views::refund(&now, refund, asked.language))))
}
