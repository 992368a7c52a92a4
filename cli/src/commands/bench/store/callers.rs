//! Who launches: one that keeps a pool of offers filled, and callers that each take an offer out
//! of it, accept it with one task and wait for the answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use edgerm_framework::api::{Constraints, MAX_PAGE, Module, Offer};
use edgerm_framework::{Error, Launch, Scheduler};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{PATIENCE, stalled};
use crate::exit::Failure;

/// Offers in the pool for each caller when it is full. It is filled again when half are taken, so
/// that none waits there for long.
const OFFERS_PER_CALLER: usize = 4;

/// The callers, and what they share.
pub(super) struct Callers {
    shared: Arc<Shared>,
    callers: usize,
}

/// What all launches came to.
#[derive(Debug, Default)]
pub(super) struct Launched {
    /// The time of each call that accepted an offer.
    pub(super) calls: Vec<Duration>,
    /// Offers that had ended when they were accepted.
    pub(super) stale: usize,
}

struct Shared {
    scheduler: Scheduler,
    module: Module,
    pool: Mutex<VecDeque<Offer>>,
    /// A permit for each offer in the pool.
    filled: Semaphore,
    /// Told when the pool is half empty.
    low: Notify,
    size: usize,
    /// Launches that nobody has begun.
    left: AtomicUsize,
}

impl Callers {
    /// So many callers, of this framework and for this module.
    pub(super) fn new(scheduler: Scheduler, module: Module, callers: usize) -> Self {
        let shared = Shared {
            scheduler,
            module,
            pool: Mutex::default(),
            filled: Semaphore::new(0),
            low: Notify::new(),
            size: (callers * OFFERS_PER_CALLER).min(MAX_PAGE),
            left: AtomicUsize::new(0),
        };
        Self {
            shared: Arc::new(shared),
            callers,
        }
    }

    /// Launches so many tasks.
    pub(super) async fn launch(&self, launches: usize) -> Result<Launched, Failure> {
        self.shared.left.store(launches, Ordering::Relaxed);
        let mut requester = JoinSet::new();
        requester.spawn(Arc::clone(&self.shared).fill());
        let mut callers = JoinSet::new();
        for _ in 0..self.callers {
            callers.spawn(Arc::clone(&self.shared).call());
        }
        let mut all = Launched::default();
        loop {
            tokio::select! {
                called = callers.join_next() => {
                    let Some(called) = called else { return Ok(all) };
                    let called = joined(called)??;
                    all.calls.extend(called.calls);
                    all.stale += called.stale;
                }
                Some(ended) = requester.join_next() => joined(ended)??,
            }
        }
    }
}

fn joined<T>(ended: Result<T, tokio::task::JoinError>) -> Result<T, Failure> {
    ended.map_err(|error| Failure::local("a caller of the bench broke", error))
}

impl Shared {
    /// Keeps the pool filled, until it is dropped.
    async fn fill(self: Arc<Self>) -> Result<(), Failure> {
        let on = Constraints::default();
        loop {
            let missing = self.size.saturating_sub(self.filled.available_permits());
            if missing * 2 < self.size {
                self.low.notified().await;
                continue;
            }
            let offers = self.scheduler.offers(&on, missing, PATIENCE).await?;
            let count = offers.len();
            self.lock().extend(offers);
            self.filled.add_permits(count);
        }
    }

    /// Launches one task after the other until none is left.
    async fn call(self: Arc<Self>) -> Result<Launched, Failure> {
        let mut own = Launched::default();
        while self.begins() {
            loop {
                let offer = self.offer().await?;
                let launch = Launch::new("bench", &self.module);
                let start = Instant::now();
                match self.scheduler.launch(&offer, launch).await {
                    Ok(_) => break own.calls.push(start.elapsed()),
                    Err(error) if has_ended(&error) => own.stale += 1,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(own)
    }

    fn begins(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.left.fetch_update(set, fetch, one_less).is_ok()
    }

    async fn offer(&self) -> Result<Offer, Failure> {
        match timeout(PATIENCE, self.filled.acquire()).await {
            Ok(Ok(permit)) => permit.forget(),
            // It is never closed.
            Ok(Err(_)) | Err(_) => return Err(stalled("an offer")),
        }
        if self.filled.available_permits() * 2 < self.size {
            self.low.notify_one();
        }
        self.lock().pop_front().ok_or_else(|| stalled("an offer"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Offer>> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an offer was waited with for too long.
fn has_ended(error: &Error) -> bool {
    matches!(
        error.refusal_code(),
        Some("offerExpired" | "offerRescinded")
    )
}
