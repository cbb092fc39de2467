//! `GET /pay/{payment_id}`: what is paid, and on to the gateway's page. Charges nothing.

use axum::{
    extract::{Path, State},
    response::{IntoResponse as _, Redirect, Response},
};
use payonce_domain::sale::Sale;
use payonce_engine::confirming::ReturnError;
use payonce_ports::gateway::{Opening, Page};

use super::{
    document::{Document, Tone, summary},
    standing,
};
use crate::{
    api::Api,
    asked::Asked,
    language::{Language, Sentence},
    problem::Problem,
};

/// Longest name of an order, in characters; gateways show no more.
const NAME_AT_MOST: usize = 100;

/// Opens the gateway's page, or shows where the payment stands if nothing waits there.
pub(super) async fn open(
    State(api): State<Api>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let sale = api.sale_of_anybodys_payment(&id).await?;
    if !standing::waits_at_page(&sale, api.engine().clock().now()) {
        return Ok(standing::of(&api, &sale, &asked).answer(&api, &asked));
    }
    match api.engine().open_page(sale.order.id, &opening(&sale, &asked)).await {
        Ok(Page::Redirect(url)) => Ok(Redirect::to(&url).into_response()),
        Ok(Page::Html(page)) => {
            let headline = Sentence::new("Going to the payment page", "결제창으로 이동해요");
            let text = Sentence::new(
                "Nothing is charged before you agree there.",
                "결제창에서 동의하기 전에는 결제되지 않아요.",
            );
            let text = text.in_language(asked.language);
            let mut document = Document::new(Tone::Waiting, headline, text);
            document.summary = summary(&sale, asked.language);
            document.gateway = Some(page);
            Ok(document.answer(&api, &asked))
        }
        // It moved on meanwhile.
        Err(ReturnError::NoSuchPayment) => {
            let now = api.sale_of_anybodys_payment(&id).await?;
            Ok(standing::of(&api, &now, &asked).answer(&api, &asked))
        }
        Err(error) => Err(error.into()),
    }
}

fn opening(sale: &Sale, asked: &Asked) -> Opening {
    let page = asked.page_of(sale.payment.id);
    Opening {
        order_name: name_of(sale, asked.language),
        buyer: sale.order.owner.to_string(),
        agreed_url: format!("{page}/return/agreed"),
        refused_url: format!("{page}/return/refused"),
    }
}

/// The first line's name, and how many more there are.
fn name_of(sale: &Sale, language: Language) -> String {
    let first = sale.order.lines.first().map_or("", |line| line.name.as_str());
    let more = match sale.order.lines.len().saturating_sub(1) {
        0 => String::new(),
        more => Sentence::new(format!(" and {more} more"), format!(" 외 {more}건"))
            .in_language(language),
    };
    let room = NAME_AT_MOST.saturating_sub(more.chars().count());
    first.chars().take(room).chain(more.chars()).collect()
}
