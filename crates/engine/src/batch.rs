//! Batching: commands in, one commit for many, replies out.
//!
//! A lane takes whatever waits when it becomes free, so commands that arrive during a commit form
//! the next batch and a lone command never waits. A command that the database refuses is found by
//! running its batch one by one: its neighbours are not disturbed.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use parking_lot::Mutex;
use payonce_ports::{
    clock::Clock,
    store::{Keys, Store, StoreError, World},
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

/// Most commands in one commit.
const BATCH_AT_MOST: usize = 256;
/// Commands that may wait for a lane before a caller is told that we are overloaded.
const QUEUE: usize = 4_096;
/// How often a commit in doubt is read again before its callers are told.
const DOUBT_TRIES: u32 = 5;
const DOUBT_WAIT: Duration = Duration::from_millis(200);

/// One thing that a caller asks of the books.
///
/// Deciding is repeatable: after a commit in doubt it runs again over the rows as they are then,
/// and must recognise its own work.
pub trait Command: Send + 'static {
    /// What the caller gets.
    type Reply: Send + 'static;

    /// The rows it needs.
    fn keys(&self) -> Keys;

    /// Commands with the same affinity meet in the same batch, e.g. the buyers of one product.
    fn affinity(&self) -> u64;

    /// Decides, changes the world accordingly, and says what the caller gets. A refusal leaves the
    /// world as it was.
    fn decide(&self, world: &mut World) -> Self::Reply;
}

/// Why a command has no reply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BatchError {
    /// Nothing was committed.
    #[error("nothing was committed: {0}")]
    NotCommitted(StoreError),
    /// It may or may not have been committed. Asking again with the same key tells.
    #[error("it is not known whether this was committed: {0}")]
    InDoubt(StoreError),
    /// More is waiting than can be done soon. Nothing was committed.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The server is stopping. Nothing was committed.
    #[error("the server is stopping")]
    Stopping,
}

/// The way into the books for all commands.
#[derive(Debug, Clone)]
pub struct Batcher {
    lanes: Arc<[mpsc::Sender<Box<dyn Job>>]>,
}

impl Batcher {
    /// Starts one task a lane of the store. They end when the last batcher is dropped.
    pub fn start(store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) -> Self {
        let lanes = (0..store.lanes().max(1))
            .map(|_| {
                let (sender, jobs) = mpsc::channel(QUEUE);
                let lane = Lane { store: Arc::clone(store), clock: Arc::clone(clock) };
                tokio::spawn(lane.run(jobs));
                sender
            })
            .collect();
        Self { lanes }
    }

    /// Runs a command and waits until it is durable.
    pub async fn submit<C: Command>(&self, command: C) -> Result<C::Reply, BatchError> {
        let index = usize::try_from(command.affinity() % self.lanes.len() as u64).unwrap_or(0);
        let (sender, reply) = oneshot::channel();
        let job = Pending { command, reply: None, sender };
        match self.lanes[index].try_send(Box::new(job)) {
            Ok(()) => reply.await.unwrap_or(Err(BatchError::Stopping)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(BatchError::Overloaded),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(BatchError::Stopping),
        }
    }
}

/// A command with the place where its reply goes, whatever its types.
trait Job: Send {
    fn keys(&self) -> Keys;
    fn decide(&mut self, world: &mut World);
    fn deliver(self: Box<Self>);
    fn refuse(self: Box<Self>, error: BatchError);
}

impl std::fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

struct Pending<C: Command> {
    command: C,
    reply: Option<C::Reply>,
    sender: oneshot::Sender<Result<C::Reply, BatchError>>,
}

impl<C: Command> Job for Pending<C> {
    fn keys(&self) -> Keys {
        self.command.keys()
    }

    fn decide(&mut self, world: &mut World) {
        self.reply = Some(self.command.decide(world));
    }

