//! The process of an execution environment: which program, with which files, in which sandbox.

use super::{Config, Installed, InvokeError, Node, Python, network};
use model::aws::Function;
use sandbox::{Bind, Limits, Network, Spec};
use services::lambda::{self as lambda, Environment, Managed, managed_runtime};
use std::path::{Path, PathBuf};

/// What differs between languages.
struct Runtime {
    program: PathBuf,
    arguments: Vec<String>,
    binds: Vec<Bind>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// The sandbox of an environment.
///
/// # Errors
/// [`InvokeError::CannotRun`] when nothing here runs the function's runtime.
pub(super) fn spec(config: &Config, installed: &Installed, environment: &Environment<'_>) -> Result<Spec, InvokeError> {
    let function = environment.function;
    let interpreters = &config.interpreters;
    let runtime = match managed_runtime(&function.runtime) {
        Some(Managed::Node(_)) => interpreters.node.as_ref().map(|found| node(found, function, installed)),
        Some(Managed::Python(_)) => interpreters.python.as_ref().map(|found| python(found, installed)),
        None => None,
    };
    let cannot = || InvokeError::CannotRun(format!("function {}: nothing here runs {:?}", function.id, function.runtime));
    let runtime = runtime.ok_or_else(cannot)?;
    let ca = config.ca.clone();
    let mut files = vec![
        ("/etc/hosts".into(), b"127.0.0.1 localhost\n".to_vec()),
        ("/etc/resolv.conf".into(), b"nameserver 127.0.0.1\noptions timeout:2 attempts:2\n".to_vec()),
        (lambda::CA_PATH.into(), ca.clone()),
        ("/etc/ssl/certs/ca-certificates.crt".into(), ca),
    ];
    files.extend(runtime.files);
    Ok(Spec {
        program: runtime.program,
        arguments: runtime.arguments,
        environment: environment.variables(),
        directory: "/var/task".into(),
        binds: runtime.binds,
        files,
        listeners: network::listeners(),
        limits: Limits { memory: u64::from(function.memory.max(128)) << 20, ..Limits::default() },
        network: Network::Own,
    })
}

/// A host file or folder that can be read inside.
fn bind(source: &Path, target: impl Into<PathBuf>) -> Bind {
    Bind { source: source.to_owned(), target: target.into(), writable: false }
}

fn node(node: &Node, function: &Function, installed: &Installed) -> Runtime {
    let program = PathBuf::from("/var/lang/bin/node");
    let mut binds = vec![bind(&node.program, &program), bind(&installed.code, "/var/task")];
    binds.extend(installed.modules.as_deref().map(|modules| bind(modules, "/var/task/node_modules")));
    binds.extend(installed.runtime_modules.as_deref().map(|modules| bind(modules, "/var/node_modules")));
    // A heap bound below the memory limit gives JavaScript's own error before the kernel's kill, as on Lambda.
    let heap = (u64::from(function.memory) * 9 / 10).max(64);
    Runtime {
        program,
        arguments: vec![
            format!("--max-old-space-size={heap}"),
            "--require".into(),
            lambda::node::PRELOAD_PATH.into(),
            lambda::node::BOOTSTRAP_PATH.into(),
        ],
        binds,
        files: vec![
            (lambda::node::BOOTSTRAP_PATH.into(), lambda::node::BOOTSTRAP.as_bytes().to_vec()),
            (lambda::node::PRELOAD_PATH.into(), lambda::node::PRELOAD.as_bytes().to_vec()),
        ],
    }
}

fn python(python: &Python, installed: &Installed) -> Runtime {
    let mut binds = vec![python.shown(), bind(&installed.code, "/var/task")];
    binds.extend(installed.modules.as_deref().map(|packages| bind(packages, lambda::python::PACKAGES_PATH)));
    // Of the machine's packages those that Lambda has too, and no others: what works here must work there.
    let sdk = python.sdk.iter().filter_map(|package| Some(bind(package, Path::new("/var/runtime").join(package.file_name()?))));
    binds.extend(sdk);
    Runtime {
        program: python.inside(),
        // No `site`, which would add the machine's packages; nothing is held back in a buffer; text is UTF-8.
        arguments: ["-S", "-u", "-X", "utf8", lambda::python::BOOTSTRAP_PATH].map(str::to_owned).into(),
        binds,
        files: vec![(lambda::python::BOOTSTRAP_PATH.into(), lambda::python::BOOTSTRAP.as_bytes().to_vec())],
    }
}
