//! `DELETE /v1/ops/unresolved/{payment_id}/ruling`: withdraws the ruling that waits for a second
//! person, so that another may be made.

use axum::{
    Json,
    extract::{Path, State},
};
use payonce_engine::ruling::{Act, Wish};

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    problem::{Code, Problem},
    views,
};

/// Withdraws a ruling, whoever of the operators made it.
pub(crate) async fn withdraw(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<views::Payment>, Problem> {
    caller.operator()?;
    let sale = api.sale_of_payment(&caller, &id).await?;
    if sale.live_attempt().is_none_or(|live| live.ruling.is_none()) {
        return Err(Problem::new(Code::NotFound));
    }
    let act = Act { actor: caller.actor(), detail: "{}".to_owned() };
    api.engine().rule(sale.order.id, Wish::Withdraw, act).await?;
    let now = api.sale_of_payment(&caller, &id).await?;
    Ok(Json(views::payment(&now, &asked)))
}
