//! The buyer at Toss's window and back (§4.1).
//!
//! The window is opened by a script in the buyer's browser, with nothing secret in it. What comes back
//! came through the buyer's hands: here it is only read, and refused if it cannot be what Toss sends.

use payonce_domain::{
    money::{Currency, Money},
    payment::{Attempt, page::Return},
};
use payonce_ports::gateway::{HostedPage, NoPage, Opening, Page, Returned};
use serde::Serialize;

use super::{fitting, is_key, is_order_id, settings::Settings};
use crate::quoted::quotable;

/// Longest `orderName` (§2).
const ORDER_NAME_AT_MOST: usize = 100;
/// `customerKey` where the browser's rule is the narrower one (§2).
const CUSTOMER_KEY: std::ops::RangeInclusive<usize> = 2..=50;
/// Longest error code that we take for one; Toss's longest has 47 letters.
const CODE_AT_MOST: usize = 100;

/// The page that opens Toss's window for this attempt.
pub(super) fn open(
    settings: &Settings,
    attempt: &Attempt,
    opening: &Opening,
) -> Result<Page, NoPage> {
    let unavailable = |why: &str| NoPage::Unavailable(why.to_owned());
    if attempt.amount.currency != Currency::KRW {
        return Err(unavailable("only won are taken"));
    }
    if !is_customer_key(&opening.buyer) {
        return Err(unavailable("the buyer's name is none that the gateway takes"));
    }
    let request = WindowRequest {
        method: "CARD",
        amount: WindowAmount { currency: "KRW", value: attempt.amount.minor },
        order_id: &attempt.gateway_order_id,
        order_name: order_name(&opening.order_name, attempt),
        success_url: &opening.agreed_url,
        fail_url: &opening.refused_url,
    };
    let encoded = || {
        Some(Encoded {
            client_key: encode(&settings.client_key)?,
            buyer: encode(&Customer { customer_key: &opening.buyer })?,
            request: encode(&request)?,
            refused: encode(&turned_down_url(opening, attempt))?,
        })
    };
    let encoded = encoded().ok_or_else(|| unavailable("the page could not be written"))?;
    Ok(Page::Html(HostedPage {
        script_url: settings.script_url.clone(),
        inline_script: encoded.script(),
    }))
}

/// What a return says; `None` if Toss would not say so.
pub(super) fn read_return(fields: &[(String, String)]) -> Option<Returned> {
    if contradict(fields) {
        return None;
    }
    agreed(fields).or_else(|| turned_down(fields))
}

/// `successUrl?paymentKey=…&orderId=…&amount=…`
fn agreed(fields: &[(String, String)]) -> Option<Returned> {
    let key = field(fields, "paymentKey").filter(|key| is_key(key))?;
    let order_id = field(fields, "orderId").filter(|order_id| is_order_id(order_id))?;
    let won = field(fields, "amount").filter(|amount| is_won(amount))?;
    Some(Returned::Agreed(Return {
        gateway_order_id: order_id.to_owned(),
        amount: Some(Money::krw(won.parse().ok()?)),
        authentication: key.to_owned(),
    }))
}

/// `failUrl?code=…&message=…&orderId=…`
fn turned_down(fields: &[(String, String)]) -> Option<Returned> {
    let code = field(fields, "code").filter(|code| is_code(code))?;
    let order_id = field(fields, "orderId").filter(|order_id| is_order_id(order_id))?;
    let message = field(fields, "message").unwrap_or_default();
    Some(Returned::TurnedDown {
        gateway_order_id: order_id.to_owned(),
        text: quotable(&format!("{code}: {message}")),
    })
}

/// Whether a name comes twice with different values.
fn contradict(fields: &[(String, String)]) -> bool {
    fields.iter().any(|(name, value)| field(fields, name) != Some(value))
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(named, _)| named == name).map(|(_, value)| value.as_str())
}

/// A plain number of won.
fn is_won(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_code(text: &str) -> bool {
    (1..=CODE_AT_MOST).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What `requestPayment` takes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WindowRequest<'a> {
    method: &'a str,
    amount: WindowAmount<'a>,
    order_id: &'a str,
    order_name: String,
    success_url: &'a str,
    fail_url: &'a str,
}

#[derive(Serialize)]
struct WindowAmount<'a> {
    currency: &'a str,
    value: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Customer<'a> {
    customer_key: &'a str,
}

/// Values that stand in a script as they are.
struct Encoded {
    client_key: String,
    buyer: String,
    request: String,
    refused: String,
}

impl Encoded {
    /// A window that is closed, or cannot be opened, rejects instead of going to `failUrl`.
    fn script(&self) -> String {
        let Self { client_key, buyer, request, refused } = self;
        format!(
            "TossPayments({client_key}).payment({buyer}).requestPayment({request})\
             .catch(function(error){{location.replace({refused}\
             +\"&code=\"+encodeURIComponent(error.code||\"PAY_PROCESS_ABORTED\")\
             +\"&message=\"+encodeURIComponent(error.message||\"\"))}});"
        )
    }
}

/// As JSON that cannot leave a script: neither its element, nor a line of an old browser.
fn encode(value: &impl Serialize) -> Option<String> {
    let json = serde_json::to_string(value).ok()?;
    let mut encoded = String::with_capacity(json.len());
    for letter in json.chars() {
        // In JSON these stand inside strings only, where an escape means the same.
        match letter {
            '<' => encoded.push_str("\\u003c"),
            '>' => encoded.push_str("\\u003e"),
            '&' => encoded.push_str("\\u0026"),
            '\u{2028}' => encoded.push_str("\\u2028"),
            '\u{2029}' => encoded.push_str("\\u2029"),
            letter => encoded.push(letter),
        }
    }
    Some(encoded)
}

fn turned_down_url(opening: &Opening, attempt: &Attempt) -> String {
    let url = &opening.refused_url;
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}orderId={}", attempt.gateway_order_id)
}

/// What is paid for, within the limit; the order id if there are no words for it.
pub(super) fn order_name(words: &str, attempt: &Attempt) -> String {
    let words = fitting(words, ORDER_NAME_AT_MOST);
    if words.is_empty() { attempt.gateway_order_id.clone() } else { words }
}

fn is_customer_key(text: &str) -> bool {
    CUSTOMER_KEY.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.@".contains(&byte))
}
