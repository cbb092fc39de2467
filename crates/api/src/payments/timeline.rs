//! `GET /v1/payments/{id}/timeline`: every decision about it, oldest first.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{api::Api, asked::Asked, auth::Caller, paging::Page, problem::Problem, views};

/// Shows a payment's history.
pub(crate) async fn timeline(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Page<views::Moment>>, Problem> {
    let sale = api.sale_of_payment(&caller, &id).await?;
    let entries = api.engine().books().journal(sale.order.id).await?;
    let data = views::timeline(entries, views::Reader::of(&caller), asked.language);
    Ok(Json(Page { data, has_more: false, next_cursor: None }))
}
