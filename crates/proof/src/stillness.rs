//! Stillness: the world's time does not move while a database works.
//!
//! Tokio's paused clock moves on as soon as no task can run, and knows nothing of an answer that a
//! database's socket still owes. It does stand still while a blocking task runs: one is kept, as
//! long as anybody works. Deadlines inside a store therefore never pass here; what a deadline does
//! is the storage crate's to show.

use std::{
    pin::pin,
    sync::{Arc, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use parking_lot::Mutex;

/// Who works, and the blocking task that anchors the time meanwhile.
#[derive(Debug, Default)]
pub struct Stillness(Mutex<Anchor>);

#[derive(Debug, Default)]
struct Anchor {
    working: usize,
    held: Option<mpsc::Sender<()>>,
}

/// Time stands still until this is dropped.
#[derive(Debug)]
pub struct Still(Arc<Stillness>);

impl Stillness {
    /// Time stands still from now on.
    pub fn begin(self: &Arc<Self>) -> Still {
        let mut anchor = self.0.lock();
        anchor.working += 1;
        if anchor.working == 1 {
            let (held, waiting) = mpsc::channel::<()>();
            anchor.held = Some(held);
            // It ends when `held` is dropped; nobody needs to wait for that.
            drop(tokio::task::spawn_blocking(move || waiting.recv()));
        }
        Still(Arc::clone(self))
    }
}

impl Drop for Still {
    fn drop(&mut self) {
        let mut anchor = self.0.0.lock();
        anchor.working -= 1;
        if anchor.working == 0 {
            anchor.held = None;
        }
    }
}

/// Waits on this very thread until `work` is done: nothing else in the world happens meanwhile.
/// Only for work that other threads do. Tokio's budget is not asked: a task that has used it up would be
/// woken by a scheduler that stands still.
pub fn at_once<T>(work: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut work = pin!(tokio::task::unconstrained(work));
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
