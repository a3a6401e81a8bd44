//! AWS Lambda without its processes: what a function's environment holds, the Runtime API as a state machine, how an
//! invocation can end, and the lines CloudWatch shows of it.
//!
//! Nothing here starts a process, opens a socket or reads a clock; `up` does and asks here what it means. Whether a
//! caller may invoke a function is the gate's to say.

mod environment;
mod log;
mod outcome;
mod runtime_api;

pub use environment::{Credentials, Environment, Managed, RUNTIME_API, managed_runtime};
pub use log::{Report, Status, end, init_start, report, start, stream_name};
pub use outcome::{Ending, LARGEST_PAYLOAD, Outcome, crashed, response_too_large, timed_out};
pub use runtime_api::{Heard, Invocation, News, Reply, RuntimeApi};

/// Where the local certificate authority's certificate is mounted.
pub const CA_PATH: &str = "/etc/pki/tls/certs/ca-bundle.crt";

/// The runtime of Node.js: files that are mounted, as on Lambda below `/var/runtime`.
pub mod node {
    /// Loads the handler and speaks the Runtime API.
    pub const BOOTSTRAP: &str = include_str!("node/bootstrap.js");
    /// Where [`BOOTSTRAP`] is mounted.
    pub const BOOTSTRAP_PATH: &str = "/var/runtime/index.js";
    /// Loaded before the function's code: makes pinned lists of certificate authorities also trust the local one.
    pub const PRELOAD: &str = include_str!("node/trust.js");
    /// Where [`PRELOAD`] is mounted.
    pub const PRELOAD_PATH: &str = "/var/runtime/trust.js";
}

/// The runtime of Python.
pub mod python {
    /// Loads the handler and speaks the Runtime API.
    pub const BOOTSTRAP: &str = include_str!("python/bootstrap.py");
    /// Where [`BOOTSTRAP`] is mounted, as on Lambda.
    pub const BOOTSTRAP_PATH: &str = "/var/runtime/bootstrap.py";
    /// Where the packages of a function's `requirements.txt` are mounted; the bootstrap looks there after `/var/task`.
    pub const PACKAGES_PATH: &str = "/var/packages";
}
