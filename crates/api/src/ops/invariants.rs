//! `GET /v1/ops/invariants`: checks what must always hold, over all books, one caller at a time.
//!
//! It reads page by page while the shop goes on; each order's pages are read together.

use axum::{Json, extract::State};
use payonce_domain::{
    invariants::{Violation, check_ledger, check_sale},
    words::Word as _,
};
use serde::Serialize;

use crate::{
    api::Api,
    auth::Caller,
    problem::{Code, Problem},
};

/// Orders read at a time.
const PAGE: u32 = 200;
/// Violations told at most; one is enough to stop everything and look.
const TOLD_AT_MOST: usize = 100;

/// What was checked and what does not hold.
#[derive(Debug, Serialize)]
pub(crate) struct Checked {
    object: &'static str,
    holds: bool,
    orders_checked: usize,
    orphans: u64,
    violations: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    rule: &'static str,
    subject: String,
    seen: String,
}

/// Checks all orders and the ledger. Stock is checked by `payonce verify`, with the shop at rest.
pub(crate) async fn invariants(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<Checked>, Problem> {
    caller.must_run_the_shop()?;
    let overloaded = |_| Problem::new(Code::Overloaded).retry_after(5);
    let _seat = api.checking().try_acquire().map_err(overloaded)?;
    let books = api.engine().books();
    let mut violations: Vec<Violation> = Vec::new();
    let (mut after, mut orders_checked) = (None, 0);
    loop {
        let pages = books.sale_pages(after, PAGE).await?;
        let Some(last) = pages.last() else { break };
        after = Some(last.sale.order.id);
        orders_checked += pages.len();
        violations.extend(pages.iter().flat_map(check_sale));
        if violations.len() > TOLD_AT_MOST {
            break;
        }
    }
    let sums = books.ledger_sums().await?;
    let sums = sums.iter().map(|(currency, sum)| (currency.as_str(), *sum)).collect();
    violations.extend(check_ledger(&sums));
    let orphans = books.orphans().await?.values().sum();
    violations.truncate(TOLD_AT_MOST);
    Ok(Json(Checked {
        object: "invariants",
        holds: violations.is_empty() && orphans == 0,
        orders_checked,
        orphans,
        violations: violations
            .into_iter()
            .map(|broken| Shown {
                rule: broken.rule.word(),
                subject: broken.subject,
                seen: broken.seen,
            })
            .collect(),
    }))
}
