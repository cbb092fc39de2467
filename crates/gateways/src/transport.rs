//! How a request travels to a gateway: a port of its own, so that a test can own the wire.
//!
//! It knows one thing beyond HTTP: whether a failed request may have left us.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};

/// A request to a gateway.
#[derive(Clone)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Where.
    pub url: String,
    /// Name and value.
    pub headers: Vec<(&'static str, String)>,
    /// A JSON body. May hold a card number: never printed.
    pub body: Option<Bytes>,
}

impl std::fmt::Debug for Request {
    /// Without the path, which may name what charges money.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.url.split('/').nth(2).unwrap_or_default();
        write!(f, "{} to {host}", self.method)
    }
}

/// What came back. May hold a card number: never printed.
#[derive(Clone)]
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Bytes,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {} bytes", self.status, self.body.len())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransportError {
    /// No byte of the request left us.
    NotSent(String),
    /// It may have arrived.
    Broken(String),
}

/// Carries requests.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends one request, once, and reads the whole answer.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// Longest wait for a connection. Until there is one, nothing was sent.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The same across the Internet, the handshake of TLS included.
const CONNECT_FAR_WITHIN: Duration = Duration::from_secs(5);
/// Connections idle for longer are closed: a gateway closes them too, and a request on a
/// connection that is just being closed has an unknown outcome.
const IDLE_AT_MOST: Duration = Duration::from_secs(20);
/// Longest body that is read.
const BODY_AT_MOST: usize = 1 << 20;

/// Carries requests over HTTP/1.1 with a connection pool of its own.
#[derive(Debug, Clone)]
pub struct HttpTransport(reqwest::Client);

impl HttpTransport {
    /// For gateways at plain addresses: on this machine, or behind something of ours. It trusts no
    /// certificate, so it needs none on the machine.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::of(common().tls_certs_only([]).connect_timeout(CONNECT_WITHIN))
    }

    /// For gateways across the Internet: HTTPS only, TLS 1.2 or later, with the certificates that the
    /// machine trusts. Fails where it trusts none.
    pub fn secure() -> Result<Self, reqwest::Error> {
        let far = common().https_only(true).connect_timeout(CONNECT_FAR_WITHIN);
        Self::of(far.tls_version_min(reqwest::tls::Version::TLS_1_2))
    }

    fn of(client: reqwest::ClientBuilder) -> Result<Self, reqwest::Error> {
        client.build().map(Self)
    }
}

/// A client that follows no redirect, uses no proxy and repeats nothing by itself.
fn common() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .pool_idle_timeout(IDLE_AT_MOST)
        .tcp_nodelay(true)
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut sending = self.0.request(request.method, request.url);
        for (name, value) in request.headers {
            sending = sending.header(name, value);
        }
        if let Some(body) = request.body {
            sending = sending.header("Content-Type", "application/json").body(body);
        }
        let mut answer = sending.send().await.map_err(|error| failed(&error))?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| failed(&error))? {
            if body.len() + chunk.len() > BODY_AT_MOST {
                return Err(TransportError::Broken("answer is longer than 1 MiB".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, body: Bytes::from(body) })
    }
}

fn failed(error: &reqwest::Error) -> TransportError {
    if error.is_builder() {
        return TransportError::NotSent("the request could not be made".to_owned());
    }
    if error.is_connect() {
        return TransportError::NotSent("no connection".to_owned());
    }
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_body() || error.is_decode() {
        "answer broke off"
    } else {
        "connection broke"
    };
    TransportError::Broken(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(transport: HttpTransport, url: &str) -> TransportError {
        let (method, url) = (Method::GET, url.to_owned());
        let request = Request { method, url, headers: Vec::new(), body: None };
        transport.send(request).await.expect_err("nobody answers")
    }

    #[test]
    fn a_request_is_printed_without_its_path() {
        let url = "https://api.example/v1/billing/key".to_owned();
        let request = Request { method: Method::POST, url, headers: Vec::new(), body: None };
        assert_eq!(format!("{request:?}"), "POST to api.example");
    }

    #[tokio::test]
    async fn what_could_not_leave_us_is_not_sent() {
        let (plain, secure) = (HttpTransport::new, HttpTransport::secure);
        let (unmade, unconnected) = ("the request could not be made", "no connection");
        for (transport, url, text) in [
            (plain(), "http://127.0.0.1:1/", unconnected),
            (plain(), "https://127.0.0.1:1/", unconnected),
            (plain(), "nowhere", unmade),
            (secure(), "https://127.0.0.1:1/", unconnected),
            (secure(), "http://127.0.0.1:1/", unmade),
        ] {
            let error = get(transport.expect("a client"), url).await;
            assert_eq!(error, TransportError::NotSent(text.to_owned()), "{url}");
        }
    }
}
