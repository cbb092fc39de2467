//! `GET /v1/ops/unresolved`: payments in doubt beyond their gateway's horizon, oldest first.

use axum::{Json, extract::State};
use payonce_domain::{
    ids::OrderKind,
    obligation::Obligation,
    payment::{
        Attempt,
        ruling::{Ruled, Ruling},
    },
    sale::Sale,
    time::Timestamp,
    words::Word as _,
};
use serde::Serialize;

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    paging::{Page, Paging},
    problem::Problem,
    views::{self, moment},
};

/// A payment in doubt as operators see it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    object: &'static str,
    order_id: String,
    buyer: String,
    amount: i64,
    currency: &'static str,
    /// Since when it is in doubt, by the attempt that is.
    since: String,
    age_ms: u128,
    cancel_wished_at: Option<String>,
    in_doubt: Option<InDoubt>,
    /// Everything that is owed for the order.
    owed: Vec<Owed>,
    payment: views::Payment,
}

/// The attempt that is in doubt, and what was asked about it.
#[derive(Debug, Serialize)]
struct InDoubt {
    attempt_id: String,
    state: &'static str,
    gateway: String,
    gateway_order_id: String,
    reference: Option<String>,
    recorded_at: String,
    /// No byte of it left us from this moment on.
    send_before: String,
    /// How often the gateway said, in a row, that it has none.
    absences: u32,
    /// A decision that waits for a second person.
    ruling: Option<Waiting>,
}

/// A ruling that waits for a second person.
#[derive(Debug, Serialize)]
pub(crate) struct Waiting {
    #[serde(flatten)]
    ruled: Ruled,
    by: String,
    reason: String,
    evidence: String,
    at: String,
}

/// Something owed: a look-up that asks the gateway, or a refund.
#[derive(Debug, Serialize)]
pub(super) struct Owed {
    id: String,
    kind: &'static str,
    state: &'static str,
    attempt_id: Option<String>,
    refund_id: Option<String>,
    tries: u32,
    due_at: String,
    last_error: Option<String>,
}

/// Lists unresolved payments.
pub(crate) async fn unresolved(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    paging: Paging,
) -> Result<Json<Page<Shown>>, Problem> {
    caller.must_run_the_shop()?;
    let after = paging.cursor::<OrderKind>()?;
    let sales = api.engine().books().unresolved(after, paging.to_read()).await?;
    let now = api.engine().clock().now();
    Ok(Json(paging.page(sales, |sale| sale.order.id.to_string(), |sale| shown(sale, now, &asked))))
}

fn shown(sale: &Sale, now: Timestamp, asked: &Asked) -> Shown {
    let live = sale.live_attempt();
    let since = live.map_or(sale.payment.changed_at, |live| live.recorded_at);
    Shown {
        object: "unresolved",
        order_id: sale.order.id.to_string(),
        buyer: sale.order.owner.to_string(),
        amount: sale.payment.amount.minor,
        currency: sale.payment.amount.currency.code(),
        since: moment(since),
        age_ms: now.since(since).as_millis(),
        cancel_wished_at: sale.order.cancel_wished_at.map(moment),
        in_doubt: live.map(in_doubt),
        owed: sale.obligations.iter().map(owed).collect(),
        payment: views::payment(sale, asked),
    }
}

fn in_doubt(attempt: &Attempt) -> InDoubt {
    InDoubt {
        attempt_id: attempt.id.to_string(),
        state: attempt.state.word(),
        gateway: attempt.gateway.to_string(),
        gateway_order_id: attempt.gateway_order_id.clone(),
        reference: attempt.reference.clone(),
        recorded_at: moment(attempt.recorded_at),
        send_before: moment(attempt.send_before),
        absences: attempt.absences,
        ruling: attempt.ruling.as_ref().map(waiting),
    }
}

/// What is shown of a ruling that waits.
pub(super) fn waiting(ruling: &Ruling) -> Waiting {
    Waiting {
        ruled: ruling.ruled.clone(),
        by: ruling.by.to_string(),
        reason: ruling.reason.clone(),
        evidence: ruling.evidence.clone(),
        at: moment(ruling.at),
    }
}

fn owed(owed: &Obligation) -> Owed {
    Owed {
        id: owed.id.to_string(),
        kind: owed.kind.word(),
        state: owed.state.word(),
        attempt_id: owed.attempt_id.map(|id| id.to_string()),
        refund_id: owed.refund_id.map(|id| id.to_string()),
        tries: owed.tries,
        due_at: moment(owed.due_at),
        last_error: owed.last_error.clone(),
    }
}
