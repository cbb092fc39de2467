//! An attempt and a refund for tests, and a wire that answers as it was told.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use parking_lot::Mutex;
use payonce_domain::{
    gateway::GatewayName,
    ids::Mint,
    money::Money,
    payment::{Attempt, AttemptState, Means},
    refund::{Refund, RefundPurpose, RefundState},
    time::Timestamp,
};

use crate::transport::{Request, Response, Transport, TransportError};

/// When everything here happens: 2026-01-14 10:15:30 in Seoul.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_768_353_330_000_000);

/// An attempt whose buyer came back from the page with this.
pub(crate) fn attempt(authentication: Option<&str>) -> Attempt {
    let authentication = authentication.map(str::to_owned);
    Attempt {
        id: Mint::new(NOW, 1).id(),
        number: 1,
        gateway: GatewayName::new("toss"),
        gateway_order_id: "ord_9f2c4e1a7b".to_owned(),
        gateway_user_id: "tvivarepublica4".to_owned(),
        amount: Money::krw(15_000),
        means: Means::Page { authentication },
        state: AttemptState::Sent,
        reference: None,
        problem: None,
        absences: 0,
        request: 1,
        recorded_at: NOW,
        send_before: NOW,
        certain_at: None,
        fee: None,
        ruling: None,
    }
}

/// A refund of that attempt's charge.
pub(crate) fn refund(charge: &str, won: i64) -> Refund {
    Refund {
        id: Mint::new(NOW, 2).id(),
        attempt_id: attempt(None).id,
        charge: charge.to_owned(),
        amount: Money::krw(won),
        purpose: RefundPurpose::Requested,
        reason: "부분 환불".to_owned(),
        pieces: Vec::new(),
        state: RefundState::Sent,
        request: 1,
        absences: 0,
        reference: None,
        problem: None,
        requested_at: NOW,
        send_before: NOW,
        certain_at: None,
        alarmed_at: None,
        fee: None,
    }
}

/// An answer as it travels.
pub(crate) fn answer(status: u16, body: &str) -> Response {
    Response {
        status: StatusCode::from_u16(status).expect("a status"),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// A wire that keeps what is sent and answers in the order that it was told.
#[derive(Default)]
pub(crate) struct Wire {
    sent: Mutex<Vec<Request>>,
    answers: Mutex<VecDeque<Result<Response, TransportError>>>,
}

impl Wire {
    pub(crate) fn answering(
        answers: impl IntoIterator<Item = Result<Response, TransportError>>,
    ) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() })
    }

    /// Every request so far: its first line, its headers in order, its body.
    pub(crate) fn sent(&self) -> Vec<String> {
        let told = |request: &Request| {
            let mut lines = vec![format!("{} {}", request.method, request.url)];
            lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
            if let Some(body) = &request.body {
                lines.extend([String::new(), String::from_utf8_lossy(body).into_owned()]);
            }
            lines.join("\n")
        };
        self.sent.lock().iter().map(told).collect()
    }

    /// The addresses of every request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.sent.lock().iter().map(|request| request.url.clone()).collect()
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.sent.lock().push(request);
        let unexpected = || Err(TransportError::Broken("nobody expected this request".to_owned()));
        self.answers.lock().pop_front().unwrap_or_else(unexpected)
    }
}
