//! `GET /v1/orders`: newest first; a buyer's own, or everybody's for the shop.

use axum::{Json, extract::State};
use payonce_domain::ids::OrderKind;

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    paging::{Page, Paging},
    problem::Problem,
    views,
};

/// Lists orders.
pub(crate) async fn list(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    paging: Paging,
) -> Result<Json<Page<views::Order>>, Problem> {
    let before = paging.cursor::<OrderKind>()?;
    let owner = match &caller {
        Caller::Buyer(id) => Some(*id),
        Caller::Operator(_) | Caller::Shop { .. } => None,
    };
    let sales = api.engine().books().orders(owner, before, paging.to_read()).await?;
    let view = |sale: &_| views::order(sale, &asked);
    Ok(Json(paging.page(sales, |sale| sale.order.id.to_string(), view)))
}
