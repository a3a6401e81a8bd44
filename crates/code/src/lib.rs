//! Function source to facts: handlers, data flows from the event to sinks, secrets, imports, calls of the AWS SDK.
//!
//! Pure: files come through [`model::Files`]; nothing is executed, and what stands in the source is told, not judged. What is not
//! understood is a [`Trouble`] that begins with "not assessed", never silence.

mod aws;
mod flow;
mod handler;
mod ir;
mod javascript;
mod load;
mod rewrite;
mod secrets;
mod stack;
mod visit;

use load::{Loader, Target};
use model::code::{Code, Handler};
use model::{Files, Place, ResourceId, Trouble};
use std::collections::{BTreeMap, BTreeSet};

/// A function whose source is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSource {
    /// The function.
    pub id: ResourceId,
    /// Lambda's identifier of the runtime: `nodejs20.x`.
    pub runtime: String,
    /// `Handler`: `managePartners.lambda_handler`.
    pub handler: String,
    /// The code folder below the root that was read, with `/` as separator; empty for the root.
    pub root: String,
    /// Environment variables whose values are known.
    pub environment: BTreeMap<String, String>,
}

/// Reads the source of functions: every file once, every handler walked on its own.
///
/// Gives the facts, and what could not be assessed. The order of everything depends on the input alone.
pub fn analyse(functions: &[FunctionSource], files: &dyn Files) -> (Code, Vec<Trouble>) {
    let mut loader = Loader::new(files);
    let mut code = Code::default();
    let mut troubles = Vec::new();
    let mut roots = BTreeSet::new();
    for function in functions {
        match language(&function.runtime) {
            Language::JavaScript => {
                let root = load::clean(&function.root).unwrap_or_default();
                roots.insert(root.clone());
                match javascript_handler(function, &root, &mut loader) {
                    Ok((handler, cut)) => {
                        if cut {
                            let says = format!("not assessed: the handler of {} is too large to be followed to its end", function.id);
                            let help = "split the handler; flows beyond the bound are missing".to_owned();
                            troubles.push(Trouble { says, place: handler.place.clone(), help });
                        }
                        code.handlers.insert(function.id.clone(), handler);
                    }
                    Err(trouble) => troubles.push(trouble),
                }
            }
            Language::Other(name) => {
                let says = format!("not assessed: handlers in {name} are not read yet ({})", function.id);
                let place = Place::new(function.root.as_str(), 1, 1);
                troubles.push(Trouble { says, place, help: "review the code of this function by other means".to_owned() });
            }
        }
    }
    for root in &roots {
        let paths: Vec<String> = loader.list(root).iter().filter(|path| load::is_code(path)).cloned().collect();
        for path in paths {
            loader.also(root, &path);
        }
    }
    match stack::with(secrets::STACK, || loader.program.modules.iter().flat_map(secrets::find).collect()) {
        Some(secrets) => code.secrets = secrets,
        None => {
            let says = "not assessed: the source could not be searched for secrets".to_owned();
            troubles.push(Trouble { says, place: Place::new(".", 1, 1), help: "report this as a bug of sekisho".to_owned() });
        }
    }
    code.secrets.sort_by(|a, b| a.place.cmp(&b.place));
    troubles.append(&mut loader.troubles);
    troubles.sort();
    troubles.dedup();
    (code, troubles)
}

enum Language {
    JavaScript,
    Other(String),
}

/// The language of a runtime by its identifier (Lambda Developer Guide, "Lambda runtimes").
fn language(runtime: &str) -> Language {
    let name: String = runtime.chars().take_while(char::is_ascii_alphabetic).collect();
    match name.as_str() {
        "nodejs" => Language::JavaScript,
        "" => Language::Other("an unknown runtime".to_owned()),
        _ => Language::Other(name),
    }
}

fn javascript_handler(function: &FunctionSource, root: &str, loader: &mut Loader<'_>) -> Result<(Handler, bool), Trouble> {
    let trouble = |says: String, place: Place, help: &str| Trouble { says, place, help: help.to_owned() };
    let folder = Place::new(if root.is_empty() { "." } else { root }, 1, 1);
    let Some((file, export)) = handler::split(&function.handler) else {
        let says = format!("not assessed: `{}` of {} is not a handler", function.handler, function.id);
        return Err(trouble(says, folder, "write it as `file.export`"));
    };
    let path = load::clean(&format!("{root}/{file}")).filter(|p| root.is_empty() || p.starts_with(&format!("{root}/")));
    let Some(first) = path.and_then(|path| loader.module(root, &path)) else {
        let says = format!("not assessed: no readable file `{file}` for the handler `{}` of {}", function.handler, function.id);
        return Err(trouble(says, folder, "build the function, or correct `Handler` or `CodeUri`"));
    };
    let reachable = loader.reachable(first);
    let facts = flow::walk(&loader.program, first, &reachable, export).map_err(|failure| {
        let place = Place::new(loader.program.modules[first].path.clone(), 1, 1);
        match failure {
            flow::Failure::NoExport(exports) => {
                let says = format!("not assessed: `{export}`, the handler of {}, is not among the exports of its file", function.id);
                let help =
                    if exports.is_empty() { "the file exports nothing".to_owned() } else { format!("it exports: {}", exports.join(", ")) };
                Trouble { says, place, help }
            }
            flow::Failure::NotFollowed => {
                let says = format!("not assessed: `{export}`, the handler of {}, is made by code that cannot be followed", function.id);
                trouble(says, place, "export a function, or one wrapped by a package")
            }
            flow::Failure::NoThread => {
                trouble(format!("not assessed: {} could not be walked", function.id), place, "report this as a bug of sekisho")
            }
        }
    })?;
    let modules = reachable.iter().filter_map(|at| loader.program.modules.get(*at));
    let mut handler = Handler {
        place: facts.place,
        files: modules.clone().map(|m| m.path.to_string()).collect(),
        flows: facts.flows,
        aws_calls: facts.aws_calls,
        packages: packages(loader, &reachable),
        is_authorizer: facts.authorizer_input && modules.clone().any(answers_policy),
    };
    handler.files.sort();
    Ok((handler, facts.cut))
}

/// Whether a file names what an authorizer answers with: a policy, or the simple response of an HTTP API.
fn answers_policy(module: &ir::Module) -> bool {
    module.text.contains("policyDocument") || module.text.contains("isAuthorized")
}

fn packages(loader: &Loader<'_>, reachable: &[usize]) -> Vec<String> {
    let mut out = BTreeSet::new();
    for ((from, _), target) in &loader.program.targets {
        if let Target::Package(package) = target
            && reachable.contains(from)
        {
            let base = flow::base(package);
            if !NODE.contains(&base) {
                out.insert(base.to_owned());
            }
        }
    }
    out.into_iter().collect()
}

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
