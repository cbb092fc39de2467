//! Both queries of a payment, §4.2, by its key and by the merchant's order.

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::operation::Operation;
use super::request::{Call, Subject};
use super::wire::{Answer, PaymentObject, Reply};
use super::{Simulator, codes};

/// `GET /v1/payments/{paymentKey}`.
pub(super) async fn by_key(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
    request: Request,
) -> Response {
    let call = Call::read(Operation::Query, request).await.about(Subject::payment(&key));
    simulator.take(call, move |simulator| show(simulator, &key)).await
}

/// `GET /v1/payments/orders/{orderId}`.
pub(super) async fn by_order(
    State(simulator): State<Simulator>,
    Path(order_id): Path<String>,
    request: Request,
) -> Response {
    let call = Call::read(Operation::Query, request).await.about(Subject::order(&order_id));
    let execute = move |simulator: &Simulator| {
        let key = simulator.store().of_order(&order_id).map(|payment| payment.key.clone());
        show(simulator, &key.ok_or(&codes::NOT_FOUND_PAYMENT)?)
    };
    simulator.take(call, execute).await
}

fn show(simulator: &Simulator, key: &str) -> Answer {
    simulator.expire_if_due(key);
    let settings = simulator.settings();
    let store = simulator.store();
    let found = store.payment(key).filter(|payment| !payment.hidden);
    let payment = found.ok_or(&codes::NOT_FOUND_PAYMENT)?;
    Ok(Reply::ok(&PaymentObject::of(payment, &settings.m_id)))
}
