//! Which environments a function has: idle ones to reuse, busy ones to count, and all of them to end.

use super::worker::{Job, Worker};
use super::{Inner, Installed, InvokeError, Request};
use model::ResourceId;
use model::aws::Function;
use services::lambda::{Credentials, Outcome};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};

/// Environments of all functions.
#[derive(Debug)]
pub(super) struct Pool {
    slots: Mutex<HashMap<ResourceId, Slot>>,
    most: usize,
    stopping: watch::Sender<bool>,
    /// Each environment holds a clone of the sender; all are gone when the receiver ends.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    gone: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

/// Environments of one function.
#[derive(Debug)]
struct Slot {
    /// What they run. A function that was changed gets new ones.
    made_of: (Function, Installed),
    /// Counts the changes.
    version: u64,
    idle: Vec<mpsc::Sender<Job>>,
    busy: usize,
}

impl Pool {
    pub(super) fn new(most: usize) -> Self {
        let (alive, gone) = mpsc::channel(1);
        Self {
            slots: Mutex::default(),
            most,
            stopping: watch::Sender::new(false),
            alive: Mutex::new(Some(alive)),
            gone: tokio::sync::Mutex::new(gone),
        }
    }

    /// Takes an idle environment, or the right to start one. Which version of the function it is comes with it.
    fn take(&self, function: &Function, installed: &Installed) -> Result<(Option<mpsc::Sender<Job>>, u64), InvokeError> {
        if *self.stopping.borrow() {
            return Err(InvokeError::Stopping);
        }
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(function.id.clone()).or_insert_with(|| Slot {
            made_of: (function.clone(), installed.clone()),
            version: 0,
            idle: Vec::new(),
            busy: 0,
        });
        if slot.made_of.0 != *function || slot.made_of.1 != *installed {
            slot.made_of = (function.clone(), installed.clone());
            slot.version += 1;
            slot.idle.clear();
        }
        if slot.busy >= self.most {
            return Err(InvokeError::TooManyRequests);
        }
        slot.busy += 1;
        // The warmest first: the others reach their idle time and end.
        while let Some(worker) = slot.idle.pop() {
            if !worker.is_closed() {
                return Ok((Some(worker), slot.version));
            }
        }
        Ok((None, slot.version))
    }

    /// Gives a place back, with the environment if it can be used again.
    fn give_back(&self, function: &ResourceId, version: u64, worker: Option<mpsc::Sender<Job>>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = slots.get_mut(function) else { return };
        slot.busy = slot.busy.saturating_sub(1);
        if slot.version == version && !*self.stopping.borrow() {
            slot.idle.extend(worker.filter(|worker| !worker.is_closed()));
        }
    }

    /// Ends every environment: idle ones at once, busy ones are killed.
    pub(super) async fn stop(&self) {
        self.stopping.send_replace(true);
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).take();
        while self.gone.lock().await.recv().await.is_some() {}
    }

    /// A token that an environment holds as long as its process lives.
    pub(super) fn token(&self) -> Result<mpsc::Sender<()>, InvokeError> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(InvokeError::Stopping)
    }

    /// Becomes true when every environment is to end.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}

/// Gives the place back however the invocation ends.
struct Place<'a> {
    pool: &'a Pool,
    function: &'a ResourceId,
    version: u64,
    worker: Option<mpsc::Sender<Job>>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.give_back(self.function, self.version, self.worker.take());
    }
}

impl Inner {
    pub(super) async fn invoke(
        self: Arc<Self>,
        function: &Function,
        credentials: impl FnOnce() -> Credentials,
        request: Request,
    ) -> Result<Outcome, InvokeError> {
        let installed = self.runnable(function)?;
        let (idle, version) = self.pool.take(function, &installed)?;
        let mut place = Place { pool: &self.pool, function: &function.id, version, worker: None };
        if let Some(worker) = idle {
            // An environment may end between the look and the request: then a new one takes it.
            if let Some(outcome) = ask(&worker, request.clone()).await {
                place.worker = Some(worker);
                return Ok(outcome);
            }
        }
        let worker = Worker::start(&self, function, &installed, &credentials()).await?;
        let outcome = ask(&worker, request).await.ok_or(InvokeError::Stopping)?;
        place.worker = Some(worker);
        Ok(outcome)
    }
}

/// `None` when the environment ended before it took the request.
async fn ask(worker: &mpsc::Sender<Job>, request: Request) -> Option<Outcome> {
    let (answer, outcome) = oneshot::channel();
    worker.send(Job { request, answer }).await.ok()?;
    outcome.await.ok()
}
