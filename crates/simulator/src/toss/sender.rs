//! How a webhook travels: over HTTP, or as the caller likes.
//!
//! A [`WebhookSender`] lets a world in one process take the place of the network.

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;

use crate::pg::sender::deliver;
pub use crate::pg::sender::{Delivery, HttpSender, Sending};

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

impl WebhookSender for HttpSender {
    fn send(&self, webhook: Webhook) -> Sending {
        let request = self
            .client()
            .post(&webhook.url)
            .header(CONTENT_TYPE, "application/json; charset=utf-8");
        let request = webhook
            .headers
            .into_iter()
            .fold(request, |request, (name, value)| request.header(name, value))
            .body(webhook.body);
        deliver(request)
    }
}
