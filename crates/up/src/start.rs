//! The start: the socket, the state folder, the databases, the functions' code, and then the front.
//!
//! What can fail early and harmlessly fails first.

use crate::border::{Border, FunctionLines};
use crate::ca::Authority;
use crate::clusters::{self, Clusters, Planned};
use crate::database;
use crate::engine::changes::Changes;
use crate::engine::world::{self, Machine};
use crate::engine::{Engine, Ground};
use crate::error::UpError;
use crate::folder::Folder;
use crate::front::{self, Front};
use crate::functions::{Config, Functions, Installed, Interpreters};
use crate::install::{Install, InstallError, install};
use crate::journal::Journal;
use crate::keys;
use crate::logs::{Logs, Trail};
use crate::mail::Mail;
use crate::options::{Notice, Notices, Options};
use crate::running::Running;
use crate::store::Sqlite;
use model::{App, Identity, ResourceId};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// How long an execution environment waits for its next request. AWS does not say; minutes.
const IDLE: Duration = Duration::from_secs(600);
/// Execution environments of one function at most.
const CONCURRENCY: usize = 10;

/// Starts an application.
///
/// # Errors
/// [`UpError`]: each says what to do.
pub async fn start(app: App, options: Options, notices: impl Fn(Notice) + Send + Sync + 'static) -> Result<Running, UpError> {
    let notices: Notices = Arc::new(notices);
    // The socket first: the commonest failure must not touch anybody's state.
    let listener = front::listen(options.port).await?;
    let address = listener.local_addr().map_err(|e| UpError::Listen { port: options.port, why: e.to_string() })?;
    let folder = Arc::new(Folder::open(&options.state)?);
    // A run that was killed may have left its database behind: it must not outlive its files.
    database::end_left_behind(folder.path());
    if options.fresh {
        folder.wipe()?;
    }
    let authority = Arc::new(Authority::open(&folder)?);
    let (root, credentials) = keys::root(folder.path(), options.root_credentials.as_deref(), &app.region)?;
    let engine = Arc::new(engine(app, &folder, notices)?);
    let account = engine.trail.account.clone();
    engine.memory.keys.admit(&root, Identity::Root { account }, world::now());

    let (stop, stopping) = watch::channel(false);
    let front = Front { engine: Arc::clone(&engine), tls: TlsAcceptor::from(Arc::new(authority.server()?)), stopping };
    let parts = Parts { engine: Arc::clone(&engine), folder: Arc::clone(&folder), authority: Arc::clone(&authority), options };
    let interpreters = interpreters(&engine.app())?;
    let planned = clusters::plan(&engine, &parts.options)?;
    let (clusters, code) = tokio::join!(parts.clone().clusters(planned), parts.clone().code(interpreters.clone()));
    let (clusters, code) = (Arc::new(clusters?), code?);
    if let Some(interpreters) = interpreters {
        engine.set_functions(Some(functions(interpreters, &front, &clusters, &authority, code)));
    }
    let exporting = tokio::spawn(clusters::exporting(Arc::clone(&engine), Arc::clone(&clusters), front.stopping.clone()));
    let app = engine.app();
    let beginning = json!({ "time": world::now(), "app_version": app.version, "account": app.account, "region": app.region });
    engine.journal.add(&json!({ "start": beginning }));
    engine.record_interfaces();
    let serving = tokio::spawn(front.serve(listener));
    Ok(Running { engine, address, credentials, authority, stop, serving, exporting, clusters, folder })
}

/// What runs the functions, when the application has any.
fn interpreters(app: &App) -> Result<Option<Interpreters>, UpError> {
    let functions = &app.aws().functions;
    if functions.is_empty() { Ok(None) } else { Interpreters::find(functions.values().map(|f| &*f.runtime)).map(Some) }
}

/// What the parts that block need while they start beside each other.
#[derive(Clone)]
struct Parts {
    engine: Arc<Engine>,
    folder: Arc<Folder>,
    authority: Arc<Authority>,
    options: Options,
}

/// Every function's code, or why it cannot run.
type Code = BTreeMap<ResourceId, Result<Installed, InstallError>>;

impl Parts {
    /// The databases.
    async fn clusters(self, planned: Planned) -> Result<Clusters, UpError> {
        let start = move || Clusters::start(planned, &self.engine, &self.folder, &self.authority);
        tokio::task::spawn_blocking(start).await.unwrap_or_else(|_| Err(panicked("the database")))
    }

    /// The functions' code with its packages.
    async fn code(self, interpreters: Option<Interpreters>) -> Result<Code, UpError> {
        let Some(interpreters) = interpreters else { return Ok(Code::new()) };
        let work = move || {
            let say = |text| self.engine.say(Notice::Says(text));
            let (root, state, offline) = (&self.options.root, self.folder.path(), self.options.offline);
            install(&self.engine.app(), &Install { root, state, interpreters: &interpreters, offline, say: &say })
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| panicked("the installation of packages"))
    }
}

fn panicked(part: &str) -> UpError {
    UpError::Part { part: part.to_owned(), why: "a bug: it panicked; please report it".into() }
}

/// The functions, ready for their first request. Those without code say so, and the others go on.
fn functions(interpreters: Interpreters, front: &Front, clusters: &Arc<Clusters>, authority: &Authority, code: Code) -> Arc<Functions> {
    let engine = &front.engine;
    let ca = authority.pem().as_bytes().to_vec();
    let config = Config { region: engine.trail.region.clone(), interpreters, ca, idle: IDLE, concurrency: CONCURRENCY };
    let lines = FunctionLines { logs: Arc::clone(&engine.logs), notices: engine.notices() };
    let border = Border::new(front.clone(), Arc::clone(clusters));
    let functions = Functions::new(config, Arc::new(border), Arc::new(lines));
    for (function, code) in code {
        match code {
            Ok(installed) => functions.install(function, installed),
            Err(why) => engine.say(Notice::Warns(format!("function {function} cannot run: {why}"))),
        }
    }
    Arc::new(functions)
}

/// The engine over a state folder.
fn engine(app: App, folder: &Folder, notices: Notices) -> Result<Engine, UpError> {
    let trail = Trail { account: app.account.clone(), region: app.region.clone() };
    let logs = Arc::new(Logs::start(folder.below("logs")?, &trail.account, &trail.region));
    let file = Sqlite::open(&folder.path().join("state.sqlite"))?;
    let unreadable = |e: model::StoreError| UpError::State { path: folder.path().join("state.sqlite"), why: e.to_string() };
    let (changes, app, left_out) = Changes::resume(&file, app).map_err(unreadable)?;
    for why in left_out {
        notices(Notice::Warns(format!("a change of an earlier run no longer fits the templates and is left out: {why}")));
    }
    let services = services::all();
    let mail = Mail::new(folder.below("mail")?, Arc::clone(&notices));
    let world = Machine::new(&file, (Arc::clone(&logs), mail), services.iter().map(|service| service.endpoint()));
    let journal = Journal::open(&folder.path().join("journal.jsonl"))?;
    Ok(Engine::new(app, services, Ground { world, logs, trail, journal, changes, notices }))
}
