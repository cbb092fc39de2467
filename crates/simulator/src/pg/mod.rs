//! The PG simulator: the asynchronous card gateway of the commerce templates, wire-exact.
//!
//! `§` marks sections of that gateway's page. Read `router` for the endpoints, `post` for a
//! payment's course, `plan` for what chance decides, `books` for what is remembered, then
//! [`settings`], [`faults`] and [`script`] for what can be made to go wrong.

pub mod books;
mod callback;
pub mod control;
pub mod faults;
mod look_up;
pub mod outage;
pub mod plan;
mod post;
mod processing;
pub mod report;
mod request;
mod router;
pub mod script;
pub mod sender;
pub mod settings;
mod store;
mod wire;

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use parking_lot::{Mutex, MutexGuard, RwLock};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

use crate::clock::Clock;
use crate::connection;
use books::Books;
use outage::Outage;
use processing::Process;
use script::Script;
use sender::{CallbackSender, HttpSender, SharedSender};
use settings::Settings;
use store::Journal;

/// A running gateway. Clones are handles to the same one.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    settings: RwLock<Arc<Settings>>,
    chance: Mutex<fastrand::Rng>,
    clock: Clock,
    books: Mutex<Books>,
    script: Mutex<Script>,
    outage: Mutex<Option<Outage>>,
    process: RwLock<Process>,
    request_threads: RwLock<Arc<Semaphore>>,
    sender: SharedSender,
    callback_sent: Notify,
}

impl Simulator {
    /// Starts a gateway with empty books that sends its callbacks over HTTP.
    ///
    /// Must be called within a tokio runtime, whose time it follows. Panics on settings that
    /// [`Settings::check`] refuses.
    pub fn start(settings: Settings) -> Self {
        Self::start_with(settings, HttpSender::new())
    }

    /// The same with another way to send callbacks.
    pub fn start_with(settings: Settings, sender: impl CallbackSender) -> Self {
        Self::with_books(settings, Arc::new(sender), Books::default())
    }

    /// Starts with the books kept in `file`, and keeps them there.
    ///
    /// Pending transactions of an earlier life stay pending, §10. The file holds the outer
    /// digits of cards only.
    pub fn resume(
        settings: Settings,
        sender: impl CallbackSender,
        file: &Path,
    ) -> io::Result<Self> {
        let books = Journal::open(file)?;
        Ok(Self::with_books(settings, Arc::new(sender), books))
    }

    fn with_books(settings: Settings, sender: SharedSender, books: Books) -> Self {
        let checked = settings.check();
        assert!(checked.is_ok(), "{checked:?}");
        // A later life with the same seed must not draw the keys of an earlier one again.
        let seed = settings.seed.wrapping_add(books.rows().len() as u64);
        let shared = Shared {
            chance: Mutex::new(fastrand::Rng::with_seed(seed)),
            clock: Clock::start(settings.started_at_ms),
            books: Mutex::new(books),
            script: Mutex::default(),
            outage: Mutex::new(None),
            process: RwLock::new(Process::start(settings.workers)),
            request_threads: RwLock::new(threads(settings.request_threads)),
            sender,
            callback_sent: Notify::new(),
            settings: RwLock::new(Arc::new(settings)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// All endpoints: `/api/v1/payments…` and `/_sim/…`.
    ///
    /// A dropped connection is a response that [`connection::is_dropped`] recognises. A caller
    /// that stops waiting does not cancel its request.
    pub fn router(&self) -> Router {
        router::router(self)
    }

    /// The management port, stock 8083: `GET /actuator/health` answers `{"status":"UP"}`.
    pub fn management_router(&self) -> Router {
        router::management()
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

    /// Ends the gateway's process and waits for it: queued transactions stay pending, §10.
    pub async fn shutdown(&self) {
        let process = self.process();
        process.kill();
        process.wait().await;
    }

    /// The gateway's process dies and starts again: running requests lose their connection,
    /// queued tasks are lost, and without `keepOverRestart` all earlier keys answer 404.
    pub fn restart(&self) {
        let settings = self.settings();
        let reborn = Process::start(settings.workers);
        std::mem::replace(&mut *self.shared.process.write(), reborn).kill();
        if !settings.keep_over_restart {
            self.books_mut().lose_all();
        }
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
    /// Another seed starts the generator anew. The error says which value is impossible.
    pub fn change(&self, settings: Settings) -> Result<(), String> {
        settings.check()?;
        let before = self.settings();
        if settings.started_at_ms != before.started_at_ms {
            return Err("startedAtMs is read at the start only".to_owned());
        }
        if settings.seed != before.seed {
            *self.shared.chance.lock() = fastrand::Rng::with_seed(settings.seed);
        }
        if settings.request_threads != before.request_threads {
            *self.shared.request_threads.write() = threads(settings.request_threads);
        }
        let workers = settings.workers;
        *self.shared.settings.write() = Arc::new(settings);
        self.process().resize(workers);
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        self.shared.clock.now_ms()
    }

    fn books_mut(&self) -> MutexGuard<'_, Books> {
        self.shared.books.lock()
    }

    fn process(&self) -> Process {
        self.shared.process.read().clone()
    }

    fn sender(&self) -> &dyn CallbackSender {
        self.shared.sender.as_ref()
    }

    fn callback_sent(&self) -> &Notify {
        &self.shared.callback_sent
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Simulator").finish_non_exhaustive()
    }
}

fn threads(limit: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(if limit == 0 { Semaphore::MAX_PERMITS } else { limit }))
}
