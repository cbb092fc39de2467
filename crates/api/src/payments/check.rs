//! `POST /v1/payments/{id}/check`: asks the gateway now, through the same door as every look-up.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::{Whole, nothing_in},
    problem::{Code, Problem},
    views,
};

/// Checks a payment. Without an attempt that is live or believed absent there is nothing to ask, and it
/// answers as it stands.
pub(crate) async fn check(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
    body: Whole,
) -> Result<Json<views::Payment>, Problem> {
    nothing_in(&body)?;
    let sale = api.sale_of_payment(&caller, &id).await?;
    let now = api.engine().check(sale.order.id).await?;
    let now = now.ok_or_else(|| Problem::new(Code::PaymentNotFound))?;
    Ok(Json(views::payment(&now, &asked)))
}
