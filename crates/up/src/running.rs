//! The application, running: its sockets, its parts, and the way it stops.

use crate::border::{Border, FunctionLines};
use crate::ca::Authority;
use crate::clusters::{self, Clusters};
use crate::database;
use crate::engine::Engine;
use crate::engine::memory::Memory;
use crate::engine::world::{self, Machine};
use crate::error::UpError;
use crate::folder::Folder;
use crate::front::{self, Front};
use crate::functions::{Config, Functions, Installed, Node};
use crate::journal::Journal;
use crate::keys;
use crate::logs::{Logs, Trail};
use crate::options::{Notice, Notices, Options};
use crate::store::Sqlite;
use model::{App, Change, ChangeError, Identity, ResourceId};
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How long an execution environment waits for its next request. AWS does not say; minutes.
const IDLE: Duration = Duration::from_secs(600);
/// Execution environments of one function at most.
const CONCURRENCY: usize = 10;

/// The running application. Dropping it without [`Running::stop`] ends it too, but may lose the last log lines.
pub struct Running {
    pub(crate) engine: Arc<Engine>,
    address: SocketAddr,
    credentials: PathBuf,
    authority: Arc<Authority>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    exporting: JoinHandle<()>,
    pub(crate) clusters: Arc<Clusters>,
    folder: Arc<Folder>,
}

/// One API of the application, as it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiUrl {
    /// The API.
    pub api: ResourceId,
    /// The stage.
    pub stage: String,
    /// Where requests go: append a path.
    pub url: String,
}

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
    let node = node(&engine.app())?;
    let clusters = Arc::new(start_clusters(&engine, &folder, &authority, &options).await?);
    if let Some(node) = node {
        engine.set_functions(Some(functions(node, &front, &clusters, &authority, &options)));
    }
    let exporting = tokio::spawn(clusters::exporting(Arc::clone(&engine), Arc::clone(&clusters), front.stopping.clone()));
    let app = engine.app();
    let beginning = json!({ "time": world::now(), "app_version": app.version, "account": app.account, "region": app.region });
    engine.journal.add(&json!({ "start": beginning }));
    engine.record_interfaces();
    let serving = tokio::spawn(front.serve(listener));
    Ok(Running { engine, address, credentials, authority, stop, serving, exporting, clusters, folder })
}

/// The installed Node.js, when the application has functions.
fn node(app: &App) -> Result<Option<Node>, UpError> {
    if app.aws().functions.is_empty() { Ok(None) } else { Node::find().map(Some) }
}

/// The databases. They block while they start, so another thread waits for them.
async fn start_clusters(
    engine: &Arc<Engine>,
    folder: &Arc<Folder>,
    authority: &Arc<Authority>,
    options: &Options,
) -> Result<Clusters, UpError> {
    let (engine, folder, authority, options) = (Arc::clone(engine), Arc::clone(folder), Arc::clone(authority), options.clone());
    let started = tokio::task::spawn_blocking(move || Clusters::start(&engine, &folder, &authority, &options)).await;
    started.unwrap_or_else(|_| Err(UpError::Part { part: "the database".into(), why: "a bug: it panicked; please report it".into() }))
}

/// The functions, ready for their first request.
fn functions(node: Node, front: &Front, clusters: &Arc<Clusters>, authority: &Authority, options: &Options) -> Arc<Functions> {
    let engine = &front.engine;
    let app = engine.app();
    let ca = authority.pem().as_bytes().to_vec();
    let config = Config { region: app.region.clone(), node, ca, idle: IDLE, concurrency: CONCURRENCY };
    let lines = FunctionLines { logs: Arc::clone(&engine.logs), notices: engine.notices() };
    let border = Border::new(front.clone(), Arc::clone(clusters));
    let functions = Functions::new(config, Arc::new(border), Arc::new(lines));
    for function in app.aws().functions.values() {
        if let Some(code) = &function.code {
            functions.install(function.id.clone(), Installed { code: options.root.join(code), runtime_modules: None });
        }
    }
    Arc::new(functions)
}

/// The engine over a state folder.
fn engine(app: App, folder: &Folder, notices: Notices) -> Result<Engine, UpError> {
    let trail = Trail { account: app.account.clone(), region: app.region.clone() };
    let logs = Arc::new(Logs::start(folder.below("logs")?, &trail.account, &trail.region));
    let file = Sqlite::open(&folder.path().join("state.sqlite"))?;
    let services = services::all();
    let world = Machine::new(&file, Arc::clone(&logs), services.iter().map(|service| service.endpoint()));
    let journal = Journal::open(&folder.path().join("journal.jsonl"))?;
    Ok(Engine::new(app, services, world, Memory::new(), logs, trail, journal, notices))
}

impl Running {
    /// Where it listens: `http://127.0.0.1:4566`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every stage of every API with its URL.
    pub fn apis(&self) -> Vec<ApiUrl> {
        let app = self.engine.app();
        let apis = app.aws().rest_apis.iter();
        apis.flat_map(|api| {
            api.stages.iter().map(|stage| ApiUrl {
                api: api.id.clone(),
                stage: stage.name.clone(),
                url: format!("{}/restapis/{}/{}/_user_request_", self.endpoint(), api.api_id, stage.name),
            })
        })
        .collect()
    }

    /// The root user's key pair, in AWS's shared-credentials format, mode 0600.
    pub fn credentials_file(&self) -> &Path {
        &self.credentials
    }

    /// The certificate of the local authority, for clients that speak TLS to the endpoint.
    pub fn certificate_file(&self) -> &Path {
        self.authority.certificate()
    }

    /// The folder of the logs, as AWS writes them.
    pub fn logs(&self) -> &Path {
        self.engine.logs.folder()
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal.jsonl")
    }

    /// The state folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The application as it is now.
    pub fn app(&self) -> Arc<App> {
        self.engine.app()
    }

    /// Applies a change to the application; the next call is judged by the next version.
    ///
    /// # Errors
    /// When the change names a resource that is not there.
    pub fn apply(&self, change: &Change) -> Result<(), ChangeError> {
        self.engine.change(change)
    }

    /// Returns when every record made so far is in its file: CloudTrail's are delivered at once, the journal is written.
    pub fn flush_logs(&self) {
        self.clusters.export_audit(&self.engine.logs, &|notice| self.engine.say(notice));
        self.engine.logs.flush();
        self.engine.journal.flush();
    }

    /// Stops taking connections, ends functions and the database, and writes what is left to write.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.serving.await;
        if let Some(functions) = self.engine.set_functions(None) {
            functions.stop().await;
        }
        let _ = self.exporting.await;
        let (engine, clusters) = (Arc::clone(&self.engine), Arc::clone(&self.clusters));
        let ended = tokio::task::spawn_blocking(move || {
            clusters.stop();
            clusters.export_audit(&engine.logs, &|notice| engine.say(notice));
        });
        let _ = ended.await;
        self.engine.logs.close();
        self.engine.journal.close();
        drop(self.folder);
    }
}
