//! The packages that a handler imports, without what its runtime brings along. Never opens a package.

use crate::flow;
use crate::load::{Loader, Target};
use std::collections::BTreeSet;

/// The packages that modules import.
pub(crate) fn packages(loader: &Loader<'_>, reachable: &[usize]) -> Vec<String> {
    let mut out = BTreeSet::new();
    for ((from, _), target) in &loader.program.targets {
        if let Target::Package(package) = target
            && reachable.contains(from)
        {
            match package.strip_prefix("py:") {
                Some(python) => {
                    let base = python.split('.').next().unwrap_or(python);
                    if !PYTHON.lines().any(|name| name == base) {
                        out.insert(base.to_owned());
                    }
                }
                None => {
                    let base = flow::base(package);
                    if !NODE.contains(&base) {
                        out.insert(base.to_owned());
                    }
                }
            }
        }
    }
    out.into_iter().collect()
}

/// Modules of Python itself (Python 3.13, `sys.stdlib_module_names`).
const PYTHON: &str = include_str!("python/stdlib.txt");
/// Modules of Node.js itself (Node.js documentation, `module.builtinModules`).
const NODE: [&str; 47] = [
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "sea",
    "sqlite",
    "stream",
    "string_decoder",
    "sys",
    "test",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
    "_http_agent",
    "_stream_readable",
];
