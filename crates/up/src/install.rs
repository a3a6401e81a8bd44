//! Functions' code and packages, made ready below the state folder: a copy of the code, the packages of its manifest,
//! and the AWS SDK that its runtime would bring. The user's own tree is only read.
//!
//! Packages are installed without their scripts, of Python as wheels only, inside the sandbox, with the network; it is said before it is done.
//! What was installed once for a manifest and its lock is used again. Blocking: call it off the async threads.

mod copy;
mod npm;
mod pip;
mod tool;

use crate::functions::{Installed, Interpreters};
use model::aws::Function;
use model::{App, Kind, Node, ResourceId};
use npm::Npm;
use pip::Pip;
use services::lambda::{Managed, managed_runtime};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where from, where to, and whether the network may be used.
pub struct Install<'a> {
    /// The application's folder.
    pub root: &'a Path,
    /// The state folder.
    pub state: &'a Path,
    /// What runs the functions.
    pub interpreters: &'a Interpreters,
    /// Install nothing that is not there already.
    pub offline: bool,
    /// Says what is about to be done.
    pub say: &'a dyn Fn(String),
}

/// Why a function has no code to run; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The template names no local folder and holds no code.
    #[error("its code is not on this machine; give CodeUri a local folder")]
    NoCode,
    /// The template holds the code, and part of it is known to AWS alone.
    #[error("its inline code is not known: {0}")]
    Inline(String),
    /// The folder cannot be used.
    #[error("{}: {why}", path.display())]
    Code {
        /// The folder or the file in it.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Packages are missing and may not be fetched.
    #[error("the packages of {what} are not installed yet and --offline forbids it; run once without --offline")]
    Offline {
        /// The manifest, or the runtime's SDK.
        what: String,
    },
    /// The package manager failed.
    #[error("{tool} could not install the packages of {what}: {why}")]
    Failed {
        /// `npm`, `pip`.
        tool: &'static str,
        /// The manifest, or the runtime's SDK.
        what: String,
        /// The last lines it wrote.
        why: String,
    },
    /// A program is not there.
    #[error("{0}")]
    Missing(String),
}

/// What the runtime's SDK is for a function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sdk {
    /// `aws-sdk`, up to nodejs16.x.
    V2,
    /// `@aws-sdk/*`, from nodejs18.x (AWS Lambda Developer Guide, "Runtime-included SDK versions").
    V3,
}

/// Where the code of a function comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// A folder beside the template.
    Folder(String),
    /// The template: the text, and the extension of its file.
    Inline(String, &'static str),
}

impl Origin {
    fn of(app: &App, function: &Function, runtime: Managed) -> Result<Self, InstallError> {
        if let Some(folder) = &function.code {
            return Ok(Self::Folder(folder.clone()));
        }
        let held = app.resource(&function.id).and_then(|resource| resource.properties.at(&["Code", "ZipFile"]));
        let extension = match runtime {
            Managed::Node(_) => "js",
            Managed::Python(_) => "py",
        };
        match held {
            None => Err(InstallError::NoCode),
            Some(Node { kind: Kind::Unknown(unknown), place, .. }) => Err(InstallError::Inline(format!("{} ({place})", unknown.why))),
            Some(text) => text.scalar().map(|text| Self::Inline(text, extension)).ok_or(InstallError::NoCode),
        }
    }

    /// What an error names.
    fn name(&self) -> &str {
        match self {
            Self::Folder(folder) => folder,
            Self::Inline(..) => "ZipFile",
        }
    }

    fn copy(&self, how: &Install<'_>) -> std::io::Result<copy::Code> {
        let to = how.state.join("code");
        match self {
            Self::Folder(folder) => copy::code(how.root, folder, &to),
            Self::Inline(text, extension) => copy::inline(text, extension, &to),
        }
    }
}

/// The copies of the code, by where it comes from; several functions may share one.
type Copies = BTreeMap<Origin, Result<copy::Code, String>>;
/// A function whose runtime can run here.
type Runnable<'a> = (&'a Function, Managed, Result<Origin, InstallError>);

/// Makes every function of an application ready. One that cannot be is an error of its own; the others go on.
pub fn install(app: &App, how: &Install<'_>) -> BTreeMap<ResourceId, Result<Installed, InstallError>> {
    let mut copies = Copies::new();
    let mut functions: Vec<Runnable<'_>> = Vec::new();
    for function in app.aws().functions.values() {
        let Some(runtime) = managed_runtime(&function.runtime) else { continue };
        let origin = Origin::of(app, function, runtime);
        if let Ok(origin) = &origin {
            copies.entry(origin.clone()).or_insert_with(|| origin.copy(how).map_err(|e| e.to_string()));
        }
        functions.push((function, runtime, origin));
    }
    let mut nodes = how.interpreters.node.as_ref().map(|node| (Npm::new(how, node), sdks(&functions, &copies)));
    let mut pip = how.interpreters.python.as_ref().map(|python| Pip::new(how, python));
    let mut answers = BTreeMap::new();
    for (function, runtime, origin) in functions {
        let found = origin.and_then(|origin| code(&origin, &copies).map(|code| (origin.name().to_owned(), code)));
        let answer = found.and_then(|(folder, code)| match (runtime, &mut nodes, &mut pip) {
            (Managed::Node(major), Some((npm, wanted)), _) => for_node(&folder, code, Sdk::of(major), wanted, how, npm),
            (Managed::Python(_), _, Some(pip)) => for_python(function, &folder, code, how, pip),
            _ => Err(InstallError::Missing(format!("nothing here runs {:?}; start again", function.runtime))),
        });
        answers.insert(function.id.clone(), answer);
    }
    answers
}

