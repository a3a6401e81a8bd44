//! Whatever crosses a border is put to the gate here, and what passed is carried out.
//!
//! Never decides: every answer is `gate::decide`'s, and every one is in the journal.

mod api;
mod aws;
mod invoke;
pub(crate) mod memory;
pub(crate) mod sessions;
pub(crate) mod world;

use crate::functions::Functions;
use crate::journal::Journal;
use crate::logs::{Logs, Trail};
use crate::options::{Notice, Notices};
use memory::Memory;
use model::{Answer, App, Ask, Call, Change, ChangeError, Charge, Place, State, Verdict};
use serde_json::json;
use services::Service;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use world::Machine;

/// The running application without its sockets.
pub(crate) struct Engine {
    app: RwLock<Arc<App>>,
    services: BTreeMap<&'static str, Box<dyn Service>>,
    pub world: Machine,
    pub memory: Memory,
    pub logs: Arc<Logs>,
    pub trail: Trail,
    pub journal: Journal,
    notices: Notices,
    functions: RwLock<Option<Arc<Functions>>>,
    /// Held while a call that may be charged is judged and charged, so that both are one step.
    charging: Mutex<()>,
}

impl Engine {
    /// Over these services and this world.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        app: App,
        services: Vec<Box<dyn Service>>,
        world: Machine,
        memory: Memory,
        logs: Arc<Logs>,
        trail: Trail,
        journal: Journal,
        notices: Notices,
    ) -> Self {
        let services = services.into_iter().map(|service| (service.endpoint(), service)).collect();
        let (app, charging) = (RwLock::new(Arc::new(app)), Mutex::new(()));
        let functions = RwLock::default();
        Self { app, services, world, memory, logs, trail, journal, notices, functions, charging }
    }

    /// The application as it is now.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Applies a change; the next call is judged by the next version.
    pub fn change(&self, change: &Change) -> Result<(), ChangeError> {
        let mut app = self.app.write().unwrap_or_else(PoisonError::into_inner);
        let next = app.apply(change)?;
        self.journal.add(&json!({ "change": change, "app_version": next.version }));
        *app = Arc::new(next);
        self.memory.forget_answers();
        self.memory.forget_jwks();
        Ok(())
    }

    /// The functions, while they run.
    pub fn functions(&self) -> Option<Arc<Functions>> {
        self.functions.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets what runs functions; gives what did before.
    pub fn set_functions(&self, functions: Option<Arc<Functions>>) -> Option<Arc<Functions>> {
        std::mem::replace(&mut *self.functions.write().unwrap_or_else(PoisonError::into_inner), functions)
    }

    /// Where notices go.
    pub fn notices(&self) -> Notices {
        Arc::clone(&self.notices)
    }

    /// Says something to whoever started the application.
    pub fn say(&self, notice: Notice) {
        (self.notices)(notice);
    }

    /// Puts a call to the gate, writes it into the journal, and charges what its pass costs.
    pub fn judge(&self, app: &App, call: &Call) -> Verdict {
        let charged = matches!(call.ask, Ask::Invoke(_)) && !app.aws().usage_plans.is_empty();
        let guard = charged.then(|| self.charging.lock().unwrap_or_else(PoisonError::into_inner));
        let (verdict, entry) = gate::record(app, call, &self.memory);
        for Charge::UsagePlan { plan, key } in &verdict.charges {
            if let Some(limits) = app.aws().usage_plans.iter().find(|found| found.plan_id == *plan) {
                self.memory.charge(plan, key, gate::charge(limits, self.memory.usage(plan, key), call.time));
            }
        }
        drop(guard);
        self.journal.judged(entry);
        verdict
    }

    /// Says that the gate stopped a call, and returns why, for the header `x-sekisho-why`.
    pub fn stopped(&self, what: &str, verdict: &Verdict) -> String {
        let why = why(verdict);
        self.say(Notice::Stopped { what: what.to_owned(), why: why.clone() });
        why
    }
}

/// The phase, the sentence and the place that decided: `authorizer; the token has no scope; template.yaml:41:9`.
pub(crate) fn why(verdict: &Verdict) -> String {
    let reason = verdict.reason();
    let place = |place: Option<&Place>| place.map(|place| format!("; {place}")).unwrap_or_default();
    match (&verdict.answer, reason) {
        (Answer::Depends(residual), reason) => {
            let phase = reason.map_or("gate", |reason| reason.phase.name());
            format!("{phase}; {}{}", residual.says, place(residual.place.as_ref()))
        }
        (_, Some(reason)) => format!("{}; {}{}", reason.phase.name(), reason.says, place(reason.place.as_ref())),
        (_, None) => "gate; no reason was given".to_owned(),
    }
}
