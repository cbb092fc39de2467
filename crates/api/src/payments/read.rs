//! `GET /v1/payments/{id}`: the payment as it is now.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{api::Api, asked::Asked, auth::Caller, problem::Problem, views};

/// Shows a payment.
pub(crate) async fn read(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<views::Payment>, Problem> {
    let sale = api.sale_of_payment(&caller, &id).await?;
    Ok(Json(views::payment(&sale, &asked)))
}
