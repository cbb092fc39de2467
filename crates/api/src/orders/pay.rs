//! `POST /v1/orders/{id}/payments`: pays an open order again, with another card or the same.

use axum::{
    extract::{OriginalUri, Path, State},
    http::HeaderMap,
    response::Response,
};
use payonce_domain::ids::OrderId;
use payonce_engine::checkout::{Call, PayAgain};

use super::{answer, create::call_of, paying::paying};
use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::Json,
    json::{
        Tree,
        fields::{Faults, Field, Object},
    },
    prefer::Patience,
    problem::Problem,
};

/// Pays an open order again. The earlier attempts are certainly not charged, or it is refused.
pub(crate) async fn pay(
    State(api): State<Api>,
    asked: Asked,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json,
) -> Result<Response, Problem> {
    let call = call_of(&api, &caller, &headers, uri.path(), &body)?;
    let order_id = api.sale(&caller, &id).await?.order.id;
    let request = read(&api, call.clone(), order_id, &body)?;
    drop(body);
    let patience = Patience::of(&headers, api.settings().wait_at_most);
    let error = match api.engine().pay_again(request).await {
        Ok(taken) => return answer::taken(&api, &asked, call, taken, patience).await,
        Err(error) => error,
    };
    let problem = Problem::from(error);
    let problem = match api.sale(&caller, &id).await {
        Ok(now) => problem.sale(&now),
        Err(_) => problem,
    };
    answer::refused(&api, &asked, call, problem, patience).await
}

/// The body is what `POST /v1/orders` has under `payment`, bare or under `payment`.
fn read(api: &Api, call: Call, order_id: OrderId, body: &Tree) -> Result<PayAgain, Problem> {
    let mut faults = Faults::default();
    let paying = Object::body(body, &mut faults).and_then(|mut object| {
        if object.has("method") || object.has("card") {
            return paying(api, &Field::body(body), &mut faults);
        }
        let paying = paying(api, &object.take("payment"), &mut faults);
        object.end(&mut faults);
        paying
    });
    let paying = faults.or(paying)?;
    Ok(PayAgain { call, order_id, pay_with: paying.pay_with, gateway: paying.gateway })
}
