//! What a start is asked for, and what it says on the way.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The application's folder.
    pub root: PathBuf,
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The state folder.
    pub state: PathBuf,
    /// Forget the state of earlier runs (installed packages stay).
    pub fresh: bool,
    /// Install nothing.
    pub offline: bool,
    /// A file in AWS's shared-credentials format with the root user's key pair.
    pub root_credentials: Option<PathBuf>,
    /// SQL files to run once on the fresh database, relative to the root. Empty: those that the application's
    /// folder holds by convention (see [`crate::database`]).
    pub sql: Vec<PathBuf>,
}

impl Options {
    /// The defaults for an application's folder: port 4566, state in `.sekisho` beside the template.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let state = root.join(".sekisho");
        Self { root, port: 4566, state, fresh: false, offline: false, root_credentials: None, sql: Vec::new() }
    }
}

/// Something to say while the application starts and runs. Text may hold anything that a template or a function
/// wrote: it is escaped by whoever prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// What is being done, or was done.
    Says(String),
    /// Something is not as on AWS, or not protected.
    Warns(String),
    /// The gate stopped a call.
    Stopped {
        /// `GET /customizations`, `dynamodb:Scan on arn:…`.
        what: String,
        /// `authorizer; the token has no scope partners/admin; template.yaml:41:9`.
        why: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Says(text) => f.write_str(text),
            Self::Warns(text) => write!(f, "warning: {text}"),
            Self::Stopped { what, why } => write!(f, "stopped: {what}: {why}"),
        }
    }
}

/// Where notices go.
pub(crate) type Notices = Arc<dyn Fn(Notice) + Send + Sync>;
