//! Webhooks (§12). Those about payments are unsigned and open to everybody, so only their order id is
//! read, and only to know whom to ask about. Those about payouts and sellers are signed.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::is_order_id;

/// Most signatures that are looked at: two while a key is being replaced, and some.
const SIGNATURES_AT_MOST: usize = 8;

/// The order id that a webhook is about; `None` if it is about none, or not one of this gateway's.
pub fn order_id(body: &[u8]) -> Option<String> {
    let webhook: Webhook = serde_json::from_slice(body).ok()?;
    let order_id = match webhook.event_type.as_deref() {
        Some("PAYMENT_STATUS_CHANGED") => webhook.data?.order_id?,
        Some(_) => return None,
        // `DEPOSIT_CALLBACK` is flat and says no type.
        None => webhook.order_id?,
    };
    is_order_id(&order_id).then_some(order_id)
}

/// Whether one of the signatures in the header is by our security key.
///
/// It is a text of hexadecimal digits, and whether they are decoded first is not documented, so a
/// signature of either reading is believed: nobody can make one without the key.
pub fn is_signed(
    body: &[u8],
    transmission_time: &str,
    signatures: &str,
    key: &SecretString,
) -> bool {
    let text = key.expose_secret();
    if text.is_empty() {
        return false;
    }
    let message = [body, b":", transmission_time.as_bytes()].concat();
    let mut keys = vec![hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())];
    keys.extend(unhex(text).map(|bytes| hmac::Key::new(hmac::HMAC_SHA256, &bytes)));
    signatures
        .split(',')
        .take(SIGNATURES_AT_MOST)
        .filter_map(|signature| STANDARD.decode(signature.trim().strip_prefix("v1:")?).ok())
        .any(|signature| keys.iter().any(|key| hmac::verify(key, &message, &signature).is_ok()))
}

/// The bytes of hexadecimal digits; `None` if these are not, or of none.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    (!pairs.is_empty() && rest.is_empty())
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    event_type: Option<String>,
    order_id: Option<String>,
    data: Option<About>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    order_id: Option<String>,
}
