//! `POST /v1/payments/confirm`, §4.1: approves what the buyer has authenticated.

use axum::extract::{Request, State};
use axum::response::Response;

use super::operation::Operation;
use super::request::{Call, Fields, Subject};
use super::wire::{Answer, PaymentObject, Reply};
use super::{Simulator, codes};

pub(super) async fn confirm(State(simulator): State<Simulator>, request: Request) -> Response {
    let call = Call::read(Operation::Confirm, request).await;
    let fields = Fields::read(&call.body);
    let subject =
        Subject { payment_key: fields.hint("paymentKey"), order_id: fields.hint("orderId") };
    simulator.take(call.about(subject), move |simulator| execute(simulator, &fields)).await
}

fn execute(simulator: &Simulator, fields: &Fields) -> Answer {
    let key = fields.text("paymentKey", 200)?;
    let order_id = fields.text("orderId", 64)?;
    let amount = fields.amount("amount")?;
    simulator.expire_if_due(&key);
    let (transaction_key, now_ms) = (simulator.new_transaction_key(), simulator.now_ms());
    let m_id = simulator.settings().m_id.clone();
    let mut store = simulator.store();
    let is_paid = store.is_paid(&order_id);
    let payment = store.payment_mut(&key).ok_or(&codes::NOT_FOUND_PAYMENT)?;
    if is_paid && !payment.was_approved() {
        return Err(&codes::DUPLICATED_ORDER_ID);
    }
    let before = payment.status;
    let confirmed = payment.confirm(&order_id, amount, transaction_key, now_ms);
    let has_moved = payment.status != before;
    let answer = confirmed.map(|()| Reply::ok(&PaymentObject::of(payment, &m_id)));
    if answer.is_ok() {
        store.record_approval(&key, None);
    }
    drop(store);
    if has_moved {
        simulator.announce(&key);
    }
    answer
}
