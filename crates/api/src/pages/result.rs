//! `GET /pay/{payment_id}/result`: how the payment stands, after a short wait for the first word.

use axum::{
    extract::{Path, State},
    response::Response,
};

use super::standing;
use crate::{api::Api, asked::Asked, orders::answer::wait, prefer::Patience, problem::Problem};

/// Tells how a payment stands. While it is not known, the page asks again by itself.
pub(super) async fn result(
    State(api): State<Api>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let sale = api.sale_of_anybodys_payment(&id).await?;
    let sale = wait(&api, sale.order.id, Patience::Usual).await?;
    Ok(standing::of(&api, &sale, &asked).answer(&api, &asked))
}
