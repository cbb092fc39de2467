//! `GET /v1/products/{id}`.

use axum::{
    Json,
    extract::{Path, State},
};

use crate::{
    api::Api,
    json::shown,
    problem::{Code, Problem},
    views,
};

/// Shows a product.
pub(crate) async fn read(
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<views::Product>, Problem> {
    let missing = || Problem::new(Code::ProductNotFound).value("id", &shown(&id));
    let product = api.engine().books().product(id.parse().map_err(|_| missing())?).await?;
    product.map(|product| Json(views::product(&product))).ok_or_else(missing)
}
