//! The calls of the core API by name, as scripts, rate limits and the books speak of them.

use serde::{Deserialize, Serialize};

/// One kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// `POST /v1/payments/confirm`
    Confirm,
    /// `POST /v1/payments/{paymentKey}/cancel`
    Cancel,
    /// `GET /v1/payments/{paymentKey}` and `GET /v1/payments/orders/{orderId}`
    Query,
    /// `POST /v1/billing/{billingKey}`
    Charge,
    /// `POST /v1/payments/key-in`
    KeyIn,
    /// `POST /v1/billing/authorizations/issue` and `…/card`
    IssueBillingKey,
    /// `DELETE /v1/billing/{billingKey}`
    DeleteBillingKey,
    /// `GET /v1/transactions`
    Transactions,
    /// `GET /v1/settlements`
    Settlements,
}
