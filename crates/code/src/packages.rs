//! The packages that source imports, without what its runtime brings along. Never opens a package.

use crate::flow;
use crate::ir::{Language, Module};
use crate::load::{Loader, Target};
use model::code::Import;
use std::collections::BTreeSet;

/// The packages that modules import.
pub(crate) fn packages(loader: &Loader<'_>, reachable: &[usize]) -> Vec<String> {
    let mut out = BTreeSet::new();
    for ((from, _), target) in &loader.program.targets {
        if let Target::Package(package) = target
            && reachable.contains(from)
        {
            out.extend(named(package));
        }
    }
    out.into_iter().collect()
}

/// Every import of a package, sorted by place.
pub(crate) fn imports(loader: &Loader<'_>) -> Vec<Import> {
    let local = loader.names();
    let mut out = Vec::new();
    for (at, module) in loader.program.modules.iter().enumerate() {
        for (specifier, span) in &module.specifiers {
            let package = match loader.program.targets.get(&(at, specifier.clone())) {
                Some(Target::Package(package)) => named(package),
                Some(_) => None,
                // A file that no handler reaches: where its imports lead was not looked up.
                None => unfollowed(module, specifier, &local),
            };
            out.extend(package.map(|package| Import { package, place: module.place(*span) }));
        }
    }
    out.sort_by(|a, b| (&a.place, &a.package).cmp(&(&b.place, &b.package)));
    out.dedup();
    out
}

/// The package of an import whose target was not looked up; what has the name of a file or folder of the source is none.
fn unfollowed(module: &Module, specifier: &str, local: &BTreeSet<String>) -> Option<String> {
    match module.language {
        Language::Python => {
            let name = specifier.trim_start_matches('?');
            let base = name.split('.').next().unwrap_or(name);
            let is_package = !name.starts_with('.') && !specifier.starts_with('?') && !local.contains(base);
            is_package.then(|| named(&format!("py:{name}"))).flatten()
        }
        Language::JavaScript => {
            let alias = specifier.starts_with(['.', '/', '#', '~']) || specifier.starts_with("@/") || specifier.contains("://");
            let base = specifier.split('/').next().unwrap_or(specifier);
            (!alias && !local.contains(base)).then(|| named(specifier)).flatten()
        }
    }
}

/// The package of a target, unless the runtime itself brings it.
fn named(package: &str) -> Option<String> {
    match package.strip_prefix("py:") {
        Some(python) => {
            let base = python.split('.').next().unwrap_or(python);
            (!base.is_empty() && !PYTHON.lines().any(|name| name == base)).then(|| base.to_owned())
        }
        None => {
            let base = flow::base(package.strip_prefix("node:").unwrap_or(package));
            (!base.is_empty() && !NODE.contains(&base)).then(|| base.to_owned())
        }
    }
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
