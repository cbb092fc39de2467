//! `POST /v1/payments/{paymentKey}/cancel`, §4.3: gives back all or part of the balance.

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::operation::Operation;
use super::payment::CancelRequest;
use super::request::{Call, Fields, Subject};
use super::wire::{Answer, PaymentObject, Reply};
use super::{Simulator, codes};

pub(super) async fn cancel(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    let call = Call::read(Operation::Cancel, request).await.about(Subject::payment(&key));
    let fields = Fields::read(&call.body);
    simulator.take(call, move |simulator| execute(simulator, &key, &fields)).await
}

fn execute(simulator: &Simulator, key: &str, fields: &Fields) -> Answer {
    let request = CancelRequest {
        reason: fields.text("cancelReason", 200)?,
        amount: fields.optional_amount("cancelAmount")?,
        tax_free: fields.optional_amount("taxFreeAmount")?,
        refundable_amount: fields.optional_amount("refundableAmount")?,
    };
    if fields.optional_text("currency", 3)?.is_some_and(|currency| currency != "KRW") {
        return Err(&codes::INVALID_REQUEST);
    }
    simulator.expire_if_due(key);
    let (transaction_key, now_ms) = (simulator.new_transaction_key(), simulator.now_ms());
    let m_id = simulator.settings().m_id.clone();
    let mut store = simulator.store();
    let payment = store.payment_mut(key).ok_or(&codes::NOT_FOUND_PAYMENT)?;
    payment.cancel(request, transaction_key, now_ms)?;
    let reply = Reply::ok(&PaymentObject::of(payment, &m_id));
    store.record_cancel(key);
    drop(store);
    simulator.announce(key);
    Ok(reply)
}
