//! Functions as real processes: a pool of execution environments, each one process in a sandbox of its own.
//!
//! What AWS Lambda means by a word is in [`services::lambda`]; here are the processes, sockets and clocks. Whether
//! somebody may invoke a function, and where a connection out of it may lead, is judged elsewhere: connections are
//! handed to [`Outside`], names resolve only to what it knows.

mod api;
mod dns;
mod interpreters;
mod names;
mod network;
mod node;
mod output;
mod pool;
mod process;
mod python;
mod worker;

pub use interpreters::Interpreters;
pub use node::Node;
pub(crate) use node::npm;
pub use python::Python;

use bytes::Bytes;
use model::aws::Function;
use model::{ResourceId, Time};
use services::lambda::{Credentials, Outcome};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpStream;

/// What every function shares.
#[derive(Clone, Debug)]
pub struct Config {
    /// The application's region.
    pub region: String,
    /// What runs the functions.
    pub interpreters: Interpreters,
    /// The local certificate authority's certificate, PEM. Its key is never mounted.
    pub ca: Vec<u8>,
    /// How long an environment waits for its next request before it is ended. AWS does not say; minutes.
    pub idle: Duration,
    /// Environments of one function at most; AWS's unreserved concurrency is 1,000, which no laptop bears.
    pub concurrency: usize,
}

/// A function's code, ready to run: what [`crate::install`] made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The code; mounted read-only at `/var/task`.
    pub code: PathBuf,
    /// The packages of its manifest. Node.js: mounted at `/var/task/node_modules`, which the code then has as an empty folder.
    /// Python: mounted where its bootstrap looks for them after `/var/task`.
    pub modules: Option<PathBuf>,
    /// The SDK that the runtime of Node.js brings: a folder named `node_modules`, mounted at `/var/node_modules`, which is above
    /// `/var/task`, so that both `require` and `import` find it.
    pub runtime_modules: Option<PathBuf>,
}

/// The world around functions, as seen from inside one.
pub trait Outside: Send + Sync {
    /// Whether this name leads anywhere. A name that does not is answered with NXDOMAIN.
    fn resolve(&self, function: &ResourceId, name: &str) -> bool;
    /// The address that the function's connections come from: of its network interface in the VPC, else one of AWS's.
    fn address(&self, function: &Function) -> Ipv4Addr;
    /// A connection that the function opened to `host` (the name that it looked up) and `port`. Bytes written to the
    /// stream reach the function. Nothing was judged yet.
    fn arrived(&self, from: Caller, host: String, port: u16, stream: TcpStream);
}

/// Who opens a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The function.
    pub function: ResourceId,
    /// [`Outside::address`] of it.
    pub address: Ipv4Addr,
    /// The execution environment: its log stream's name.
    pub environment: String,
}

/// Where functions' log lines go.
pub trait FunctionLog: Send + Sync {
    /// One line of `/aws/lambda/<name>`.
    fn line(&self, function: &Function, stream: &str, time: Time, message: &str);
    /// Something to tell the user: a wall that the kernel refused, an old runtime. Never in AWS's logs.
    fn notice(&self, text: String);
}

/// One request for a function.
#[derive(Clone, Debug)]
pub struct Request {
    /// The event.
    pub payload: Bytes,
    /// Lambda's request id, a UUID.
    pub id: String,
    /// `X-Amzn-Trace-Id` for the function.
    pub trace_id: Option<String>,
}

/// An invocation that reached no function. `status` and `code` are AWS's (AWS Lambda API Reference, "Invoke").
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The payload is over 6 MB.
    #[error("{0} byte payload is too large for the RequestResponse invocation type (limit {limit} bytes)", limit = services::lambda::LARGEST_PAYLOAD)]
    RequestTooLarge(usize),
    /// Every environment the function may have is busy.
    #[error("Rate Exceeded.")]
    TooManyRequests,
    /// Its code is not on this machine, or its runtime is not one that can run here.
    #[error("{0}")]
    CannotRun(String),
    /// The sandbox could not be made.
    #[error("{0}")]
    Sandbox(#[from] sandbox::SandboxError),
    /// Functions are being stopped.
    #[error("functions are being stopped")]
    Stopping,
}

