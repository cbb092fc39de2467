//! `GET /v1/ops/reconciliation`: the newest reconciliations, and what differs still.

use std::cmp::Reverse;

use axum::{Json, extract::State, http::Uri};
use payonce_domain::{gateway::GatewayName, reconciliation::Date, words::Word as _};
use payonce_ports::reconciliation::{FindingRow, ReconciliationRun};
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    language::Sentence,
    paging::{Page, Paging},
    problem::Problem,
    views::moment,
};

/// Two lists with a beginning and no pages.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    object: &'static str,
    /// The newest first.
    runs: Page<Run>,
    /// Those of the oldest day first.
    findings: Page<Finding>,
}

/// One reconciliation of one day, as it was.
#[derive(Debug, Serialize)]
struct Run {
    id: String,
    object: &'static str,
    gateway: String,
    day: Date,
    at: String,
    /// `gateway`, a file's name, or `request`.
    source: String,
    matched: u64,
    totals: Value,
    /// Findings that were left.
    findings: u64,
}

/// Something that differs still.
#[derive(Debug, Serialize)]
struct Finding {
    key: String,
    object: &'static str,
    gateway: String,
    day: Date,
    age_days: i64,
    r#type: &'static str,
    severity: &'static str,
    text: String,
    /// The word of what is done about it; `incident` waits for a person.
    repair: String,
    first_seen: String,
    last_seen: String,
    order_id: Option<String>,
    payment_id: Option<String>,
}

/// Lists runs of one gateway, or of all that are switched on, and what is open.
pub(crate) async fn list(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    uri: Uri,
) -> Result<Json<Shown>, Problem> {
    caller.must_run_the_shop()?;
    let (paging, gateway) = Paging::filtered_by("gateway", &uri)?;
    let gateway = gateway.map(GatewayName::new);
    let today = Date::of_seoul(api.engine().clock().now());
    let names: Vec<_> = match &gateway {
        Some(name) => vec![name.clone()],
        None => api.engine().gateways().map(|gateway| gateway.name().clone()).collect(),
    };
    let (books, ever) = (api.engine().books(), today.minus_days(u16::MAX));
    let mut runs = Vec::new();
    for name in &names {
        runs.extend(books.reconciliations(name, ever, paging.to_read()).await?);
    }
    runs.sort_by_key(|run| Reverse((run.at, run.id)));
    let open = books.open_findings(gateway.as_ref(), paging.to_read()).await?;
    Ok(Json(Shown {
        object: "reconciliation",
        runs: paging.beginning(runs, run),
        findings: paging.beginning(open, |row| finding(row, today, &asked)),
    }))
}

fn run(run: &ReconciliationRun) -> Run {
    Run {
        id: run.id.to_string(),
        object: "reconciliation_run",
        gateway: run.gateway.to_string(),
        day: run.day,
        at: moment(run.at),
        source: run.source.clone(),
        matched: run.matched,
        totals: serde_json::from_str(&run.totals).unwrap_or(Value::Null),
        findings: run.findings,
    }
}

fn finding(row: &FindingRow, today: Date, asked: &Asked) -> Finding {
    Finding {
        key: row.key.clone(),
        object: "finding",
        gateway: row.gateway.to_string(),
        day: row.day,
        age_days: today.days_since(row.day).max(0),
        r#type: row.kind.word(),
        severity: row.severity.word(),
        text: Sentence::new(&row.english, &row.korean).in_language(asked.language),
        repair: row.repair.clone(),
        first_seen: moment(row.first_seen),
        last_seen: moment(row.last_seen),
        order_id: row.order_id.map(|id| id.to_string()),
        payment_id: row.payment_id.map(|id| id.to_string()),
    }
}
