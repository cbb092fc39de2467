//! The Toss Payments simulator: payment window, core API, settlements and webhooks.
//!
//! `§` marks sections of that gateway's page. Read `router` for the endpoints, `course` for what
//! every call goes through, `payment` for the rules of one payment, `buyer` for the window, then
//! [`settings`], [`faults`] and [`script`] for what can be made to go wrong, and [`books`] for
//! what really happened.

mod auth;
mod billing;
pub mod books;
pub mod buyer;
mod cancel;
mod codes;
mod confirm;
pub mod control;
mod course;
pub mod faults;
mod idempotency;
mod key_in;
pub mod mismatch;
pub mod operation;
mod page;
pub mod payment;
pub mod plan;
mod query;
mod rate_limit;
mod request;
mod router;
pub mod script;
pub mod sender;
pub mod settings;
mod settlements;
mod store;
mod transactions;
mod webhook;
mod window;
mod wire;

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::clock::{Clock, seoul_digits};
use crate::connection;
use crate::life::Life;
use faults::Profile;
use idempotency::Memory;
use rate_limit::Meter;
use script::Script;
use sender::{HttpSender, WebhookSender};
use settings::Settings;
use store::Store;

/// A running gateway. Clones are handles to the same one.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    settings: RwLock<Arc<Settings>>,
    /// Draws what goes wrong.
    chance: Mutex<fastrand::Rng>,
    /// Draws keys, so that their number does not shift what goes wrong.
    names: Mutex<fastrand::Rng>,
    clock: Clock,
    store: Mutex<Store>,
    memory: Mutex<Memory>,
    meter: Mutex<Meter>,
    script: Mutex<Script>,
    life: Life,
    sender: Arc<dyn WebhookSender>,
    webhook_sent: Notify,
}

impl Simulator {
    /// Starts a gateway with empty books that sends its webhooks over HTTP.
    ///
    /// Must be called within a tokio runtime, whose time it follows. Panics on settings that
    /// [`Settings::check`] refuses.
    pub fn start(settings: Settings) -> Self {
        Self::start_with(settings, HttpSender::new())
    }

    /// The same with another way to send webhooks.
    pub fn start_with(settings: Settings, sender: impl WebhookSender) -> Self {
        let checked = settings.check();
        assert!(checked.is_ok(), "{checked:?}");
        let (chance, names) = generators(settings.seed);
        let shared = Shared {
            chance: Mutex::new(chance),
            names: Mutex::new(names),
            clock: Clock::start(settings.started_at_ms),
            store: Mutex::default(),
            memory: Mutex::default(),
            meter: Mutex::default(),
            script: Mutex::default(),
            life: Life::default(),
            sender: Arc::new(sender),
            webhook_sent: Notify::new(),
            settings: RwLock::new(Arc::new(settings)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// All endpoints: `/v1/…`, the buyer's `/v2/standard` and `/pay…`, and `/_sim/…`.
    ///
    /// A dropped connection is a response that [`connection::is_dropped`] recognises. A caller
    /// that stops waiting does not cancel its request.
    pub fn router(&self) -> Router {
        router::router(self)
    }

    /// Serves [`Self::router`] until `shutdown` ends and running requests are answered; the
    /// gateway itself goes on until [`Self::shutdown`].
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        connection::serve(listener, self.router(), shutdown).await
    }

    /// Ends the gateway and waits for it: what was not done yet is never done.
    pub async fn shutdown(&self) {
        self.shared.life.end();
        self.shared.life.wait().await;
    }

    /// Puts these entries behind the ones already waiting.
    pub fn script(&self, script: Script) {
        self.shared.script.lock().add(script);
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.shared.settings.read())
    }

    /// Changes the settings of the running gateway, for requests still to come.
    ///
    /// Another seed starts the generators anew. The error says which value is impossible.
    pub fn change(&self, settings: Settings) -> Result<(), String> {
        settings.check()?;
        let before = self.settings();
        if settings.started_at_ms != before.started_at_ms {
            return Err("startedAtMs is read at the start only".to_owned());
        }
        if settings.seed != before.seed {
            let (chance, names) = generators(settings.seed);
            *self.shared.chance.lock() = chance;
            *self.shared.names.lock() = names;
        }
        *self.shared.settings.write() = Arc::new(settings);
        Ok(())
    }

    /// Puts the faults of this profile in the place of the current ones.
    pub fn take_profile(&self, profile: Profile) {
        let mut settings = self.shared.settings.write();
        *settings = Arc::new(Settings { faults: profile.faults(), ..settings.as_ref().clone() });
    }

    /// The gateway's wall clock, Unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.shared.clock.now_ms()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.shared.store.lock()
    }

    /// Runs to its end whatever becomes of the caller.
    async fn outlive<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.shared.life.outlive(work).await
    }

    fn start_aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.shared.life.start_aside(work);
    }

    /// That many letters and digits.
    fn new_name(&self, length: usize) -> String {
        let mut names = self.shared.names.lock();
        (0..length).map(|_| names.alphanumeric()).collect()
    }

    /// `tgen_20260114101530AbCd1`.
    fn new_payment_key(&self, now_ms: u64) -> String {
        format!("tgen_{}{}", seoul_digits(now_ms), self.new_name(7))
    }

    /// `txrd_a01…`.
    fn new_transaction_key(&self) -> String {
        format!("txrd_a01{}", self.new_name(20).to_lowercase())
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Simulator").finish_non_exhaustive()
    }
}

fn generators(seed: u64) -> (fastrand::Rng, fastrand::Rng) {
    let mut chance = fastrand::Rng::with_seed(seed);
    let names = chance.fork();
    (chance, names)
}
