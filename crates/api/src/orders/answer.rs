//! What placing, paying again and confirming answer: final, or how it stands now.
//!
//! A final answer is kept under the call's key before it is given, so that a repeat gets the same,
//! byte for byte. What is in doubt is never frozen: it answers as it stands.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use payonce_domain::{
    ids::OrderId,
    order::OrderStatus,
    payment::{Attempt, AttemptState, FailureReason, PaymentState, ProblemCode},
    sale::Sale,
    time::Timestamp,
    words::Word as _,
};
use payonce_engine::checkout::{Call, Taken};
use payonce_ports::store::RememberedReply;

use crate::{
    api::Api,
    asked::Asked,
    language::Sentence,
    prefer::Patience,
    problem::{self, Code, Problem},
    views,
};

/// What a sale answers.
enum Standing {
    /// Charged and fulfilled. Final, unless money of it goes back.
    Done { is_final: bool },
    /// Certainly not charged. Final if a repeat must get the very same.
    Refused { problem: Problem, is_final: bool },
    /// Not decided: ask again after so many seconds.
    UnderWay { retry_after: u64 },
}

/// Answers a call that was taken, now or before.
pub(super) async fn taken(
    api: &Api,
    asked: &Asked,
    call: Call,
    taken: Taken,
    patience: Patience,
) -> Result<Response, Problem> {
    let order_id = match taken {
        Taken::Answered(reply) => return Ok(replayed(asked, reply)),
        Taken::Now(order_id) => order_id,
        Taken::Before(order_id) => {
            not_being_sent(api, order_id).await?;
            order_id
        }
    };
    let sale = wait(api, order_id, patience).await?;
    let now = api.engine().clock().now();
    let may_change = is_still_asked_about(&sale);
    let response = match standing(&sale, now) {
        Standing::Done { is_final: true } => {
            let body = written(&sale, asked);
            kept(api, asked, call, &sale, StatusCode::CREATED, body).await
        }
        Standing::Refused { problem, is_final: true } if !may_change => {
            let body = problem.body(asked);
            let status = problem.status();
            let mut response = kept(api, asked, call, &sale, status, body).await;
            copy_headers(&problem.answer(asked), &mut response);
            response
        }
        standing => told(asked, &sale, standing),
    };
    Ok(addressed(response, order_id, patience))
}

/// Answers how this sale stands.
pub(crate) fn standing_now(api: &Api, asked: &Asked, sale: &Sale, patience: Patience) -> Response {
    let standing = standing(sale, api.engine().clock().now());
    addressed(told(asked, sale, standing), sale.order.id, patience)
}

fn told(asked: &Asked, sale: &Sale, standing: Standing) -> Response {
    match standing {
        Standing::Done { .. } => shown(StatusCode::CREATED, written(sale, asked)),
        Standing::Refused { problem, .. } => problem.answer(asked),
        Standing::UnderWay { retry_after } => {
            let mut response = shown(StatusCode::ACCEPTED, written(sale, asked));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
            response
        }
    }
}

