//! The application, running: where it can be reached, how it is changed, and the way it stops.

use crate::ca::Authority;
use crate::clusters::Clusters;
use crate::engine::Engine;
use crate::folder::Folder;
use crate::mail;
use model::{App, Change, ChangeError, ResourceId};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The running application. Dropping it without [`Running::stop`] ends it too, but may lose the last log lines.
pub struct Running {
    pub(crate) engine: Arc<Engine>,
    pub(crate) address: SocketAddr,
    pub(crate) credentials: PathBuf,
    pub(crate) authority: Arc<Authority>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) serving: JoinHandle<()>,
    pub(crate) exporting: JoinHandle<()>,
    pub(crate) clusters: Arc<Clusters>,
    pub(crate) folder: Arc<Folder>,
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

    /// What lies in the mailbox of an address: the messages that a user of the application would have got there.
    pub fn mailbox(&self, address: &str) -> String {
        mail::read(&self.folder.path().join("mail"), address)
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
