//! `GET /v1/refunds/{id}`: the refund as it is now.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    problem::{Code, Problem},
    views,
};

/// Shows a refund.
pub(crate) async fn read(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<views::Refund>, Problem> {
    let (sale, id) = api.sale_of_refund(&caller, &id).await?;
    let refund = sale.refund(id).ok_or_else(|| Problem::new(Code::RefundNotFound))?;
    Ok(Json(views::refund(&sale, refund, asked.language)))
}
