//! `POST /v1/payments/{id}/refunds`: gives money of a served order back, in full or part.
//!
//! The refund is durable before anything is asked of the gateway, and owed until the gateway
//! confirms it. With one idempotency key there is one refund.

use axum::{
    extract::{OriginalUri, Path, State},
    http::HeaderMap,
    response::Response,
};
use payonce_domain::{ids::OrderId, refund::request::REASON_AT_MOST};
use payonce_engine::{checkout::Call, refunds::AskRefund};

use super::{answer, wanted::how_much};
use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::Json,
    json::{
        Tree,
        fields::{Faults, Object},
    },
    orders::create::call_of,
    prefer::Patience,
    problem::Problem,
};

/// Asks for a refund. For the shop's people: a buyer cancels the order instead.
pub(crate) async fn create(
    State(api): State<Api>,
    asked: Asked,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json,
) -> Result<Response, Problem> {
    caller.must_run_the_shop()?;
    let call = call_of(&api, &caller, &headers, uri.path(), &body)?;
    let sale = api.sale_of_payment(&caller, &id).await?;
    let ask = read(call.clone(), sale.order.id, &body)?;
    let patience = Patience::of(&headers, api.settings().wait_at_most);
    match api.engine().ask_refund(ask).await {
        Ok(taken) => answer::taken(&api, &asked, call, sale.order.id, taken, patience).await,
        Err(error) => {
            let problem = Problem::from(error);
            Err(match api.engine().books().sale(sale.order.id).await {
                Ok(Some(now)) => problem.sale(&now),
                Ok(None) | Err(_) => problem,
            })
        }
    }
}

fn read(call: Call, order_id: OrderId, body: &Tree) -> Result<AskRefund, Problem> {
    let mut faults = Faults::default();
    let ask = Object::body(body, &mut faults).and_then(|mut object| {
        let how_much = how_much(&mut object, &mut faults);
        let reason = object.take("reason").line(1..=REASON_AT_MOST, &mut faults);
        let expected = object.take("expected_refundable").given();
        let expected = expected.map(|field| field.whole(0..=i64::MAX, &mut faults));
        object.end(&mut faults);
        Some(AskRefund {
            call,
            order_id,
            how_much: how_much?,
            expected_refundable: match expected {
                Some(expected) => Some(expected?),
                None => None,
            },
            reason: reason?.trim().to_owned(),
        })
    });
    faults.or(ask)
}
