//! Idempotency keys: the caller's name for one call, and the digest of what it asks.

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, Method};
use payonce_engine::checkout::Call;
use payonce_ports::store::IdempotencyKey;
use zeroize::Zeroizing;

use crate::{
    json::{self, Tree},
    problem::{Code, Problem},
};

const HEADER: &str = "idempotency-key";
const AT_MOST: usize = 300;

/// The key that the caller sent, without quotes.
pub(crate) fn key_in(headers: &HeaderMap) -> Result<String, Problem> {
    let mut sent = headers.get_all(HEADER).iter();
    let required = || Problem::new(Code::IdempotencyKeyRequired).param("Idempotency-Key");
    let invalid = || Problem::new(Code::IdempotencyKeyInvalid).param("Idempotency-Key");
    let first = sent.next().ok_or_else(required)?;
    if sent.next().is_some() {
        return Err(invalid());
    }
    let text = first.to_str().map_err(|_| invalid())?.trim();
    let bare = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(invalid)?,
        None => text,
    };
    let visible = bare.bytes().all(|byte| byte.is_ascii_graphic());
    if bare.is_empty() || bare.len() > AT_MOST || !visible {
        return Err(invalid());
    }
    Ok(bare.to_owned())
}

/// Digests requests, so that another body under the same key is seen.
///
/// A card number is part of what is digested, and there are few enough of them to try them all:
/// so the digest is keyed with this installation's secret.
#[derive(Debug)]
pub(crate) struct Fingerprints(hmac::Key);

impl Fingerprints {
    pub(crate) fn new(secret: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&key, b"payonce: digests of idempotent requests");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// The call as the engine knows it.
    pub(crate) fn call(
        &self,
        key: IdempotencyKey,
        method: &Method,
        path: &str,
        body: &Tree,
    ) -> Call {
        let mut text = Zeroizing::new(format!("{method} {path}\n"));
        json::canonical(body, &mut text);
        let digest = hmac::sign(&self.0, text.as_bytes());
        Call { key, fingerprint: hex(digest.as_ref()) }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<String, Code> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, value.parse().expect("a header"));
        }
        key_in(&headers).map_err(|problem| problem.code())
    }

    #[test]
    fn a_key_may_be_bare_or_quoted_and_is_the_same_key() {
        assert_eq!(read(&["abc-1"]), Ok("abc-1".to_owned()));
        assert_eq!(read(&["\"abc-1\""]), Ok("abc-1".to_owned()));
        assert_eq!(read(&[&"k".repeat(300)]), Ok("k".repeat(300)));
    }

    #[test]
    fn a_key_must_be_one_value_of_1_to_300_visible_characters() {
        assert_eq!(read(&[]), Err(Code::IdempotencyKeyRequired));
        let long = "k".repeat(301);
        for wrong in ["", "\"\"", "\"open", "two words", long.as_str()] {
            assert_eq!(read(&[wrong]), Err(Code::IdempotencyKeyInvalid), "{wrong}");
        }
        assert_eq!(read(&["one", "two"]), Err(Code::IdempotencyKeyInvalid));
    }

    #[test]
    fn the_digest_tells_bodies_paths_and_installations_apart_but_not_spelling() {
        let digest = |secret: &str, path: &str, body: &str| {
            let key = IdempotencyKey { scope: "usr".to_owned(), key: "k".to_owned() };
            let tree = json::parse(body.as_bytes()).expect("JSON");
            Fingerprints::new(secret.as_bytes()).call(key, &Method::POST, path, &tree).fingerprint
        };
        let one = digest("s", "/v1/orders", r#"{"a":1,"b":2}"#);
        assert_eq!(one, digest("s", "/v1/orders", r#"{ "b": 2, "a": 1 }"#));
        assert_ne!(one, digest("s", "/v1/orders", r#"{"a":1,"b":3}"#));
        assert_ne!(one, digest("s", "/v1/orders/ord_1/payments", r#"{"a":1,"b":2}"#));
        assert_ne!(one, digest("t", "/v1/orders", r#"{"a":1,"b":2}"#));
        assert_eq!(one.len(), 64);
    }
}
