//! The callback (§11): unsigned and open to everybody, so only its order id is read, and only to
//! know whom to ask about. Its status, its amount and its card number are never looked at.

use serde::Deserialize;

/// The order id that a callback is about; `None` if the body is none of this gateway's.
pub fn order_id(body: &[u8]) -> Option<String> {
    let callback: Callback = serde_json::from_slice(body).ok()?;
    let is_ours =
        !callback.order_id.is_empty() && callback.order_id.bytes().all(|b| b.is_ascii_digit());
    (is_ours && callback.order_id.len() <= 32).then_some(callback.order_id)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Callback {
    order_id: String,
}
