//! The application's database clusters: started, reached by connections that the gate let pass, and their audit log.
//!
//! Never decides who may connect.

use crate::ca::Authority;
use crate::database::{self, Database, Seed, Spec};
use crate::engine::Engine;
use crate::error::UpError;
use crate::folder::Folder;
use crate::logs::Logs;
use crate::options::{Notice, Options};
use model::{App, Node, ResourceId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// The running clusters by resource.
#[derive(Default)]
pub(crate) struct Clusters(BTreeMap<ResourceId, RwLock<Database>>);

/// What is to be started: each cluster with the SQL for its first start.
pub(crate) type Planned = Vec<(Spec, Vec<Seed>)>;

/// Finds out what is to be started, before anything that takes time.
///
/// # Errors
/// [`UpError::Part`] when a master user's password or a SQL file is not known.
pub(crate) fn plan(engine: &Engine, options: &Options) -> Result<Planned, UpError> {
    let app = engine.app();
    let with_seeds = |spec: Spec| database::seeds(&app, &spec, &options.root, &options.sql).map(|seeds| (spec, seeds));
    database::declared(&app, &engine.world)?.into_iter().map(with_seeds).collect()
}

impl Clusters {
    /// Starts what was planned. Blocks while databases start.
    ///
    /// # Errors
    /// [`UpError::Missing`] without MariaDB; [`UpError::Part`] when one does not start.
    pub fn start(planned: Planned, engine: &Engine, folder: &Folder, authority: &Authority) -> Result<Self, UpError> {
        let app = engine.app();
        let mut clusters = BTreeMap::new();
        for (spec, seeds) in planned {
            engine.say(Notice::Says(format!("starting database {}", spec.cluster)));
            let (certificate, key) = authority.issue(&names(&app))?;
            let database = Database::start(folder.path(), &spec, (&certificate, &key, authority.pem()), &seeds)?;
            clusters.insert(spec.id.clone(), RwLock::new(database));
        }
        Ok(Self(clusters))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a cluster listens, with what to send ahead so that it takes `source` for the client's address.
    pub fn way(&self, cluster: &ResourceId, source: SocketAddr) -> Option<(SocketAddr, String)> {
        let port = self.0.get(cluster)?.read().unwrap_or_else(PoisonError::into_inner).port();
        let SocketAddr::V4(source) = source else { return None };
        let header = database::proxy_header((*source.ip(), source.port()), Ipv4Addr::LOCALHOST);
        Some((SocketAddr::from((Ipv4Addr::LOCALHOST, port)), header))
    }

    /// The database that a cluster is made with.
    pub fn database(&self, cluster: &ResourceId) -> Option<String> {
        self.0.get(cluster)?.read().unwrap_or_else(PoisonError::into_inner).spec().database.clone()
    }

    /// Joins a connection to a cluster until either side ends it.
    pub async fn splice(&self, cluster: &ResourceId, mut client: TcpStream, source: SocketAddr) -> std::io::Result<()> {
        let gone = || std::io::Error::other("the cluster is not running");
        let (address, header) = self.way(cluster, source).ok_or_else(gone)?;
        let mut server = TcpStream::connect(address).await?;
        server.set_nodelay(true)?;
        server.write_all(header.as_bytes()).await?;
        tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
    }

    /// Runs a statement in the first cluster as our own account, past the audit log.
    ///
    /// # Errors
    /// [`UpError::Door`] without a cluster, [`UpError::Part`] with the server's words.
    pub fn execute(&self, statement: &str, values: &[&str]) -> Result<Vec<Vec<String>>, UpError> {
        let none = || UpError::Door { what: "run a statement".into(), why: "the application has no running database".into() };
        let database = self.0.values().next().ok_or_else(none)?;
        database.read().unwrap_or_else(PoisonError::into_inner).admin_execute(statement, values)
    }

    /// Writes the audit log's new lines where AWS exports them to (Amazon Aurora User Guide, "Publishing Amazon Aurora MySQL
    /// logs to Amazon CloudWatch Logs").
    pub fn export_audit(&self, logs: &Logs, say: &dyn Fn(Notice)) {
        for database in self.0.values() {
            let database = database.read().unwrap_or_else(PoisonError::into_inner);
            match database.drain_audit() {
                Ok(lines) => {
                    let group = format!("/aws/rds/cluster/{}", database.spec().cluster);
                    lines.into_iter().for_each(|line| logs.line(group.clone(), "audit", line.time, line.text));
                }
                Err(error) => say(Notice::Warns(error.to_string())),
            }
        }
    }

    /// Ends every cluster. Blocks while they write what they have.
    pub fn stop(&self) {
        for database in self.0.values() {
            database.write().unwrap_or_else(PoisonError::into_inner).stop();
        }
    }
}

/// The names under which functions may know a cluster: those that the application hands them, and one of each form.
fn names(app: &App) -> Vec<String> {
    let mut names: BTreeSet<String> = BTreeSet::from([format!("*.{}.rds.amazonaws.com", app.region), "localhost".to_owned()]);
    let variables = app.aws().functions.values().flat_map(|function| function.environment.values().cloned());
    let outputs = app.outputs.values().filter_map(Node::scalar);
    names.extend(variables.chain(outputs).filter(|value| is_host(value)).map(|value| value.to_ascii_lowercase()));
    names.into_iter().collect()
}

fn is_host(value: &str) -> bool {
    value.ends_with(".rds.amazonaws.com") && value.len() < 254 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
}

/// Exports the audit log every second until the process stops, so that whoever reads the logs need not wait.
pub(crate) async fn exporting(engine: Arc<Engine>, clusters: Arc<Clusters>, mut stopping: tokio::sync::watch::Receiver<bool>) {
    if clusters.is_empty() {
        return;
    }
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stopping.changed() => return,
        }
        let (engine, clusters) = (Arc::clone(&engine), Arc::clone(&clusters));
        let _ = tokio::task::spawn_blocking(move || clusters.export_audit(&engine.logs, &|notice| engine.say(notice))).await;
    }
}
