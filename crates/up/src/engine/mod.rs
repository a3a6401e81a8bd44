//! Whatever crosses a border is put to the gate here, and what passed is carried out.
//!
//! Never decides: every answer is `gate::decide`'s, and every one is in the journal.

mod api;
mod aws;
mod beginning;
pub(crate) mod changes;
mod invoke;
pub(crate) mod memory;
mod rates;
pub(crate) mod sessions;
mod watch;
mod watched;
pub(crate) mod world;

use crate::functions::Functions;
use crate::journal::Journal;
use crate::logs::{Logs, Trail};
use crate::options::{Notice, Notices};
use changes::Changes;
use gate::web_acl::Inspection;
use memory::Memory;
use model::{Answer, App, Ask, Call, Change, ChangeError, Charge, Place, State, Verdict};
use rates::Setting;
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
    changes: Mutex<Changes>,
    /// Held while a call that may be charged is judged and charged, so that both are one step.
    charging: Mutex<()>,
}

/// What an engine stands on: the store, the logs and the journal of one state folder.
pub(crate) struct Ground {
    pub world: Machine,
    pub logs: Arc<Logs>,
    pub trail: Trail,
    pub journal: Journal,
    pub changes: Changes,
    pub notices: Notices,
}

impl Engine {
    /// Over these services, on this ground.
    pub fn new(app: App, services: Vec<Box<dyn Service>>, ground: Ground) -> Self {
        let Ground { world, logs, trail, journal, changes, notices } = ground;
        Self {
            app: RwLock::new(Arc::new(app)),
            services: services.into_iter().map(|service| (service.endpoint(), service)).collect(),
            world,
            memory: Memory::new(),
            logs,
            trail,
            journal,
            notices,
            functions: RwLock::default(),
            changes: Mutex::new(changes),
            charging: Mutex::default(),
        }
    }

    /// The application as it is now.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.app.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Applies a change and keeps it for the next start; the next call is judged by the next version.
    pub fn change(&self, change: &Change) -> Result<(), ChangeError> {
        let mut app = self.app.write().unwrap_or_else(PoisonError::into_inner);
        let next = app.apply(change)?;
        let kept = self.changes.lock().unwrap_or_else(PoisonError::into_inner).add(change);
        kept.map_err(|error| ChangeError(format!("it cannot be kept: {error}")))?;
        self.journal.add(&json!({ "change": change, "app_version": next.version }));
        self.forget(changed_kind(change, &next));
        *app = Arc::new(next);
        Ok(())
    }

    /// Forgets what was learned from a resource of this type. `None`: it is gone, and with it its type.
    fn forget(&self, kind: Option<&str>) {
        if kind.is_none_or(|kind| kind.starts_with("AWS::ApiGateway::") || kind.starts_with("AWS::Lambda::")) {
            self.memory.forget_answers();
        }
        if kind.is_none_or(|kind| kind.starts_with("AWS::Cognito::UserPool")) {
            self.memory.forget_jwks();
        }
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
        self.inspect(app, call).0
    }

    /// The same, with what the web ACL of a stage made of the request.
    pub fn inspect(&self, app: &App, call: &Call) -> (Verdict, Option<Inspection>) {
        let charged = matches!(call.ask, Ask::Invoke(_)) && !app.aws().usage_plans.is_empty();
        let guard = charged.then(|| self.charging.lock().unwrap_or_else(PoisonError::into_inner));
        let (verdict, entry, inspection) = gate::inspect(app, call, &self.memory);
        self.note(app, call, &verdict, entry);
        drop(guard);
        (verdict, inspection)
    }

    /// Charges what a verdict costs, and writes it into the journal.
    fn note(&self, app: &App, call: &Call, verdict: &Verdict, entry: gate::Entry) {
        for charge in &verdict.charges {
            match charge {
                Charge::UsagePlan { plan, key } => {
                    if let Some(limits) = app.aws().usage_plans.iter().find(|found| found.plan_id == *plan) {
                        self.memory.charge(plan, key, gate::charge(limits, self.memory.usage(plan, key), call.time));
                    }
                }
                Charge::Rate { rule, instance, limit, window } => {
                    self.memory.rates().count(rule, instance, Setting { limit: *limit, window: *window }, call.time);
                }
            }
        }
        self.journal.judged(entry);
    }

    /// Says that the gate stopped a call, and returns why, for the header `x-sekisho-why`.
    pub fn stopped(&self, what: &str, verdict: &Verdict) -> String {
        let why = why(verdict);
        self.say(Notice::Stopped { what: what.to_owned(), why: why.clone() });
        why
    }
}

/// The type of the resource that a change concerns.
fn changed_kind<'a>(change: &'a Change, next: &'a App) -> Option<&'a str> {
    match change {
        Change::Put(resource) => Some(resource.kind.as_str()),
        Change::Set { resource, .. } => next.resource(resource).map(|found| found.kind.as_str()),
        Change::Remove(_) => None,
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
