//! `GET /v1/ops/invariants`: checks what must always hold, over all books, one caller at a time.
//!
//! It reads page by page while the shop goes on; each order's pages are read together.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use payonce_domain::words::Word as _;
use payonce_engine::verification::verify;
use serde::Serialize;

use crate::{
    api::Api,
    auth::Caller,
    problem::{Code, Problem},
};

/// Violations told at most; one is enough to stop everything and look.
const TOLD_AT_MOST: usize = 100;

/// What was checked and what does not hold.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    object: &'static str,
    holds: bool,
    orders: u64,
    attempts: u64,
    /// Attempts that are not certain yet: no fault, but not the end either.
    undecided: u64,
    violations: Vec<Violation>,
}

#[derive(Debug, Serialize)]
struct Violation {
    rule: &'static str,
    subject: String,
    seen: String,
}

/// Checks all books.
pub(crate) async fn invariants(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Checked>, Problem> {
    caller.must_run_the_shop()?;
    let overloaded = |_| Problem::new(Code::Overloaded).retry_after(5);
    let _seat = api.checking().try_acquire().map_err(overloaded)?;
    let verdict = verify(api.engine().books(), BTreeMap::new(), &mut |_read| {}).await?;
    let violations = verdict.violations.iter().take(TOLD_AT_MOST).map(|broken| Violation {
        rule: broken.rule.word(),
        subject: broken.subject.clone(),
        seen: broken.seen.clone(),
    });
    Ok(Json(Checked {
        object: "invariants",
        holds: verdict.is_clean(),
        orders: verdict.orders,
        attempts: verdict.attempts,
        undecided: verdict.undecided,
        violations: violations.collect(),
    }))
}
