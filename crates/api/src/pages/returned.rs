//! `GET /pay/{payment_id}/return/{agreed|refused}`: the buyer comes back from the gateway's page.
//!
//! Whatever the address says came through the buyer's hands. Coming twice, with somebody else's
//! values, or too late changes nothing, and the page says so.

use axum::{
    extract::{OriginalUri, Path, Query, State},
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Redirect, Response},
};
use payonce_engine::confirming::ReturnError;

use super::{document::Link, standing};
use crate::{
    api::Api,
    asked::Asked,
    language::Sentence,
    payments::returning,
    problem::{Code, Problem},
};

/// Takes a buyer's return, then tells how the payment stands.
pub(super) async fn returned(
    State(api): State<Api>,
    asked: Asked,
    OriginalUri(uri): OriginalUri,
    Path((id, how)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let agreed = match how.as_str() {
        "agreed" => true,
        "refused" => false,
        _ => return Err(Problem::new(Code::NotFound)),
    };
    let sale = api.sale_of_anybodys_payment(&id).await?;
    let error = match returning::take(api.engine(), &sale, &fields(&uri)).await {
        // Some pages send those who turned it down back without a word about which payment.
        Ok(()) => None,
        Err(ReturnError::Unreadable) if !agreed => None,
        Err(error) => Some(error),
    };
    let Some(error) = error else {
        let result = format!("{}/result", asked.page_of(sale.payment.id));
        return Ok(Redirect::to(&result).into_response());
    };
    let again = matches!(error, ReturnError::GatewayRefuses(_));
    let problem = Problem::from(error);
    if problem.status().is_server_error() && !again {
        return Err(problem);
    }
    let now = api.sale_of_anybodys_payment(&id).await?;
    let mut document = standing::of(&api, &now, &asked);
    document.status = problem.status();
    document.notice = Some(problem.detail(asked.language));
    if again {
        let words = Sentence::new("Confirm again", "다시 확정하기");
        document.status = StatusCode::SERVICE_UNAVAILABLE;
        document.links.insert(0, Link { words, url: uri.to_string() });
    }
    Ok(document.answer(&api, &asked))
}

fn fields(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map(|Query(fields)| fields).unwrap_or_default()
}
