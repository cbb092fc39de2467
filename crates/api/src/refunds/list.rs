//! `GET /v1/payments/{id}/refunds`: everything of a payment that went back or is to go back.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{api::Api, asked::Asked, auth::Caller, paging::Page, problem::Problem, views};

/// Lists a payment's refunds, oldest first.
pub(crate) async fn list(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Page<views::Refund>>, Problem> {
    let sale = api.sale_of_payment(&caller, &id).await?;
    let data = sale.refunds.iter().map(|refund| views::refund(&sale, refund, asked.language));
    Ok(Json(Page { data: data.collect(), has_more: false, next_cursor: None }))
}