/// The copy of a function's code.
fn code<'a>(origin: &Origin, copies: &'a Copies) -> Result<&'a copy::Code, InstallError> {
    match copies.get(origin) {
        Some(Ok(code)) => Ok(code),
        Some(Err(why)) => Err(InstallError::Code { path: origin.name().into(), why: why.clone() }),
        None => Err(InstallError::NoCode),
    }
}

/// Which packages of the SDK the runtimes of Node.js must bring, as all copies together say.
fn sdks(functions: &[Runnable<'_>], copies: &Copies) -> BTreeMap<Sdk, BTreeSet<String>> {
    let mut wanted: BTreeMap<Sdk, BTreeSet<String>> = BTreeMap::new();
    for (_, runtime, origin) in functions {
        let Ok(origin) = origin else { continue };
        let (Managed::Node(major), Ok(code)) = (runtime, code(origin, copies)) else { continue };
        let sdk = Sdk::of(*major);
        wanted.entry(sdk).or_default().extend(code.imports.iter().filter(|name| (*name == "aws-sdk") == (sdk == Sdk::V2)).cloned());
    }
    wanted
}

fn for_node(
    folder: &str,
    code: &copy::Code,
    sdk: Sdk,
    wanted: &BTreeMap<Sdk, BTreeSet<String>>,
    how: &Install<'_>,
    npm: &mut Npm<'_>,
) -> Result<Installed, InstallError> {
    let modules = if code.has_dependencies {
        let files = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];
        let files: Vec<_> = files.iter().filter_map(|name| Some((*name, fs::read(code.folder.join(name)).ok()?))).collect();
        let manifest = Path::new(folder).join("package.json").display().to_string();
        Some(npm.modules(&manifest, &how.state.join("packages"), &files)?)
    } else {
        None
    };
    let runtime_modules = match wanted.get(&sdk) {
        Some(packages) if !packages.is_empty() => {
            Some(npm.modules(sdk.name(), &how.state.join("runtime/nodejs"), &sdk.manifest(packages))?)
        }
        _ => None,
    };
    Ok(Installed { code: code.folder.clone(), modules, runtime_modules })
}

fn for_python(
    function: &Function,
    folder: &str,
    code: &copy::Code,
    how: &Install<'_>,
    pip: &mut Pip<'_>,
) -> Result<Installed, InstallError> {
    let modules = if code.has_requirements {
        let path = code.folder.join(copy::REQUIREMENTS);
        let requirements = fs::read(&path).map_err(|error| InstallError::Code { path, why: error.to_string() })?;
        let manifest = Path::new(folder).join(copy::REQUIREMENTS).display().to_string();
        Some(pip.packages(&manifest, &how.state.join("packages"), requirements)?)
    } else {
        None
    };
    let brought = modules.as_deref().is_some_and(|packages| packages.join("boto3").is_dir()) || code.folder.join("boto3").is_dir();
    if code.imports_boto3 && !brought && how.interpreters.python.as_ref().is_some_and(|python| python.sdk.is_empty()) {
        // It runs until the import, which fails as any other.
        (how.say)(format!(
            "function {} imports boto3, which Lambda's runtime brings and the installed Python has not; install it: sudo apt install python3-boto3",
            function.id
        ));
    }
    Ok(Installed { code: code.folder.clone(), modules, runtime_modules: None })
}

impl Sdk {
    /// Of a major version of Node.js.
    fn of(major: u32) -> Self {
        if major < 18 { Self::V2 } else { Self::V3 }
    }

    fn name(self) -> &'static str {
        match self {
            Self::V2 => "the AWS SDK v2 that runtimes up to nodejs16.x bring",
            Self::V3 => "the AWS SDK v3 that runtimes from nodejs18.x bring",
        }
    }

    /// A manifest that asks for these packages.
    fn manifest(self, packages: &BTreeSet<String>) -> Vec<(&'static str, Vec<u8>)> {
        let version = match self {
            Self::V2 => "^2.1692.0",
            Self::V3 => "^3.0.0",
        };
        let dependencies: serde_json::Map<_, _> = packages.iter().map(|name| (name.clone(), version.into())).collect();
        let manifest = serde_json::json!({"name": "runtime", "version": "0.0.0", "private": true, "dependencies": dependencies});
        vec![("package.json", manifest.to_string().into_bytes())]
    }
}
