//! `GET /v1/ops/refunds`: money that is to go back and is not back yet, oldest first.

use axum::{Json, extract::State, http::Uri};
use payonce_domain::{
    ids::{RefundId, RefundKind},
    obligation::ObligationState,
    refund::RefundState,
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
    problem::{
        Problem,
        fault::{Fault, FieldFault},
    },
    views::{self, moment},
};

const NOT_BACK: [RefundState; 4] =
    [RefundState::Owed, RefundState::Sent, RefundState::Unknown, RefundState::Refused];
const UNDECIDED: &str = "undecided";

/// A refund as operators see it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    refund: views::Refund,
    gateway: Option<String>,
    /// How long it has been owed.
    age_ms: u128,
    tries: u32,
    /// When it is tried or looked at next; nothing, while it waits for a person.
    due_at: Option<String>,
    /// What the last try ran into.
    last_error: Option<String>,
}

/// Lists refunds in one state, in all that are undecided, or in these and refused.
pub(crate) async fn refunds(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    uri: Uri,
) -> Result<Json<Page<Shown>>, Problem> {
    caller.must_run_the_shop()?;
    let (paging, state) = Paging::filtered_by("state", &uri)?;
    let states = states(state.as_deref())?;
    let after = paging.cursor::<RefundKind>()?;
    let books = api.engine().books();
    let read = books.refunds_not_done(&states, after, paging.to_read()).await?;
    let now = api.engine().clock().now();
    let page =
        paging.page(read, |(id, _)| id.to_string(), |(id, sale)| shown(sale, *id, now, &asked));
    let Page { data, has_more, next_cursor } = page;
    Ok(Json(Page { data: data.into_iter().flatten().collect(), has_more, next_cursor }))
}

fn states(word: Option<&str>) -> Result<Vec<RefundState>, Problem> {
    let found: Vec<_> = NOT_BACK
        .into_iter()
        .filter(|state| match word {
            None => true,
            Some(UNDECIDED) => state.is_undecided(),
            Some(word) => state.word() == word,
        })
        .collect();
    if found.is_empty() {
        let possible = NOT_BACK.map(RefundState::word).join(", ");
        let fault = Fault::NotOneOf(format!("{possible}, {UNDECIDED}"));
        return Err(FieldFault::problem("state", fault));
    }
    Ok(found)
}

/// Nothing of one whose place another has taken: no more of it is owed.
fn shown(sale: &Sale, id: RefundId, now: Timestamp, asked: &Asked) -> Option<Shown> {
    let refund = sale.refund(id).filter(|refund| !sale.is_replaced(refund))?;
    let owed = sale.obligations.iter().find(|owed| owed.refund_id == Some(id))?;
    let problem = refund.problem.as_ref().map(|problem| problem.text.clone());
    Some(Shown {
        gateway: sale.attempt(refund.attempt_id).map(|attempt| attempt.gateway.to_string()),
        age_ms: now.since(refund.requested_at).as_millis(),
        tries: owed.tries,
        due_at: (owed.state == ObligationState::Owed).then(|| moment(owed.due_at)),
        last_error: owed.last_error.clone().or(problem),
        refund: views::refund(sale, refund, asked.language),
    })
}
