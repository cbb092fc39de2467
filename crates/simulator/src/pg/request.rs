//! Reading a payment request: header, body (§7.2), then the rules of §4.1, in that order.
//!
//! The gateway reads its body as a stream, so a field of the wrong type is reported before
//! anything that stands behind it, and a missing field only after the whole object was read.

use std::fmt;

use axum::http::{HeaderMap, header};
use serde::Deserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::settings::Settings;
use super::wire::Refusal;

const CARD_TYPES: [&str; 3] = ["SAMSUNG", "KB", "HYUNDAI"];

/// A card number that prints as stars; the wire alone sees it in clear.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CardNumber(String);

impl CardNumber {
    pub(crate) fn new(number: String) -> Self {
        Self(number)
    }

    /// In clear, for §5 and §11 only.
    pub(crate) fn on_the_wire(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("****-****-****-****")
    }
}

/// A request that passed every rule of §4.1.
#[derive(Clone, Debug)]
pub(crate) struct PaymentRequest {
    pub(crate) owner: String,
    pub(crate) order_id: String,
    pub(crate) card_type: &'static str,
    pub(crate) card: CardNumber,
    pub(crate) amount: i64,
    pub(crate) callback_url: String,
    pub(crate) idempotency_key: Option<String>,
}

/// §2: the owner scope; empty is allowed, absent is not.
pub(crate) fn owner(headers: &HeaderMap) -> Result<String, Refusal> {
    let value = headers.get("x-user-id").ok_or_else(Refusal::no_user)?;
    // The gateway's server reads header bytes as Latin-1.
    Ok(value.as_bytes().iter().copied().map(char::from).collect())
}

/// §2: any other content type, or none, is an unexpected error.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    if media_type.trim().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Refusal::generic())
    }
}

/// §7.2 and then §4.1; only the first violation is reported.
pub(crate) fn read(
    owner: String,
    body: &[u8],
    settings: &Settings,
) -> Result<PaymentRequest, Refusal> {
    let request = Fields::parse(body, settings.variants.idempotency_key)
        .and_then(|fields| fields.complete(owner))
        .map_err(ParseError::into_refusal)?;
    check(&request, settings)?;
    Ok(request)
}

fn check(request: &PaymentRequest, settings: &Settings) -> Result<(), Refusal> {
    let blank = request.order_id.chars().all(char::is_whitespace);
    if settings.variants.idempotency_key {
        if blank {
            return Err(Refusal::bad_request("주문 ID는 비어있을 수 없습니다."));
        }
    } else if blank || request.order_id.encode_utf16().count() < 6 {
        return Err(Refusal::bad_request("주문 ID는 6자리 이상 문자열이어야 합니다."));
    }
    if !is_card_number(request.card.on_the_wire()) {
        return Err(Refusal::bad_request("카드 번호는 xxxx-xxxx-xxxx-xxxx 형식이어야 합니다."));
    }
    if request.amount <= 0 {
        return Err(Refusal::bad_request("결제금액은 양의 정수여야 합니다."));
    }
    let prefix = &settings.callback_prefix;
    if !request.callback_url.starts_with(prefix) {
        return Err(Refusal::bad_request(format!("콜백 URL 은 {prefix} 로 시작해야 합니다.")));
    }
    // Where the variant checks its own field is not documented; last disturbs nothing else.
    if request.idempotency_key.as_deref().is_some_and(|key| key.trim().is_empty()) {
        return Err(Refusal::bad_request("멱등키는 비어있을 수 없습니다."));
    }
    Ok(())
}

