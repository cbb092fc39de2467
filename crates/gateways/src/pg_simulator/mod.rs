//! The PG simulator, an asynchronous card gateway: it accepts now, decides later, calls back once.
//! Section numbers are those of its wire document.
//!
//! Manners: a repeat charges twice (§4.4), so nothing is repeated once its outcome is unknown. It
//! can be looked up by our order id (§6), so each attempt has one of its own. It never takes money
//! back (§12). A request can live inside it for as long as its accept queue is (§10): absence is
//! believed late. Callbacks are unsigned (§11): triggers only. It loses its books at a restart
//! (§10): a transaction once acknowledged is never believed absent.

pub mod callback;
mod codes;
#[cfg(test)]
mod tests;
mod wire;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::Method;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    payment::{
        Attempt,
        evidence::{Outcome, Sighting, Transaction},
    },
};
use payonce_ports::gateway::{Card, Gateway, Refusal};

use crate::transport::{Request, Transport, TransportError};
use codes::Seen;

/// The name under which it appears everywhere.
pub const NAME: &str = "pg_simulator";

/// Card companies it takes (§4.1).
pub const CARD_COMPANIES: [&str; 3] = ["SAMSUNG", "KB", "HYUNDAI"];

/// Where it is, and as whom we call it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `http://localhost:8082`.
    pub base_url: String,
    /// `X-USER-ID`, the owner scope of everything we send (§2).
    pub user_id: String,
    /// Where it calls back; the stock simulator takes only `http://localhost:8080…` (§4.1).
    pub callback_url: String,
    /// Its manners.
    pub manners: Manners,
}

/// The manners of the stock simulator.
///
/// A verdict takes 1–5 s (§9), longer when its pool of eight is busy (§10). A request lives 0.5 s
/// inside it, and behind a full accept queue for as long as it takes: two minutes are believed.
pub fn stock_manners() -> Manners {
    Manners {
        charge_within: Duration::from_secs(15),
        request_life: Duration::from_mins(2),
        verdict_after: Duration::from_secs(2),
        look_up_at_most_every: Duration::from_secs(30),
        horizon: Duration::from_mins(15),
        unresolved_every: Duration::from_mins(15),
        doubt_absence_for: Duration::from_hours(6),
        can_refund: false,
        has_page: false,
        repeat_within: None,
        look_ups_per_minute: None,
    }
}

/// The gateway without its layers: one call, one outcome.
pub struct PgSimulator {
    name: GatewayName,
    settings: Settings,
    transport: Arc<dyn Transport>,
}

impl PgSimulator {
    /// A gateway at this address.
    pub fn new(settings: Settings, transport: Arc<dyn Transport>) -> Self {
        Self { name: GatewayName::new(NAME), settings, transport }
    }

    fn get(&self, attempt: &Attempt, path_and_query: &str) -> Request {
        Request {
            method: Method::GET,
            url: format!("{}/api/v1/payments{path_and_query}", self.settings.base_url),
            headers: vec![("X-USER-ID", attempt.gateway_user_id.clone())],
            body: None,
        }
    }

    /// One transaction by the gateway's key (§5).
    async fn one(&self, attempt: &Attempt, key: &str) -> Seen<Transaction> {
        match self.transport.send(self.get(attempt, &format!("/{key}"))).await {
            Ok(response) => codes::one(key, &response),
            Err(error) => Seen::Unknown(said(error)),
        }
    }

    /// All transactions of our order id (§6). The list has no amounts, so each is asked for.
    async fn by_order(&self, attempt: &Attempt) -> Sighting {
        let order_id = &attempt.gateway_order_id;
        let request = self.get(attempt, &format!("?orderId={order_id}"));
        let keys = match self.transport.send(request).await {
            Ok(response) => match codes::list(order_id, &response) {
                Seen::Found(keys) => keys,
                Seen::Absent => return Sighting::Absent,
                Seen::Unknown(text) => return Sighting::Unknown { text },
            },
            Err(error) => return Sighting::Unknown { text: said(error) },
        };
        let mut transactions = Vec::with_capacity(keys.len());
        for key in keys {
            match self.one(attempt, &key).await {
                Seen::Found(transaction) => transactions.push(transaction),
                Seen::Absent => {
                    return Sighting::Unknown { text: format!("{key} is listed and missing") };
                }
                Seen::Unknown(text) => return Sighting::Unknown { text },
            }
        }
        Sighting::Found(transactions)
    }
}

#[async_trait]
impl Gateway for PgSimulator {
    fn name(&self) -> &GatewayName {
        &self.name
    }

    fn manners(&self) -> &Manners {
        &self.settings.manners
    }

    fn account(&self) -> &str {
        &self.settings.user_id
    }

    /// Eighteen digits, of which the first is not zero (§13.2): a 64-bit number of constant length.
    fn new_order_id(&self, chance: u64) -> String {
        let first = 100_000_000_000_000_000_u64;
        (first + chance % (9 * first)).to_string()
    }

    fn refuses_charges(&self) -> Option<Refusal> {
        None
    }

    async fn charge(&self, attempt: &Attempt, card: Option<&Card>, _within: Duration) -> Outcome {
        let Some(card) = card else {
            return Outcome::Rejected { text: "a charge here needs a card".to_owned() };
        };
        let body = wire::PaymentRequest {
            order_id: &attempt.gateway_order_id,
            card_type: &card.company,
            card_no: card.number.on_the_wire(),
            amount: attempt.amount.minor,
            callback_url: &self.settings.callback_url,
        };
        let body = match serde_json::to_vec(&body) {
            Ok(body) => body.into(),
            Err(error) => return Outcome::NotSent { text: error.to_string() },
        };
        let request = Request {
            method: Method::POST,
            url: format!("{}/api/v1/payments", self.settings.base_url),
            headers: vec![("X-USER-ID", attempt.gateway_user_id.clone())],
            body: Some(body),
        };
        match self.transport.send(request).await {
            Ok(response) => codes::charge(&response),
            Err(TransportError::NotSent(text)) => Outcome::NotSent { text },
            Err(TransportError::Broken(text)) => Outcome::Unknown { text },
        }
    }

    async fn look_up(&self, attempt: &Attempt) -> Sighting {
        let Some(key) = &attempt.reference else { return self.by_order(attempt).await };
        match self.one(attempt, key).await {
            Seen::Found(transaction)
                if transaction.gateway_order_id == attempt.gateway_order_id =>
            {
                Sighting::Found(vec![transaction])
            }
            // The key is another order's now: keys collide and overwrite (§10). Ours may still be
            // listed under its order id; the foreign one is shown too, so that it is told.
            Seen::Found(foreign) => match self.by_order(attempt).await {
                Sighting::Found(mut ours) => {
                    ours.push(foreign);
                    Sighting::Found(ours)
                }
                Sighting::Absent => Sighting::Found(vec![foreign]),
                unknown @ (Sighting::Unknown { .. } | Sighting::NotAsked { .. }) => unknown,
            },
            Seen::Absent => self.by_order(attempt).await,
            Seen::Unknown(text) => Sighting::Unknown { text },
        }
    }
}

impl std::fmt::Debug for PgSimulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgSimulator").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn said(error: TransportError) -> String {
    match error {
        TransportError::NotSent(text) | TransportError::Broken(text) => text,
    }
}
