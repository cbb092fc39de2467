//! `POST /v1/payments/key-in`, §4.4: charges a card number at once, without the buyer's browser.

use axum::extract::{Request, State};
use axum::response::Response;

use super::billing::CardFields;
use super::operation::Operation;
use super::payment::{Kind, Purchase};
use super::request::{Call, Fields, Subject};
use super::wire::Answer;
use super::{Simulator, codes};

const INSTALLMENTS_FROM: u64 = 50_000;

pub(super) async fn charge(State(simulator): State<Simulator>, request: Request) -> Response {
    let call = Call::read(Operation::KeyIn, request).await;
    let fields = Fields::read(&call.body);
    let subject = Subject { payment_key: None, order_id: fields.hint("orderId") };
    simulator.take(call.about(subject), move |simulator| execute(simulator, &fields)).await
}

fn execute(simulator: &Simulator, fields: &Fields) -> Answer {
    let purchase = Purchase::read(fields)?;
    let card = CardFields::read(fields)?;
    let months = fields.optional_amount("cardInstallmentPlan")?.unwrap_or(0);
    if !matches!(months, 0 | 2..=12) || (months > 0 && purchase.amount < INSTALLMENTS_FROM) {
        return Err(&codes::INVALID_CARD_INSTALLMENT_PLAN);
    }
    simulator.charge(purchase, card.card(), months, Kind::Normal, None)
}