    fn deliver(self: Box<Self>) {
        let reply = self.reply.ok_or(BatchError::Stopping);
        // A caller that went away is told nothing; the commit stands.
        let _gone = self.sender.send(reply);
    }

    fn refuse(self: Box<Self>, error: BatchError) {
        let _gone = self.sender.send(Err(error));
    }
}

type Batch = Vec<Box<dyn Job>>;

struct Lane {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Lane {
    async fn run(self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = jobs.recv().await {
            let mut batch = vec![first];
            while batch.len() < BATCH_AT_MOST {
                match jobs.try_recv() {
                    Ok(job) => batch.push(job),
                    Err(_) => break,
                }
            }
            self.commit(batch).await;
        }
    }

    async fn commit(&self, batch: Batch) {
        let (batch, outcome) = self.transact(batch).await;
        match outcome {
            Ok(()) => batch.into_iter().for_each(<dyn Job>::deliver),
            Err(error @ (StoreError::Refused(_) | StoreError::BadRow { .. })) => {
                self.isolate(batch, &error).await;
            }
            Err(error @ StoreError::Unavailable(_)) => {
                refuse_all(batch, &BatchError::NotCommitted(error));
            }
            Err(error @ StoreError::InDoubt(_)) => self.read_again(batch, error).await,
        }
    }

    /// Somebody in this batch was refused: each runs alone, and only they are.
    async fn isolate(&self, batch: Batch, error: &StoreError) {
        if batch.len() == 1 {
            tracing::error!(%error, "the database refused a command");
            return refuse_all(batch, &BatchError::NotCommitted(error.clone()));
        }
        for job in batch {
            Box::pin(self.commit(vec![job])).await;
        }
    }

    /// The commit may have happened. Every command decides again over what is there now and
    /// recognises its own work; nothing is repeated blindly.
    async fn read_again(&self, mut batch: Batch, mut error: StoreError) {
        for turn in 1..=DOUBT_TRIES {
            tracing::warn!(%error, turn, "commit in doubt: reading again");
            self.clock.sleep(DOUBT_WAIT * turn).await;
            let outcome;
            (batch, outcome) = self.transact(batch).await;
            match outcome {
                Ok(()) => return batch.into_iter().for_each(<dyn Job>::deliver),
                // The doubt is over: this is a plain answer about what is there now.
                Err(again @ (StoreError::Refused(_) | StoreError::BadRow { .. })) => {
                    return self.isolate(batch, &again).await;
                }
                Err(again) => error = again,
            }
        }
        refuse_all(batch, &BatchError::InDoubt(error));
    }

    async fn transact(&self, batch: Batch) -> (Batch, Result<(), StoreError>) {
        let mut keys = Keys::default();
        for job in &batch {
            let wanted = job.keys();
            keys.idempotency.extend(wanted.idempotency);
            keys.products.extend(wanted.products);
            keys.orders.extend(wanted.orders);
        }
        let shared = Arc::new(Mutex::new(batch));
        let deciding = Arc::clone(&shared);
        let decision = Box::new(move |world: &mut World| {
            for job in deciding.lock().iter_mut() {
                job.decide(world);
            }
        });
        let transacting = AssertUnwindSafe(self.store.transact(keys, decision)).catch_unwind();
        let outcome = transacting.await.unwrap_or_else(|_| {
            // The panic itself is logged where it happened; nothing was committed.
            Err(StoreError::Refused("a decision panicked".to_owned()))
        });
        let batch = std::mem::take(&mut *shared.lock());
        (batch, outcome)
    }
}

fn refuse_all(batch: Batch, error: &BatchError) {
    for job in batch {
        job.refuse(error.clone());
    }
}

/// The affinity of an id or name: the same text, the same lane (FNV-1a).
pub fn affinity_of(name: &impl std::hash::Hash) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    name.hash(&mut hasher);
    std::hash::Hasher::finish(&hasher)
}

struct Fnv(u64);

impl std::hash::Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
