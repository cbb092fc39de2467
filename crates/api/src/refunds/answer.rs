//! What asking for a refund answers: done, or how it stands now. Only what is done is kept under
//! the call's key.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use payonce_domain::{
    ids::{OrderId, RefundId},
    refund::RefundState,
    sale::Sale,
};
use payonce_engine::{
    checkout::{Call, Taken},
    refunds::RefundTaken,
};
use payonce_ports::store::RememberedReply;

use crate::{
    api::Api,
    asked::Asked,
    orders::answer::{replayed, shown},
    prefer::Patience,
    problem::{Code, Problem},
    views,
};

/// Answers a call that was taken, now or before, with its refund.
pub(crate) async fn taken(
    api: &Api,
    asked: &Asked,
    call: Call,
    order_id: OrderId,
    taken: RefundTaken,
    patience: Patience,
) -> Result<Response, Problem> {
    let id = match taken {
        RefundTaken::Answered(reply) => return Ok(replayed(asked, reply)),
        RefundTaken::Owed(id) => id,
    };
    let sale = wait(api, order_id, id, patience).await?;
    let refund = sale.refund(id).ok_or_else(|| Problem::new(Code::RefundNotFound))?;
    let view = views::refund(&sale, refund, asked.language);
    let mut response = if refund.state == RefundState::Done {
        let body = serde_json::to_string(&view).unwrap_or_default();
        kept(api, asked, call, order_id, body).await
    } else {
        let mut response = (StatusCode::ACCEPTED, Json(view)).into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(1));
        response
    };
    if let Some(applied) = patience.applied() {
        response.headers_mut().insert("preference-applied", applied);
    }
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/refunds/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The sale, at once, or once the refund is certain if the caller would wait for that.
async fn wait(
    api: &Api,
    order_id: OrderId,
    id: RefundId,
    patience: Patience,
) -> Result<Sale, Problem> {
    let engine = api.engine();
    let sale = match patience {
        Patience::Usual | Patience::None => engine.books().sale(order_id).await,
        Patience::For(wait) => {
            let certain =
                |sale: &Sale| sale.refund(id).is_none_or(|refund| !refund.state.is_undecided());
            engine.wait_for(order_id, wait, certain).await
        }
    };
    // It is durable; only reading it back failed. Asking again with the same key tells.
    let in_doubt = || Problem::new(Code::CommitInDoubt).retry_after(1);
    let sale = sale.map_err(|error| {
        tracing::warn!(refund.id = %id, %error, "refund taken but not read back");
        in_doubt()
    })?;
    sale.ok_or_else(in_doubt)
}

/// Keeps the final answer and gives what is kept. If it cannot be kept it is true all the same.
async fn kept(api: &Api, asked: &Asked, call: Call, order_id: OrderId, body: String) -> Response {
    let reply = RememberedReply { status: StatusCode::CREATED.as_u16(), body };
    match api.engine().remember(call, Some(order_id), reply.clone()).await {
        Ok(Taken::Answered(first)) if first != reply => replayed(asked, first),
        Ok(Taken::Answered(_) | Taken::Now(_) | Taken::Before(_)) => {
            shown(StatusCode::CREATED, reply.body)
        }
        Err(error) => {
            tracing::warn!(order.id = %order_id, %error, "final answer not kept");
            shown(StatusCode::CREATED, reply.body)
        }
    }
}