fn is_card_number(text: &str) -> bool {
    text.len() == 19
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 9 | 14 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// §7.2, a variant per row.
#[derive(Debug, PartialEq, Eq)]
enum ParseError {
    Missing(&'static str),
    UnknownCardType(String),
    AmountNotANumber(String),
    Broken,
}

impl ParseError {
    fn into_refusal(self) -> Refusal {
        Refusal::bad_request(match self {
            Self::Missing(field) => format!("필수 필드 '{field}'이(가) 누락되었습니다."),
            Self::UnknownCardType(value) => format!(
                "필드 'cardType'의 값 '{value}'이(가) 예상 타입(CardTypeDto)과 일치하지 않습니다. 사용 가능한 값 : [SAMSUNG, KB, HYUNDAI]"
            ),
            Self::AmountNotANumber(value) => {
                format!("필드 'amount'의 값 '{value}'이(가) 예상 타입(long)과 일치하지 않습니다. ")
            }
            Self::Broken => {
                "요청 본문을 처리하는 중 오류가 발생했습니다. JSON 메세지 규격을 확인해주세요."
                    .to_owned()
            }
        })
    }
}

#[derive(Default)]
struct Fields {
    order_id: Option<String>,
    card_type: Option<&'static str>,
    card_no: Option<String>,
    amount: Option<i64>,
    callback_url: Option<String>,
    idempotency_key: Option<String>,
    /// Whether the variant that knows `idempotencyKey` is switched on.
    needs_idempotency_key: bool,
}

impl Fields {
    /// Reads one object; what follows it is not looked at, as in the gateway.
    fn parse(body: &[u8], needs_idempotency_key: bool) -> Result<Self, ParseError> {
        let fields = Self { needs_idempotency_key, ..Self::default() };
        let mut reading = Reading { fields, wrong: None };
        let read = serde_json::Deserializer::from_slice(body).deserialize_map(&mut reading);
        match (read, reading.wrong) {
            (Ok(()), _) => Ok(reading.fields),
            (Err(_), Some(wrong)) => Err(wrong),
            (Err(_), None) => Err(ParseError::Broken),
        }
    }

    fn take(&mut self, name: &str, value: &RawValue) -> Result<(), ParseError> {
        match name {
            "orderId" => self.order_id = text("orderId", value)?,
            "cardType" => self.card_type = text("cardType", value)?.map(card_type).transpose()?,
            "cardNo" => self.card_no = text("cardNo", value)?,
            "amount" => self.amount = amount(value)?,
            "callbackUrl" => self.callback_url = text("callbackUrl", value)?,
            "idempotencyKey" if self.needs_idempotency_key => {
                self.idempotency_key = text("idempotencyKey", value)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn complete(self, owner: String) -> Result<PaymentRequest, ParseError> {
        let request = PaymentRequest {
            owner,
            order_id: self.order_id.ok_or(ParseError::Missing("orderId"))?,
            card_type: self.card_type.ok_or(ParseError::Missing("cardType"))?,
            card: CardNumber::new(self.card_no.ok_or(ParseError::Missing("cardNo"))?),
            amount: self.amount.ok_or(ParseError::Missing("amount"))?,
            callback_url: self.callback_url.ok_or(ParseError::Missing("callbackUrl"))?,
            idempotency_key: self.idempotency_key,
        };
        if self.needs_idempotency_key && request.idempotency_key.is_none() {
            return Err(ParseError::Missing("idempotencyKey"));
        }
        Ok(request)
    }
}

/// Reads the object field by field and stops at the first value of the wrong type.
struct Reading {
    fields: Fields,
    wrong: Option<ParseError>,
}

impl<'de> Visitor<'de> for &mut Reading {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a payment request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(name) = object.next_key::<String>()? {
            let value: &RawValue = object.next_value()?;
            if let Err(wrong) = self.fields.take(&name, value) {
                self.wrong = Some(wrong);
                return Err(A::Error::custom("a field has the wrong type"));
            }
        }
        Ok(())
    }
}

/// A string, or a number or truth value taken as its own text; `None` for null.
fn text(field: &'static str, value: &RawValue) -> Result<Option<String>, ParseError> {
    match value.get().as_bytes() {
        b"null" => Ok(None),
        [b'{' | b'[', ..] => Err(ParseError::Missing(field)),
        [b'"', ..] => serde_json::from_str(value.get()).map(Some).map_err(|_| ParseError::Broken),
        _ => Ok(Some(value.get().to_owned())),
    }
}

fn card_type(value: String) -> Result<&'static str, ParseError> {
    known_card_type(&value).ok_or(ParseError::UnknownCardType(value))
}

/// §4.1: case-sensitive.
pub(super) fn known_card_type(value: &str) -> Option<&'static str> {
    CARD_TYPES.into_iter().find(|known| *known == value)
}

/// A whole number, a string holding one, or a fraction, which is cut off.
fn amount(value: &RawValue) -> Result<Option<i64>, ParseError> {
    let Some(written) = text("amount", value)? else {
        return Ok(None);
    };
    let is_number = value.get().starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if let Ok(whole) = written.trim().parse() {
        return Ok(Some(whole));
    }
    if !is_number {
        return Err(ParseError::AmountNotANumber(written));
    }
    cut_off_fraction(&written).map(Some).ok_or(ParseError::Broken)
}

/// `None` when the number does not fit 64 bits.
#[allow(
    clippy::cast_possible_truncation,
    reason = "the range is checked first; cutting off is the rule"
)]
fn cut_off_fraction(written: &str) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let number: f64 = written.parse().ok()?;
    let has_fraction = written.contains(['.', 'e', 'E']);
    (has_fraction && (-LIMIT..LIMIT).contains(&number)).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_prints_without_its_card_number() {
        let body = br#"{"orderId":"1351039135","cardType":"KB","cardNo":"1234-5678-9814-1451","amount":1,"callbackUrl":"http://localhost:8080/x"}"#;
        let request = read("user-1".to_owned(), body, &Settings::default()).unwrap();
        let printed = format!("{request:?}");
        assert!(printed.contains("1351039135") && !printed.contains("1451"), "{printed}");
    }
}
