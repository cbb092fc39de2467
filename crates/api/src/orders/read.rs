//! `GET /v1/orders/{id}`: the order as it is now.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{api::Api, asked::Asked, auth::Caller, problem::Problem, views};

/// Shows an order.
pub(crate) async fn read(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<views::Order>, Problem> {
    let sale = api.sale(&caller, &id).await?;
    Ok(Json(views::order(&sale, &asked)))
}