impl InvokeError {
    /// HTTP status and error code of the answer to `Invoke`.
    pub fn aws(&self) -> (u16, &'static str) {
        match self {
            Self::RequestTooLarge(_) => (413, "RequestTooLargeException"),
            Self::TooManyRequests => (429, "TooManyRequestsException"),
            Self::CannotRun(_) => (502, "InvalidRuntimeException"),
            Self::Sandbox(_) | Self::Stopping => (500, "ServiceException"),
        }
    }
}

/// All functions of an application.
pub struct Functions {
    inner: Arc<Inner>,
}

/// What environments share.
pub(crate) struct Inner {
    config: Config,
    outside: Arc<dyn Outside>,
    log: Arc<dyn FunctionLog>,
    installed: RwLock<HashMap<ResourceId, Installed>>,
    pool: pool::Pool,
    told: names::Once,
}

impl Functions {
    /// No process is started before the first request.
    pub fn new(config: Config, outside: Arc<dyn Outside>, log: Arc<dyn FunctionLog>) -> Self {
        let pool = pool::Pool::new(config.concurrency);
        let installed = RwLock::default();
        Self { inner: Arc::new(Inner { config, outside, log, installed, pool, told: names::Once::default() }) }
    }

    /// Says where a function's code lies. A change gives it new environments.
    pub fn install(&self, function: ResourceId, installed: Installed) {
        self.inner.installed.write().unwrap_or_else(PoisonError::into_inner).insert(function, installed);
    }

    /// Where a function's code lies.
    pub fn installed(&self, function: &ResourceId) -> Option<Installed> {
        self.inner.installed.read().unwrap_or_else(PoisonError::into_inner).get(function).cloned()
    }

    /// Invokes a function and waits for its answer. `credentials` is asked only when a new environment is started.
    /// Goes on when the caller stops waiting, as on AWS.
    ///
    /// # Errors
    /// When the request reached no function. A function that fails is an [`Outcome`].
    pub async fn invoke(
        &self,
        function: &Function,
        credentials: impl FnOnce() -> Credentials + Send + 'static,
        request: Request,
    ) -> Result<Outcome, InvokeError> {
        if request.payload.len() > services::lambda::LARGEST_PAYLOAD {
            return Err(InvokeError::RequestTooLarge(request.payload.len()));
        }
        let (inner, function) = (Arc::clone(&self.inner), function.clone());
        let work = tokio::spawn(async move { inner.invoke(&function, credentials, request).await });
        work.await.unwrap_or(Err(InvokeError::Stopping))
    }

    /// Ends every environment and waits until their processes are gone.
    pub async fn stop(&self) {
        self.inner.pool.stop().await;
    }
}

impl Inner {
    /// Where the function's code is, if it can run here.
    fn runnable(&self, function: &Function) -> Result<Installed, InvokeError> {
        let installed = self.installed.read().unwrap_or_else(PoisonError::into_inner).get(&function.id).cloned();
        let cannot = |why: String| InvokeError::CannotRun(format!("function {}: {why}", function.id));
        let Some(wanted) = services::lambda::managed_runtime(&function.runtime) else {
            return Err(cannot(format!("its runtime {:?} cannot run here; only those of Node.js and Python 3 can", function.runtime)));
        };
        let Some((runs, as_asked)) = self.config.interpreters.runs(wanted) else {
            return Err(cannot(format!("nothing here runs {:?}; start again", function.runtime)));
        };
        if !as_asked {
            self.told.tell(&*self.log, format!("{} is run by the installed {runs}", function.runtime));
        }
        if !function.layers.is_empty() {
            let layers = function.layers.join(", ");
            self.told.tell(&*self.log, format!("function {} runs without its layers, which are not mounted: {layers}", function.id));
        }
        for (name, why) in &function.unknown_environment {
            self.told.tell(&*self.log, format!("function {} runs without its variable {name}: {why}", function.id));
        }
        installed.ok_or_else(|| cannot("its code is not on this machine; give CodeUri a local folder".to_owned()))
    }
}

/// The clock.
pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
