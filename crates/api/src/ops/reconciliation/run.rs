//! `POST /v1/ops/reconciliation`: an operator has one day of one gateway reconciled, by what the
//! gateway says when it is asked now, or by lines that come with the call.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Json as Written,
    extract::{Request, State},
};
use payonce_domain::{gateway::GatewayName, reconciliation::Date};
use payonce_engine::{
    Engine,
    reconciliation::{
        Lines, Reconcile,
        file::{self, Origin},
    },
    ruling::Act,
};
use serde_json::json;

use super::report::{Report, report};
use crate::{
    api::Api,
    auth::Caller,
    body::Whole,
    idempotency::hex,
    json::{
        self,
        fields::{Faults, Field, Object},
    },
    language::Sentence,
    problem::{Code, Problem, fault::Fault},
};

const REASON_AT_MOST: usize = 500;
/// Where lines came from that a call brought.
const BROUGHT: &str = "request";

/// Reconciles a day. A caller that leaves does not stop it.
pub(crate) async fn run(
    State(api): State<Api>,
    caller: Caller,
    request: Request,
) -> Result<Written<Report>, Problem> {
    caller.operator()?;
    // Nobody else makes us read, or keep, a body this large.
    let overloaded = |_| Problem::new(Code::Overloaded).retry_after(5);
    let seat = Arc::clone(api.reconciling()).try_acquire_owned().map_err(overloaded)?;
    let (limit, within) = (api.settings().lines_at_most, api.settings().lines_within);
    let body = Whole::of(request, &api, limit, within).await?;
    let engine = api.engine().clone();
    let broken = |_| Problem::new(Code::InternalError);
    let reading = tokio::task::spawn_blocking({
        let engine = engine.clone();
        move || read(&body, &engine)
    });
    let (ask, said) = reading.await.map_err(broken)??;
    let act = Act { actor: caller.actor(), detail: said.to_string() };
    let running = tokio::spawn(async move {
        // The seat is free when the day is done, also if the caller has gone.
        let _seat = seat;
        engine.reconcile_for(ask, act).await
    });
    Ok(Written(report(&running.await.map_err(broken)??)))
}

/// What is to be reconciled, and what is said of it in the audit log.
fn read(body: &Whole, engine: &Engine) -> Result<(Reconcile, serde_json::Value), Problem> {
    let tree = json::parse(&body.0)?;
    let today = Date::of_seoul(engine.clock().now());
    let mut faults = Faults::default();
    let wish = Object::body(&tree, &mut faults).and_then(|mut object| {
        let gateway = gateway(&object.take("gateway"), engine, &mut faults);
        let day = day(&object.take("date"), today, &mut faults);
        let dry_run = object.take("dry_run").given();
        let dry_run = dry_run.map_or(Some(false), |dry_run| dry_run.truth(&mut faults));
        let lines = object.take("lines").given();
        let lines = lines.map(|lines| lines.text(&mut faults));
        let reason = object.take("reason").given();
        let reason = reason.map(|reason| reason.line(1..=REASON_AT_MOST, &mut faults));
        object.end(&mut faults);
        Some((gateway?, day?, dry_run?, lines, reason))
    });
    let (gateway, day, dry_run, text, reason) = faults.or(wish)?;
    let (text, reason) = (text.flatten(), reason.flatten());
    let (lines, brought) = match text {
        Some(text) => {
            let origin = Origin { gateway: gateway.clone(), day };
            let lines = file::read(text.as_bytes(), &origin)?;
            let sha256 = hex(digest(&SHA256, text.as_bytes()).as_ref());
            let brought = json!({"count": lines.len(), "sha256": sha256});
            (Lines::Given { name: BROUGHT.to_owned(), lines }, Some(brought))
        }
        None if engine.gateway(&gateway).is_some_and(|gateway| gateway.reports_days()) => {
            (Lines::Fetched, None)
        }
        None => {
            let problem = Problem::new(Code::NoSettlementQuery).value("gateway", &gateway);
            return Err(problem.param("lines"));
        }
    };
    let said = json!({"lines": brought, "reason": reason.map(str::trim)});
    Ok((Reconcile { gateway, day, lines, dry_run, today }, said))
}

/// A gateway that is switched on.
fn gateway(field: &Field<'_>, engine: &Engine, faults: &mut Faults) -> Option<GatewayName> {
    let name = GatewayName::new(field.text(faults)?);
    if engine.gateway(&name).is_none() {
        let names: Vec<_> = engine.gateways().map(|gateway| gateway.name().as_str()).collect();
        faults.add(field.path(), Fault::NotOneOf(names.join(", ")));
        return None;
    }
    Some(name)
}

/// A day that has begun.
fn day(field: &Field<'_>, today: Date, faults: &mut Faults) -> Option<Date> {
    let Ok(day) = field.text(faults)?.parse::<Date>() else {
        faults.add(field.path(), Fault::NotADate);
        return None;
    };
    if day > today {
        let not_begun = Sentence::new(
            "this day has not begun in Seoul",
            "한국 시각으로 아직 시작되지 않은 날이에요",
        );
        faults.add(field.path(), Fault::NotYet(not_begun));
        return None;
    }
    Some(day)
}
