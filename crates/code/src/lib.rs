//! Function source to facts: handlers, data flows from the event to sinks, secrets, imports, calls of the AWS SDK.
//!
//! Pure: files come through [`model::Files`]; nothing is executed, and what stands in the source is told, not judged. What is not
//! understood is a [`Trouble`] that begins with "not assessed", never silence.

mod aws;
mod depth;
mod flow;
mod guard;
mod handler;
mod inline;
mod ir;
mod javascript;
mod load;
mod packages;
mod python;
mod rewrite;
mod secrets;
mod stack;
mod tsconfig;
mod visit;

pub use inline::{Inline, Written};

use ir::Language;
use load::Loader;
use model::code::{Code, Handler, Import, Secret};
use model::{Files, Place, ResourceId, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    /// The code itself, where the template holds it; `root` then names no folder that stands.
    pub inline: Option<Inline>,
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
            Runtime::Read(language) => {
                let root = load::clean(&function.root).unwrap_or_default();
                if let Some(inline) = function.inline.as_ref().filter(|_| !function.handler.starts_with("index.")) {
                    troubles.push(inline.unnamed(function));
                    continue;
                }
                roots.insert(root.clone());
                if let Some(inline) = &function.inline {
                    inline::read(inline, language, &root, &mut loader);
                    code.inline.insert(inline.file.to_string());
                }
                match handler::read(function, language, &root, &mut loader) {
                    Ok((handler, cut)) => {
                        if cut {
                            let says = format!("not assessed: the handler of {} is too large to be followed to its end", function.id);
                            let help = "split the handler; flows beyond the bound are missing".to_owned();
                            troubles.push(Trouble { says, place: handler.place.clone(), help });
                        }
                        code.handlers.insert(function.id.clone(), handler);
                    }
                    // What is wrong with a folder that does not stand is wrong with the template.
                    Err(trouble) => troubles.push(match &function.inline {
                        Some(inline) if trouble.place.file.starts_with(&*root) => Trouble { place: inline.start(), ..trouble },
                        _ => trouble,
                    }),
                }
            }
            Runtime::Other(name) => {
                code.not_assessed.insert(function.id.clone(), name.clone());
                let says = format!("not assessed: handlers in {name} are not read yet ({})", function.id);
                let place = function.inline.as_ref().map_or_else(|| Place::new(function.root.as_str(), 1, 1), Inline::start);
                troubles.push(Trouble { says, place, help: "review the code of this function by other means".to_owned() });
            }
        }
    }
    for root in &roots {
        let paths: Vec<String> =
            loader.list(root).iter().filter(|path| load::is_code(path) && !load::is_installed(path)).cloned().collect();
        for path in paths {
            loader.also(root, &path);
        }
    }
    code.imports = packages::imports(&loader);
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

/// The Lambda authorizers among some files that no function names: nothing that a template says leads there, and yet they are what
/// an application is about to trust. `paths` are looked at one by one, each as the file of its own folder. Gives them, the packages
/// that their files import, and what could not be assessed.
pub fn unnamed_authorizers(paths: &[String], files: &dyn Files) -> (BTreeMap<String, Handler>, Vec<Import>, Vec<Trouble>) {
    let mut loader = Loader::new(files);
    let mut found = BTreeMap::new();
    for path in paths.iter().filter(|path| load::is_code(path) && !load::is_installed(path) && !secrets::is_test(path)) {
        let asks = |text: &str| ["authorizationToken", "methodArn", "routeArn"].iter().any(|name| text.contains(name));
        let answers = |text: &str| ["policyDocument", "isAuthorized"].iter().any(|name| text.contains(name));
        let bytes = files.read(path).unwrap_or_default();
        if !std::str::from_utf8(&bytes).is_ok_and(|text| asks(text) && answers(text)) {
            continue;
        }
        let (root, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.split('.').next().unwrap_or(name);
        let language = if name.ends_with(".py") { Language::Python } else { Language::JavaScript };
        for export in ["handler", "lambda_handler"] {
            let function = FunctionSource {
                id: ResourceId::new("", path.as_str()),
                runtime: String::new(),
                handler: format!("{stem}.{export}"),
                root: root.to_owned(),
                environment: BTreeMap::new(),
                inline: None,
            };
            // A file that exports no handler is none; nothing said that it is.
            if let Ok((handler, _)) = handler::read(&function, language, root, &mut loader)
                && handler.is_authorizer
            {
                found.insert(path.clone(), handler);
                break;
            }
        }
    }
    let imports = if found.is_empty() { Vec::new() } else { packages::imports(&loader) };
    (found, imports, loader.troubles)
}

/// The secrets in a file of any kind: code is read as code, everything else (templates, JSON, YAML, `.env`, `.properties`) line by
/// line. Bytes that are no text hold none that this can see. A text without a path, as git keeps of a commit, is no code.
///
/// The values are in the result and nowhere else; nothing here prints one.
///
/// # Errors
/// What was not searched: a text over 2 MiB, code that broke the search.
pub fn secrets_in(path: &str, bytes: &[u8]) -> Result<Vec<Secret>, Trouble> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| load::is_code(path));
    let module = text.and_then(|text| {
        let (path, text): (Arc<str>, Arc<str>) = (path.into(), text.into());
        if path.ends_with(".py") { python::lower(&path, &text).0 } else { javascript::lower(&path, &text).0 }
    });
    match module {
        Some(module) => stack::with(secrets::STACK, || secrets::find(&module)).ok_or_else(|| Trouble {
            says: format!("not assessed: {path} could not be searched for secrets"),
            place: Place::new(path, 1, 1),
            help: "report this as a bug of sekisho".to_owned(),
        }),
        None => secrets::text::find(path, bytes),
    }
}

/// Whether a path leads into packages that were installed there, whose secrets are their authors'.
pub fn is_installed(path: &str) -> bool {
    load::is_installed(path)
}

/// What runs a function.
enum Runtime {
    /// A language that is read.
    Read(Language),
    /// One that is not.
    Other(String),
}

/// The language of a runtime by its identifier (Lambda Developer Guide, "Lambda runtimes").
fn language(runtime: &str) -> Runtime {
    let name: String = runtime.chars().take_while(char::is_ascii_alphabetic).collect();
    Runtime::Other(match name.as_str() {
        "nodejs" => return Runtime::Read(Language::JavaScript),
        "python" => return Runtime::Read(Language::Python),
        "java" => "Java".to_owned(),
        "go" => "Go".to_owned(),
        "dotnet" | "dotnetcore" => ".NET".to_owned(),
        "ruby" => "Ruby".to_owned(),
        "provided" => "a language with a runtime of its own (Go, Rust, C++)".to_owned(),
        "" => "an unknown runtime".to_owned(),
        _ => name,
    })
}
