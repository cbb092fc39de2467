//! Problems: how a call fails, in words for machines ([`code`]) and for people.
//!
//! A handler returns a [`Problem`]; the outermost layer writes it down as `application/problem+json`
//! (RFC 9457), in the caller's language and with the request's id. [`engine`] turns what the engine
//! says into problems, in one place.

pub mod code;
pub(crate) mod engine;
pub(crate) mod fault;

use std::fmt;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    asked::Asked,
    language::{Language, Sentence},
    views,
};
pub use code::Code;
use fault::FieldFault;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why a call failed.
#[derive(Debug, Clone)]
pub struct Problem(Box<Told>);

#[derive(Debug, Clone)]
struct Told {
    code: Code,
    /// What the code's sentence leaves open, e.g. `available`.
    values: Vec<(&'static str, Sentence)>,
    param: Option<String>,
    faults: Vec<FieldFault>,
    retry_after: Option<u64>,
    sale: Option<Box<payonce_domain::sale::Sale>>,
}

impl Problem {
    /// A problem of this code.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Told {
            code,
            values: Vec::new(),
            param: None,
            faults: Vec::new(),
            retry_after: None,
            sale: None,
        }))
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Fills what the code's sentence leaves open.
    #[must_use]
    pub(crate) fn value(self, name: &'static str, value: &dyn fmt::Display) -> Self {
        let value = value.to_string();
        self.say(name, Sentence::new(value.clone(), value))
    }

    /// Fills what the code's sentence leaves open with words.
    #[must_use]
    pub(crate) fn say(mut self, name: &'static str, words: Sentence) -> Self {
        self.0.values.push((name, words));
        self
    }

    /// Names the field, header or query parameter that is to blame.
    #[must_use]
    pub(crate) fn param(mut self, name: impl Into<String>) -> Self {
        self.0.param = Some(name.into());
        self
    }

    /// Lists what is wrong, field by field.
    #[must_use]
    pub(crate) fn faults(mut self, faults: Vec<FieldFault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// Says when to come back, in seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// Shows the order that it is about.
    #[must_use]
    pub(crate) fn sale(mut self, sale: &payonce_domain::sale::Sale) -> Self {
        self.0.sale = Some(Box::new(sale.clone()));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.entry().status)
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body as it goes over the wire.
    pub(crate) fn body(&self, asked: &Asked) -> String {
        let told = &self.0;
        let entry = told.code.entry();
        let order = told.sale.as_deref().map(|sale| views::order(sale, asked));
        let written = Written {
            kind: format!("/docs/errors#{}", entry.code.to_ascii_lowercase()),
            title: told.code.title(),
            status: entry.status,
            code: entry.code,
            detail: self.detail(asked.language),
            param: told.param.as_deref(),
            errors: told.faults.iter().map(|fault| fault.written(asked.language)).collect(),
            retryable: entry.retryable,
            request_id: &asked.request_id,
            payment: order.as_ref().map(|order| order.payment.clone()),
            order,
        };
        serde_json::to_string(&written)
            .unwrap_or_else(|_| format!(r#"{{"status":{},"code":"{}"}}"#, entry.status, entry.code))
    }

    /// The whole answer.
    pub(crate) fn answer(&self, asked: &Asked) -> Response {
        let mut response = Response::new(Body::from(self.body(asked)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        let tag = HeaderValue::from_static(asked.language.tag());
        headers.insert(header::CONTENT_LANGUAGE, tag);
        for (name, value) in self.headers() {
            headers.insert(name, value);
        }
        response
    }

    fn headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        if let Some(seconds) = self.0.retry_after {
            headers.push((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"payonce\"");
            headers.push((header::WWW_AUTHENTICATE, how));
        }
        headers
    }

    /// The sentence for people.
    pub(crate) fn detail(&self, language: Language) -> String {
        let entry = self.0.code.entry();
        let template = match language {
            Language::English => entry.en,
            Language::Korean => entry.ko,
        };
        self.0.values.iter().fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{name}}}"), &value.clone().in_language(language))
        })
    }
}

impl IntoResponse for Problem {
    /// A stand-in that carries the problem; the outermost layer writes it down.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<fault::Written>,
    retryable: bool,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<views::Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<views::Payment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(problem: &Problem, language: Language) -> serde_json::Value {
        let asked = Asked { request_id: "req_1".to_owned(), language, ..Asked::default() };
        serde_json::from_str(&problem.body(&asked)).expect("JSON")
    }

    #[test]
    fn a_problem_speaks_the_callers_language_and_keeps_its_code() {
        let problem = Problem::new(Code::SoldOut).value("product", &"prd_1").value("available", &3);
        let english = written(&problem, Language::English);
        let korean = written(&problem, Language::Korean);
        assert_eq!(english["code"], "SOLD_OUT");
        assert_eq!(korean["code"], "SOLD_OUT");
        assert_ne!(english["detail"], korean["detail"]);
        for written in [english, korean] {
            let detail = written["detail"].as_str().expect("a sentence");
            assert!(detail.contains("prd_1") && detail.contains('3'), "{detail}");
            assert_eq!(written["request_id"], "req_1");
            assert_eq!(written["status"], 409);
            assert_eq!(written["retryable"], false);
        }
    }
}
