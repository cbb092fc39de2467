//! The PG simulator inside this process: its wire without sockets, for measuring and for worlds
//! that own everything.

use std::sync::Arc;

use async_trait::async_trait;
use axum::{Router, body::Body};
use http::HeaderValue;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use payonce_domain::gateway::GatewayName;
use payonce_engine::Engine;
use payonce_gateways::{
    pg_simulator,
    transport::{Request, Response, Transport, TransportError},
};
use payonce_simulator::{
    connection,
    pg::sender::{Callback, CallbackSender, Delivery, Sending},
};
use tower::ServiceExt;

/// Carries requests into a simulator's router.
#[derive(Debug, Clone)]
pub struct InProcess(
    /// The simulator's wire.
    pub Router,
);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut sending = http::Request::builder().method(request.method).uri(request.url);
        for (name, value) in request.headers {
            sending = sending.header(name, value);
        }
        let body = match request.body {
            Some(body) => {
                let json = HeaderValue::from_static("application/json");
                sending = sending.header(http::header::CONTENT_TYPE, json);
                Body::from(body)
            }
            None => Body::empty(),
        };
        let sending =
            sending.body(body).map_err(|error| TransportError::NotSent(error.to_string()))?;
        let answer = match self.0.clone().oneshot(sending).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        };
        if connection::is_dropped(&answer) {
            return Err(TransportError::Broken("connection broke".to_owned()));
        }
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| TransportError::Broken(error.to_string()))?.to_bytes();
        Ok(Response { status, body })
    }
}

/// Hands a simulator's callbacks to an engine, as the API's endpoint does.
#[derive(Debug, Clone, Default)]
pub struct CallbacksTo(Arc<Mutex<Option<Engine>>>);

impl CallbacksTo {
    /// From now on callbacks arrive there; with `None` nobody listens.
    pub fn connect(&self, engine: Option<Engine>) {
        *self.0.lock() = engine;
    }
}

impl CallbackSender for CallbacksTo {
    fn send(&self, callback: Callback) -> Sending {
        let engine = self.0.lock().clone();
        Box::pin(async move {
            let Some(engine) = engine else { return Delivery::Failed("nobody listens".into()) };
            let Some(order_id) = pg_simulator::callback::order_id(&callback.body) else {
                return Delivery::Answered(200);
            };
            let gateway = GatewayName::new(pg_simulator::NAME);
            match engine.called_back(&gateway, &order_id).await {
                Ok(_) => Delivery::Answered(200),
                Err(error) => Delivery::Failed(error.to_string()),
            }
        })
    }
}
