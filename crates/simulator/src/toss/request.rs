//! Reading a call: its headers, what it is about, and the fields of its body.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::codes::{self, Code};
use super::operation::Operation;
use super::payment::MAXIMUM_AMOUNT;

/// Far above any request of this API.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// One request to the core API, read to its end.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) subject: Subject,
}

/// The payment or order a call is about, as far as it names one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) payment_key: Option<String>,
    pub(crate) order_id: Option<String>,
}

impl Call {
    pub(crate) async fn read(operation: Operation, request: Request) -> Self {
        let (head, body) = request.into_parts();
        // A body that breaks off is read as an empty one, which no call accepts.
        let body = axum::body::to_bytes(body, BODY_LIMIT_BYTES).await.unwrap_or_default();
        Self {
            operation,
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body,
            subject: Subject::default(),
        }
    }

    pub(crate) fn about(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }

    /// A header as text; bytes beyond ASCII are read as Latin-1.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let value = self.headers.get(name)?;
        Some(value.as_bytes().iter().copied().map(char::from).collect())
    }

    pub(crate) fn is_post(&self) -> bool {
        self.method == Method::POST
    }
}

impl Subject {
    pub(crate) fn payment(key: impl Into<String>) -> Self {
        Self { payment_key: Some(key.into()), order_id: None }
    }

    pub(crate) fn order(order_id: impl Into<String>) -> Self {
        Self { payment_key: None, order_id: Some(order_id.into()) }
    }
}

/// The fields of a JSON object; whatever breaks a rule is `INVALID_REQUEST`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Option<Map<String, Value>>);

impl Fields {
    pub(crate) fn read(body: &[u8]) -> Self {
        Self(serde_json::from_slice(body).ok())
    }

    /// A text of 1 to `max` characters.
    pub(crate) fn text(&self, name: &str, max: usize) -> Result<String, &'static Code> {
        self.optional_text(name, max)?.ok_or(&codes::INVALID_REQUEST)
    }

    /// The same, or nothing.
    pub(crate) fn optional_text(
        &self,
        name: &str,
        max: usize,
    ) -> Result<Option<String>, &'static Code> {
        match self.value(name)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if (1..=max).contains(&text.chars().count()) => {
                Ok(Some(text.clone()))
            }
            Some(_) => Err(&codes::INVALID_REQUEST),
        }
    }

    /// A whole number of won.
    pub(crate) fn amount(&self, name: &str) -> Result<u64, &'static Code> {
        self.optional_amount(name)?.ok_or(&codes::INVALID_REQUEST)
    }

    /// The same, or nothing.
    pub(crate) fn optional_amount(&self, name: &str) -> Result<Option<u64>, &'static Code> {
        match self.value(name)? {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => {
                let won = number.as_u64().or_else(|| whole(number.as_f64()?));
                won.filter(|won| *won <= MAXIMUM_AMOUNT).map(Some).ok_or(&codes::INVALID_REQUEST)
            }
            Some(_) => Err(&codes::INVALID_REQUEST),
        }
    }

    /// A name as it stands, to say what a call is about before it is checked.
    pub(crate) fn hint(&self, name: &str) -> Option<String> {
        self.0.as_ref()?.get(name)?.as_str().map(str::to_owned)
    }

    fn value(&self, name: &str) -> Result<Option<&Value>, &'static Code> {
        Ok(self.0.as_ref().ok_or(&codes::INVALID_REQUEST)?.get(name))
    }
}

/// `15000.0` is a whole number, `15000.5` is none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "in range and without a fraction"
)]
fn whole(number: f64) -> Option<u64> {
    ((0.0..1e12).contains(&number) && number.fract() == 0.0).then_some(number as u64)
}
