//! `POST /v1/payments/{id}/confirm`: the shop's own page hands over what the gateway's page returned.
//!
//! It needs no key of its own: what came back names what is confirmed, and the same again is
//! recognised. It answers like placing the order does.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use payonce_domain::{payment::PaymentState, sale::Sale};

use super::returning;
use crate::{
    api::Api,
    asked::Asked,
    auth::Caller,
    body::Json,
    json::{Tree, shown},
    orders::answer,
    prefer::Patience,
    problem::{
        Code, Problem,
        engine::agreement_stands,
        fault::{Fault, FieldFault, Shape},
    },
};

/// Most names that a return may have.
const FIELDS_AT_MOST: usize = 50;

/// Confirms a payment.
pub(crate) async fn confirm(
    State(api): State<Api>,
    asked: Asked,
    headers: HeaderMap,
    caller: Caller,
    Path(id): Path<String>,
    Json(body): Json,
) -> Result<Response, Problem> {
    let fields = read(&body)?;
    let sale = api.sale_of_payment(&caller, &id).await?;
    let order_id = sale.order.id;
    if let Err(error) = returning::take(api.engine(), &sale, &fields).await {
        let problem = Problem::from(error);
        return Err(match api.engine().books().sale(order_id).await {
            Ok(Some(now)) => problem.sale(&now),
            Ok(None) | Err(_) => problem,
        });
    }
    let patience = Patience::of(&headers, api.settings().wait_at_most);
    let sale = answer::wait(&api, order_id, patience).await?;
    if is_back_at_page(&sale) {
        let problem = Problem::new(Code::GatewayUnavailable).say("again", agreement_stands());
        return Err(problem.retry_after(1).sale(&sale));
    }
    Ok(answer::standing_now(&api, &asked, &sale, patience))
}

/// The gateway certainly did not take the confirmation, and the agreement still stands.
fn is_back_at_page(sale: &Sale) -> bool {
    sale.payment.state == PaymentState::RequiresAction
        && sale.live_attempt().is_some_and(|live| live.problem.is_some())
}

/// A flat object of texts and whole numbers.
fn read(body: &Tree) -> Result<Vec<(String, String)>, Problem> {
    let Tree::Object(entries) = body else {
        return Err(FieldFault::problem("", Fault::NotA(Shape::Object)));
    };
    if !(1..=FIELDS_AT_MOST).contains(&entries.len()) {
        let fault = Fault::WrongCount { least: 1, most: FIELDS_AT_MOST };
        return Err(FieldFault::problem("", fault));
    }
    let field = |(name, value): &(String, Tree)| match value {
        Tree::Text(text) => Ok((name.clone(), String::clone(text))),
        Tree::Whole(number) => Ok((name.clone(), number.to_string())),
        Tree::Null | Tree::Truth(_) | Tree::Fraction(_) | Tree::List(_) | Tree::Object(_) => {
            Err(FieldFault::problem(shown(name), Fault::NotA(Shape::Text)))
        }
    };
    entries.iter().map(field).collect()
}
