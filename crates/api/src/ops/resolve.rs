//! `POST /v1/ops/unresolved/{payment_id}/resolve`: an operator decides what became of a payment in
//! doubt, with a reason and evidence. Over an amount that the shop sets, two operators must agree.

use axum::{
    Json as Written,
    extract::{Path, State},
    http::StatusCode,
};
use payonce_domain::{
    ids::UserId,
    payment::ruling::{Heard, Ruled, Ruling},
    sale::Sale,
    time::Timestamp,
};
use payonce_engine::ruling::{Act, Wish};
use serde::Serialize;
use serde_json::json;

use super::unresolved::{Waiting, waiting};
use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::Json,
    json::{
        Tree,
        fields::{Faults, Field, Object},
    },
    problem::{Code, Problem, fault::Fault},
    views,
};

/// Words that are worth keeping: nobody explains a decision in fewer characters.
const WORDS_AT_LEAST: usize = 10;
const REASON_AT_MOST: usize = 500;
const EVIDENCE_AT_MOST: usize = 2_000;
const REFERENCE_AT_MOST: usize = 200;
const CHARGED: &str = "charged";
const NOT_CHARGED: &str = "not_charged";

/// What became of a ruling.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    object: &'static str,
    /// `applied` or `awaiting_second_person`.
    status: &'static str,
    /// What waits for a second person.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<Waiting>,
    payment: views::Payment,
}

/// Resolves a payment in doubt.
pub(crate) async fn resolve(
    State(api): State<Api>,
    asked: Asked,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json,
) -> Result<(StatusCode, Written<Answer>), Problem> {
    let operator = caller.operator()?;
    let now = api.engine().clock().now();
    let ruling = read(&body, operator, now)?;
    let sale = api.sale_of_payment(&caller, &id).await?;
    if sale.is_being_sent(now) {
        // Whoever sends it right now will tell.
        return Err(Problem::new(Code::PaymentInProgress).retry_after(1).sale(&sale));
    }
    let said = json!({"ruled": ruling.ruled, "reason": ruling.reason, "evidence": ruling.evidence});
    let act = Act { actor: caller.actor(), detail: said.to_string() };
    let heard = api.engine().rule(sale.order.id, Wish::Rule(ruling), act).await;
    let now = api.sale_of_payment(&caller, &id).await?;
    match heard {
        Ok(Heard::Applied) => Ok((StatusCode::OK, Written(answer("applied", &now, &asked)))),
        Ok(Heard::AwaitsSecond) => {
            let answer = answer("awaiting_second_person", &now, &asked);
            Ok((StatusCode::ACCEPTED, Written(answer)))
        }
        Err(error) => Err(Problem::from(error).sale(&now)),
    }
}

fn answer(status: &'static str, sale: &Sale, asked: &Asked) -> Answer {
    let ruling = sale.live_attempt().and_then(|live| live.ruling.as_ref());
    let payment = views::payment(sale, asked);
    Answer { object: "ruling", status, waiting: ruling.map(waiting), payment }
}

fn read(body: &Tree, by: UserId, at: Timestamp) -> Result<Ruling, Problem> {
    let mut faults = Faults::default();
    let ruling = Object::body(body, &mut faults).and_then(|mut object| {
        let ruled = ruled(&object.take("verdict"), object.take("reference"), &mut faults);
        let reason = object.take("reason").line(WORDS_AT_LEAST..=REASON_AT_MOST, &mut faults);
        let evidence = object.take("evidence").line(WORDS_AT_LEAST..=EVIDENCE_AT_MOST, &mut faults);
        object.end(&mut faults);
        Some(Ruling {
            ruled: ruled?,
            by,
            reason: reason?.trim().to_owned(),
            evidence: evidence?.trim().to_owned(),
            at,
        })
    });
    faults.or(ruling)
}

/// A charge has a name at the gateway; what was not charged has none.
fn ruled(verdict: &Field<'_>, reference: Field<'_>, faults: &mut Faults) -> Option<Ruled> {
    match verdict.text(faults)? {
        CHARGED => {
            let reference = reference.line(1..=REFERENCE_AT_MOST, faults)?;
            Some(Ruled::Charged { reference: reference.trim().to_owned() })
        }
        NOT_CHARGED => match reference.given() {
            Some(reference) => {
                faults.add(reference.path(), Fault::Unknown);
                None
            }
            None => Some(Ruled::NotCharged),
        },
        _ => {
            faults.add(verdict.path(), Fault::NotOneOf(format!("{CHARGED}, {NOT_CHARGED}")));
            None
        }
    }
}
