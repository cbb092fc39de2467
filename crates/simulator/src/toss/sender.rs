//! How a webhook travels: over HTTP, or as the caller likes.
//!
//! A [`WebhookSender`] lets a world in one process take the place of the network.

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;

pub use crate::pg::sender::{Delivery, Sending};

/// A webhook on its way: `POST url`, `Content-Type: application/json`, these headers, this body.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The registered endpoint.
    pub url: String,
    /// `tosspayments-webhook-…`, §12.
    pub headers: Vec<(&'static str, String)>,
    /// The event.
    pub body: Bytes,
}

/// Carries webhooks to their receiver; one call is one attempt.
pub trait WebhookSender: Send + Sync + 'static {
    /// Sends once and waits for the answer's status; the gateway itself limits the wait.
    fn send(&self, webhook: Webhook) -> Sending;
}

impl<F> WebhookSender for F
where
    F: Fn(Webhook) -> Sending + Send + Sync + 'static,
{
    fn send(&self, webhook: Webhook) -> Sending {
        self(webhook)
    }
}

/// Sends over HTTP/1.1, without redirects and repetitions.
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

impl WebhookSender for HttpSender {
    fn send(&self, webhook: Webhook) -> Sending {
        let request =
            self.client.post(&webhook.url).header(CONTENT_TYPE, "application/json; charset=utf-8");
        let request = webhook
            .headers
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value))
            .body(webhook.body);
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
}
