//! The API's numbers, secrets and doors, filled in by the wiring of the binary.

use std::time::Duration;

use payonce_domain::gateway::GatewayName;
use secrecy::SecretString;

/// A door through which one gateway calls back.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The path that the gateway was told.
    pub path: &'static str,
    /// Which gateway.
    pub gateway: GatewayName,
    /// Reads from a body the order id that it is about; `None` if it is none of this gateway's.
    pub order_id: fn(&[u8]) -> Option<String>,
}

/// The API's numbers, secrets and doors.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Signs access tokens and salts the digests of idempotent requests. At least 32 bytes of
    /// chance, the same on every instance and after every restart.
    pub secret: SecretString,
    /// How long an access token is good for.
    pub token_life: Duration,
    /// Where buyers' browsers reach this server, without a slash at the end: pages for paying and the
    /// gateways' ways back are under it, e.g. `https://pay.example.com`.
    pub public_url: String,
    /// Where a buyer goes on after paying, e.g. `https://shop.example.com/orders/{order_id}`; `None`
    /// if the pages lead nowhere.
    pub order_url: Option<String>,
    /// Card companies that the gateways take, e.g. `SAMSUNG`.
    pub card_companies: Vec<String>,
    /// The doors through which gateways call back.
    pub callbacks: Vec<Callback>,
    /// Largest body that is read, in bytes.
    pub body_at_most: usize,
    /// Longest wait for a whole body.
    pub body_within: Duration,
    /// Largest body with the lines of a gateway's report, in bytes. One at a time is worked on.
    pub lines_at_most: usize,
    /// Longest wait for such a body.
    pub lines_within: Duration,
    /// Most calls worked on at once; more are refused at once. Health and callbacks do not count.
    pub calls_at_once: usize,
    /// How long an order's answer waits for the first word of the gateway.
    pub first_answer_within: Duration,
    /// Longest wait that a caller may ask for.
    pub wait_at_most: Duration,
    /// Passwords hashed at once; each takes about 20 MiB and a core for some milliseconds.
    pub hashes_at_once: usize,
    /// Sign-ups and log-ins that may wait for their turn.
    pub hashes_waiting: usize,
}

impl ApiSettings {
    /// The usual numbers, with this secret, this address, these card companies and these doors.
    pub fn new(
        secret: SecretString,
        public_url: impl Into<String>,
        card_companies: Vec<String>,
        callbacks: Vec<Callback>,
    ) -> Self {
        Self {
            secret,
            token_life: Duration::from_hours(1),
            public_url: public_url.into().trim_end_matches('/').to_owned(),
            order_url: None,
            card_companies,
            callbacks,
            body_at_most: 64 * 1024,
            body_within: Duration::from_secs(10),
            lines_at_most: 8 * 1024 * 1024,
            lines_within: Duration::from_mins(1),
            calls_at_once: 512,
            first_answer_within: Duration::from_secs(2),
            wait_at_most: Duration::from_secs(30),
            hashes_at_once: 2,
            hashes_waiting: 64,
        }
    }
}
