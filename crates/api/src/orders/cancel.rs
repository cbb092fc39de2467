//! `POST /v1/orders/{id}/cancel`: gives up an order that is certainly not charged. Twice is once.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::{Whole, nothing_in},
    problem::Problem,
    views,
};

/// Cancels an order, whole.
pub(crate) async fn cancel(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
    body: Whole,
) -> Result<Json<views::Order>, Problem> {
    nothing_in(&body)?;
    let sale = api.sale(&caller, &id).await?;
    let cancelled = api.engine().cancel(sale.order.id).await;
    let now = api.sale(&caller, &id).await?;
    match cancelled {
        Ok(()) => Ok(Json(views::order(&now, asked.language))),
        Err(error) => Err(Problem::from(error).sale(&now)),
    }
}
