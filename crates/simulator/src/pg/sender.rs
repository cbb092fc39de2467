//! How a callback travels: over HTTP as in the stock gateway, or as the caller likes.
//!
//! A [`CallbackSender`] lets a world in one process take the place of the network.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use reqwest::header;

/// A callback on its way: `POST url`, `Content-Type: application/json`, this body.
#[derive(Clone)]
pub struct Callback {
    /// Where it goes, after the gateway's treatment of URLs.
    pub url: String,
    /// `{"transactionKey",…,"reason"}`, §11. It carries a card number; do not print it.
    pub body: Bytes,
}

impl fmt::Debug for Callback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Callback").field("url", &self.url).finish_non_exhaustive()
    }
}

/// How a callback went, which the gateway only writes down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The receiver answered with this status.
    Answered(u16),
    /// No answer, and why.
    Failed(String),
}

impl Delivery {
    pub(super) fn is_success(&self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(formatter, "{status}"),
            Self::Failed(why) => formatter.write_str(why),
        }
    }
}

/// A delivery under way.
pub type Sending = Pin<Box<dyn Future<Output = Delivery> + Send>>;

/// Carries callbacks to their receivers; one call is one attempt.
pub trait CallbackSender: Send + Sync + 'static {
    /// Sends once and waits for the answer's status, for ever if need be.
    fn send(&self, callback: Callback) -> Sending;
}

impl<F> CallbackSender for F
where
    F: Fn(Callback) -> Sending + Send + Sync + 'static,
{
    fn send(&self, callback: Callback) -> Sending {
        self(callback)
    }
}

/// Sends over HTTP/1.1 as the stock gateway does: no timeout, no redirect, no repetition.
#[derive(Clone, Debug)]
pub struct HttpSender {
    client: reqwest::Client,
}

impl HttpSender {
    /// A sender with its own pool of connections.
    #[allow(
        clippy::expect_used,
        reason = "without TLS, proxy and resolver nothing in the client can fail to build"
    )]
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .expect("a plain client builds");
        Self { client }
    }
}

impl Default for HttpSender {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpSender {
    /// The pool, for what else is sent in this way.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

/// Sends it once and tells how it went.
pub(crate) fn deliver(request: reqwest::RequestBuilder) -> Sending {
    Box::pin(async move {
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                // Read to the end, so that the connection can be used again.
                let _ = answer.bytes().await;
                Delivery::Answered(status)
            }
            Err(error) => Delivery::Failed(error.to_string()),
        }
    })
}

impl CallbackSender for HttpSender {
    fn send(&self, callback: Callback) -> Sending {
        let request = self
            .client
            .post(&callback.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, application/*+json")
            .body(callback.body);
        deliver(request)
    }
}

/// Senders are shared between all tasks of a simulator.
pub(crate) type SharedSender = Arc<dyn CallbackSender>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_prints_without_its_body() {
        let callback =
            Callback { url: "http://localhost:8080/x".to_owned(), body: Bytes::from("1234-5678") };
        assert!(!format!("{callback:?}").contains("1234"));
    }
}
