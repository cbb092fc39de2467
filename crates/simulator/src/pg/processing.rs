//! The gateway's pool: N workers and one unbounded first-in-first-out queue, §10.
//!
//! Verdict tasks and callbacks share it, so a verdict that sleeps or a receiver that hangs
//! holds back everything behind it. Nothing is repeated; what is queued dies with the pool.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::life::Life;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One life of the gateway's process: its pool, and everything that ends with it.
#[derive(Clone)]
pub(crate) struct Process {
    pool: Arc<Mutex<Pool>>,
    life: Life,
}

struct Pool {
    workers: usize,
    busy: usize,
    queue: VecDeque<Task>,
}

impl Process {
    /// Starts with this many workers; zero is no limit.
    pub(crate) fn start(workers: usize) -> Self {
        Self {
            pool: Arc::new(Mutex::new(Pool { workers, busy: 0, queue: VecDeque::new() })),
            life: Life::default(),
        }
    }

    /// Gives a task to a free worker, or queues it behind all others.
    pub(crate) fn submit(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut pool = self.pool.lock();
        pool.queue.push_back(Box::pin(task));
        if let Some(next) = pool.next() {
            drop(pool);
            self.put_to_work(next);
        }
    }

    /// Changes the number of workers; running tasks are not disturbed.
    pub(crate) fn resize(&self, workers: usize) {
        self.pool.lock().workers = workers;
        loop {
            let next = self.pool.lock().next();
            let Some(next) = next else { break };
            self.put_to_work(next);
        }
    }

    /// Runs outside the pool, until it is done or the process ends; `None` is the latter.
    pub(crate) async fn outlive<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        self.life.outlive(work).await
    }

    /// Starts something outside the pool that nobody waits for; it ends with the process.
    pub(crate) fn start_aside(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.life.start_aside(work);
    }

    /// Ends everything at once; nothing is carried over.
    pub(crate) fn kill(&self) {
        self.life.end();
        self.pool.lock().queue.clear();
    }

    /// Waits until nothing of this process runs any more.
    pub(crate) async fn wait(&self) {
        self.life.wait().await;
    }

    /// Tasks that wait for a worker.
    pub(crate) fn queued(&self) -> usize {
        self.pool.lock().queue.len()
    }

    fn put_to_work(&self, first: Task) {
        let pool = Arc::clone(&self.pool);
        self.start_aside(async move {
            let mut task = first;
            loop {
                task.await;
                let Some(next) = Pool::after(&pool) else {
                    break;
                };
                task = next;
            }
        });
    }
}

impl Pool {
    /// Takes on the next task if a worker is free.
    fn next(&mut self) -> Option<Task> {
        if self.workers > 0 && self.busy >= self.workers {
            return None;
        }
        let task = self.queue.pop_front()?;
        self.busy += 1;
        Some(task)
    }

    /// Ends one task and takes on the next.
    fn after(pool: &Mutex<Self>) -> Option<Task> {
        let mut pool = pool.lock();
        pool.busy -= 1;
        pool.next()
    }
}
