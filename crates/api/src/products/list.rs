//! `GET /v1/products`: the catalogue, oldest first.

use axum::{Json, extract::State};
use payonce_domain::ids::ProductKind;

use crate::{
    api::Api,
    paging::{Page, Paging},
    problem::Problem,
    views,
};

/// Lists products.
pub(crate) async fn list(
    State(api): State<Api>,
    paging: Paging,
) -> Result<Json<Page<views::Product>>, Problem> {
    let after = paging.cursor::<ProductKind>()?;
    let products = api.engine().books().products(after, paging.to_read()).await?;
    Ok(Json(paging.page(products, |product| product.id.to_string(), views::product)))
}
