//! `POST /v1/orders/{id}/cancel`: gives an order up, whole or in part.
//!
//! Whole: uncharged it ends now; while it may be charged the wish is kept; charged, its money goes
//! back. Twice is once, so it needs no key. In part it is a refund, and needs one.

use axum::{
    Json,
    extract::{OriginalUri, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use payonce_domain::{
    payment::PaymentState,
    refund::request::{HowMuch, REASON_AT_MOST},
    sale::Sale,
};
use payonce_engine::refunds::AskRefund;

use super::create::call_of;
use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::Whole,
    json::{
        self, Tree,
        fields::{Faults, Object},
    },
    language::Sentence,
    problem::{Code, Problem},
    refunds::wanted::how_much,
    views,
};

/// Cancels an order, whole or in part.
pub(crate) async fn cancel(
    State(api): State<Api>,
    asked: Asked,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    caller: Caller,
    Path(id): Path<String>,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let body = if body.is_empty() { Tree::Object(Vec::new()) } else { json::parse(&body)? };
    let wish = read(&body)?;
    let sale = api.sale(&caller, &id).await?;
    let reason = wish.reason.unwrap_or_else(|| usual_reason(&caller).in_language(asked.language));
    let cancelled = match wish.how_much {
        HowMuch::Rest => api.engine().cancel(sale.order.id, &reason).await.map_err(Problem::from),
        // Money without the goods is the shop's to give.
        HowMuch::Amount(_) if !caller.runs_the_shop() => Err(Problem::new(Code::Forbidden)),
        how_much => {
            let ask = AskRefund {
                call: call_of(&api, &caller, &headers, uri.path(), &body)?,
                order_id: sale.order.id,
                how_much,
                expected_refundable: None,
                reason,
            };
            api.engine().ask_refund(ask).await.map(|_taken| ()).map_err(Problem::from)
        }
    };
    let now = api.sale(&caller, &id).await?;
    match cancelled {
        Ok(()) => Ok((status(&now), Json(views::order(&now, &asked))).into_response()),
        Err(problem) => Err(problem.sale(&now)),
    }
}

struct Wish {
    how_much: HowMuch,
    reason: Option<String>,
}

fn read(body: &Tree) -> Result<Wish, Problem> {
    let mut faults = Faults::default();
    let wish = Object::body(body, &mut faults).and_then(|mut object| {
        let how_much = how_much(&mut object, &mut faults);
        let reason = object.take("reason").given();
        let reason = reason.map(|field| field.line(1..=REASON_AT_MOST, &mut faults));
        object.end(&mut faults);
        let reason = match reason {
            Some(reason) => Some(reason?.trim().to_owned()),
            None => None,
        };
        Some(Wish { how_much: how_much?, reason })
    });
    faults.or(wish)
}

fn usual_reason(caller: &Caller) -> Sentence {
    if caller.runs_the_shop() {
        Sentence::new("cancelled by the shop", "판매자가 취소했어요")
    } else {
        Sentence::new("cancelled by the buyer", "구매자가 취소했어요")
    }
}

/// 200 once nothing is left to do; until then the wish, or the money, is on its way.
fn status(now: &Sale) -> StatusCode {
    match now.payment.state {
        PaymentState::Failed | PaymentState::Cancelled | PaymentState::PartiallyRefunded => {
            StatusCode::OK
        }
        PaymentState::Created
        | PaymentState::RequiresAction
        | PaymentState::Processing
        | PaymentState::Unresolved
        | PaymentState::Paid
        | PaymentState::Cancelling
        | PaymentState::CompensationFailed => StatusCode::ACCEPTED,
    }
}
