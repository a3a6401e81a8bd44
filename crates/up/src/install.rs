//! Functions' code and packages, made ready below the state folder: a copy of the code, the packages of its manifest,
//! and the AWS SDK that its runtime would bring. The user's own tree is only read.
//!
//! Packages are installed without their scripts, inside the sandbox, with the network; it is said before it is done.
//! What was installed once for a manifest and its lock is used again. Blocking: call it off the async threads.

mod copy;
mod npm;

use crate::functions::{Installed, Node};
use model::aws::Function;
use model::{App, ResourceId};
use npm::Npm;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where from, where to, and whether the network may be used.
pub struct Install<'a> {
    /// The application's folder.
    pub root: &'a Path,
    /// The state folder.
    pub state: &'a Path,
    /// The installed Node.js.
    pub node: &'a Node,
    /// Install nothing that is not there already.
    pub offline: bool,
    /// Says what is about to be done.
    pub say: &'a dyn Fn(String),
}

/// Why a function has no code to run; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The template names no local folder.
    #[error("its code is not on this machine; give CodeUri a local folder")]
    NoCode,
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
    /// npm failed.
    #[error("npm could not install the packages of {what}: {why}")]
    Npm {
        /// The manifest, or the runtime's SDK.
        what: String,
        /// The last lines it wrote.
        why: String,
    },
    /// npm is not there.
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

/// Makes every function of an application ready. One that cannot be is an error of its own; the others go on.
pub fn install(app: &App, how: &Install<'_>) -> BTreeMap<ResourceId, Result<Installed, InstallError>> {
    let mut npm = Npm::new(how);
    let mut done: BTreeMap<String, Result<copy::Code, String>> = BTreeMap::new();
    let mut wanted: BTreeMap<Sdk, BTreeSet<String>> = BTreeMap::new();
    let node: Vec<(&Function, u32)> = app
        .aws()
        .functions
        .values()
        .filter_map(|function| Some((function, services::lambda::managed_runtime(&function.runtime)?)))
        .collect();
    // First the copies: together they say which packages of the SDK the runtimes must bring.
    for (function, major) in &node {
        let Some(folder) = &function.code else { continue };
        let code =
            done.entry(folder.clone()).or_insert_with(|| copy::code(how.root, folder, &how.state.join("code")).map_err(|e| e.to_string()));
        if let Ok(code) = code {
            let sdk = if *major < 18 { Sdk::V2 } else { Sdk::V3 };
            wanted.entry(sdk).or_default().extend(code.imports.iter().filter(|name| (*name == "aws-sdk") == (sdk == Sdk::V2)).cloned());
        }
    }
    let mut answers = BTreeMap::new();
    for (function, major) in node {
        let sdk = if major < 18 { Sdk::V2 } else { Sdk::V3 };
        let packages = wanted.get(&sdk).cloned().unwrap_or_default();
        answers.insert(function.id.clone(), one(function, &done, &packages, sdk, how, &mut npm));
    }
    answers
}

/// One function.
fn one(
    function: &Function,
    done: &BTreeMap<String, Result<copy::Code, String>>,
    packages: &BTreeSet<String>,
    sdk: Sdk,
    how: &Install<'_>,
    npm: &mut Npm<'_>,
) -> Result<Installed, InstallError> {
    let folder = function.code.as_ref().ok_or(InstallError::NoCode)?;
    let code = match done.get(folder) {
        Some(Ok(code)) => code,
        Some(Err(why)) => return Err(InstallError::Code { path: folder.into(), why: why.clone() }),
        None => return Err(InstallError::NoCode),
    };
    let modules = if code.has_dependencies {
        let files = ["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];
        let files = files.iter().filter_map(|name| Some((*name, fs::read(code.folder.join(name)).ok()?))).collect();
        let manifest = Path::new(folder).join("package.json").display().to_string();
        Some(npm.modules(&manifest, &how.state.join("packages"), files)?)
    } else {
        None
    };
    let runtime_modules = if packages.is_empty() {
        None
    } else {
        Some(npm.modules(sdk.name(), &how.state.join("runtime/nodejs"), sdk.manifest(packages))?)
    };
    Ok(Installed { code: code.folder.clone(), modules, runtime_modules })
}

impl Sdk {
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