fn addressed(mut response: Response, order_id: OrderId, patience: Patience) -> Response {
    if let Some(applied) = patience.applied() {
        response.headers_mut().insert("preference-applied", applied);
    }
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/orders/{order_id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Answers a call that did nothing. A final refusal is kept under the key first, so that a repeat
/// gets the very same; if a faster repeat was not refused, both get what that one did.
pub(super) async fn refused(
    api: &Api,
    asked: &Asked,
    call: Call,
    problem: Problem,
    patience: Patience,
) -> Result<Response, Problem> {
    let is_final = matches!(problem.code(), Code::SoldOut | Code::OrderEnded | Code::OrderExpired);
    if !is_final {
        return Err(problem);
    }
    let reply = RememberedReply { status: problem.status().as_u16(), body: problem.body(asked) };
    match api.engine().remember(call.clone(), None, reply.clone()).await? {
        Taken::Answered(kept) if kept == reply => Err(problem),
        other => taken(api, asked, call, other, patience).await,
    }
}

/// The same call, whose request is on its way right now, is answered by whoever sent it.
async fn not_being_sent(api: &Api, order_id: OrderId) -> Result<(), Problem> {
    let sale = api.engine().books().sale(order_id).await?;
    let now = api.engine().clock().now();
    if sale.is_some_and(|sale| sale.is_being_sent(now)) {
        return Err(Problem::new(Code::IdempotentRequestInProgress).retry_after(1));
    }
    Ok(())
}

/// The sale, once the caller's patience or what it waits for is over.
pub(crate) async fn wait(api: &Api, id: OrderId, patience: Patience) -> Result<Sale, Problem> {
    let engine = api.engine();
    let sale = match patience {
        Patience::None => engine.books().sale(id).await,
        Patience::Usual => {
            let first_word = |sale: &Sale| {
                sale.live_attempt().is_none_or(|live| live.state != AttemptState::Sent)
            };
            engine.wait_for(id, api.settings().first_answer_within, first_word).await
        }
        Patience::For(wait) => {
            let decided = |sale: &Sale| match sale.payment.state {
                PaymentState::Processing => false,
                PaymentState::Created
                | PaymentState::RequiresAction
                | PaymentState::Unresolved
                | PaymentState::Paid
                | PaymentState::Cancelling
                | PaymentState::Cancelled
                | PaymentState::PartiallyRefunded
                | PaymentState::Failed
                | PaymentState::CompensationFailed => true,
            };
            engine.wait_for(id, wait, decided).await
        }
    };
    // It is durable; only reading it back failed. Asking again with the same key tells.
    let in_doubt = || Problem::new(Code::CommitInDoubt).retry_after(1);
    let sale = sale.map_err(|error| {
        tracing::warn!(order.id = %id, %error, "order taken but not read back");
        in_doubt()
    })?;
    sale.ok_or_else(in_doubt)
}

/// Whether an attempt may still turn out otherwise: this one, or an earlier one whose absence was
/// believed. Then no refusal of this order is final.
fn is_still_asked_about(sale: &Sale) -> bool {
    sale.attempts.iter().any(|attempt| sale.owed_look_up(attempt.id).is_some())
}

fn standing(sale: &Sale, now: Timestamp) -> Standing {
    match sale.payment.state {
        PaymentState::Paid => Standing::Done { is_final: sale.refunds.is_empty() },
        PaymentState::Cancelling
        | PaymentState::PartiallyRefunded
        | PaymentState::CompensationFailed
            if sale.order.status == OrderStatus::Completed =>
        {
            Standing::Done { is_final: false }
        }
        // The buyer moves next, at the gateway's page.
        PaymentState::RequiresAction => Standing::UnderWay { retry_after: 5 },
        PaymentState::Created => open(sale),
        PaymentState::Processing | PaymentState::Unresolved => {
            Standing::UnderWay { retry_after: seconds_to_look_up(sale, now) }
        }
        PaymentState::Failed => match sale.payment.reason {
            Some(FailureReason::GatewayUnavailable) => {
                let again = Sentence::new(
                    "Everything held is back and this order has ended; order again later, with a fresh key.",
                    "잡아 둔 상품은 되돌렸고 이 주문은 끝났어요. 나중에 새 키로 다시 주문해 주세요.",
                );
                let problem = Problem::new(Code::GatewayUnavailable).say("again", again);
                uncharged(problem.retry_after(5).sale(sale), true)
            }
            Some(FailureReason::Rejected) => {
                uncharged(Problem::new(Code::PaymentRejected).sale(sale), true)
            }
            Some(FailureReason::Expired) => {
                let until = views::by_when(sale.order.expires_at);
                uncharged(Problem::new(Code::OrderExpired).say("until", until).sale(sale), false)
            }
            Some(FailureReason::Cancelled) | None => over(sale),
        },
        PaymentState::Cancelled => over(sale),
        // Not over: money is on its way back.
        PaymentState::Cancelling | PaymentState::PartiallyRefunded => {
            Standing::UnderWay { retry_after: 5 }
        }
        // Not over: an operator moves next.
        PaymentState::CompensationFailed => Standing::UnderWay { retry_after: 60 },
    }
}

/// Ended unpaid, or all of it was given back.
fn over(sale: &Sale) -> Standing {
    let status = sale.order.status.word();
    uncharged(Problem::new(Code::OrderEnded).value("status", &status).sale(sale), false)
}

/// Uncharged and open: why, and until when it can be paid again.
fn open(sale: &Sale) -> Standing {
    let last = sale.last_attempt();
    let code = last.map_or(Code::NotCharged, code_of);
    let until = views::by_when(sale.order.expires_at);
    // An absence that was believed may still turn out otherwise; a decline does not.
    let is_final = last.is_some_and(|last| last.state == AttemptState::Declined);
    uncharged(Problem::new(code).say("until", until).sale(sale), is_final)
}

fn code_of(attempt: &Attempt) -> Code {
    match attempt.problem.as_ref().map(|problem| problem.code) {
        Some(ProblemCode::LimitExceeded) => Code::LimitExceeded,
        Some(ProblemCode::InvalidCard) => Code::InvalidCard,
        Some(ProblemCode::DeclinedOther) => Code::DeclinedOther,
        Some(ProblemCode::TurnedDown) => Code::TurnedDown,
        Some(
            ProblemCode::Abandoned
            | ProblemCode::Superseded
            | ProblemCode::RuledNotCharged
            | ProblemCode::RefundRefused
            | ProblemCode::Rejected
            | ProblemCode::NotCreated
            | ProblemCode::NotSent
            | ProblemCode::Absent
            | ProblemCode::Unclear
            | ProblemCode::NoAnswer,
        )
        | None => Code::NotCharged,
    }
}

fn uncharged(problem: Problem, is_final: bool) -> Standing {
    Standing::Refused { problem, is_final }
}

/// When asking again makes sense: at the next look-up, and at least every five seconds.
fn seconds_to_look_up(sale: &Sale, now: Timestamp) -> u64 {
    let owed = sale.live_attempt().and_then(|live| sale.owed_look_up(live.id));
    owed.map_or(1, |owed| owed.due_at.since(now).as_secs().clamp(1, 5))
}

fn written(sale: &Sale, asked: &Asked) -> String {
    serde_json::to_string(&views::order(sale, asked)).unwrap_or_default()
}

/// Keeps a final answer and gives what is kept. If it cannot be kept it is true all the same, and
/// a repeat finds it out again.
async fn kept(
    api: &Api,
    asked: &Asked,
    call: Call,
    sale: &Sale,
    status: StatusCode,
    body: String,
) -> Response {
    let reply = RememberedReply { status: status.as_u16(), body };
    match api.engine().remember(call, Some(sale.order.id), reply.clone()).await {
        Ok(Taken::Answered(first)) if first != reply => replayed(asked, first),
        Ok(Taken::Answered(_) | Taken::Now(_) | Taken::Before(_)) => shown(status, reply.body),
        Err(error) => {
            tracing::warn!(order.id = %sale.order.id, %error, "final answer not kept");
            shown(status, reply.body)
        }
    }
}

pub(crate) fn replayed(asked: &Asked, reply: RememberedReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    tracing::debug!(request.id = asked.request_id, "answered as before");
    let mut response = shown(status, reply.body);
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    response
}

pub(crate) fn shown(status: StatusCode, body: String) -> Response {
    let media_type = if status.is_success() { "application/json" } else { problem::MEDIA_TYPE };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

fn copy_headers(from: &Response, to: &mut Response) {
    for (name, value) in from.headers() {
        to.headers_mut().insert(name, value.clone());
    }
}
