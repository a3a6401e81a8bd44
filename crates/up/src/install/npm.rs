//! npm, run once for each manifest, without scripts.

use super::tool::{self, Absent, Filling};
use super::{Install, InstallError};
use crate::functions::{self, Node};
use sandbox::{Bind, Limits, Network, Spec};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Settings of the user's npm that reach the registry; never a token.
const SETTINGS: [&str; 5] = ["registry", "cafile", "proxy", "https-proxy", "noproxy"];

/// npm on this machine.
pub(super) struct Npm<'a> {
    how: &'a Install<'a>,
    node: &'a Node,
    /// Found and asked for its settings on first use.
    found: Option<Found>,
}

struct Found {
    script: PathBuf,
    environment: Vec<(String, String)>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl<'a> Npm<'a> {
    pub(super) fn new(how: &'a Install<'a>, node: &'a Node) -> Self {
        Self { how, node, found: None }
    }

    /// The `node_modules` of a manifest, installed below `below` under the hash of its files, if it is not there yet.
    pub(super) fn modules(&mut self, what: &str, below: &Path, files: &[(&str, Vec<u8>)]) -> Result<PathBuf, InstallError> {
        // Packages may differ between versions of Node.js.
        let name = tool::name(files, self.node.major);
        let modules = below.join(&name).join("node_modules");
        if modules.is_dir() {
            return Ok(modules);
        }
        if self.how.offline {
            return Err(InstallError::Offline { what: what.to_owned() });
        }
        let locked = files.iter().any(|(name, _)| matches!(*name, "package-lock.json" | "npm-shrinkwrap.json"));
        let verb = if locked { "ci" } else { "install" };
        let filled = Filling::new(below, &name, files).and_then(|filling| {
            (self.how.say)(format!("installing the packages of {what} into {} (npm {verb} --ignore-scripts)", filling.done().display()));
            self.run(verb, filling.folder())?;
            filling.keep("node_modules")
        });
        filled.map(|()| modules).map_err(|error| match error.downcast::<Absent>() {
            Ok(absent) => InstallError::Missing(absent.0),
            Err(error) => InstallError::Failed { tool: "npm", what: what.to_owned(), why: error.to_string() },
        })
    }

    fn run(&mut self, verb: &str, work: &Path) -> io::Result<()> {
        if self.found.is_none() {
            self.found = Some(find(self.how.state)?);
        }
        let Some(found) = &self.found else { return Err(io::Error::other("npm is not there")) };
        let arguments: Vec<String> =
            [verb, "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"]
                .map(str::to_owned)
                .into();
        let program = &self.node.program;
        let mut binds = vec![Bind { source: work.to_owned(), target: "/work".into(), writable: true }];
        binds.push(Bind { source: program.clone(), target: "/var/lang/bin/node".into(), writable: false });
        // Installed by a version manager: npm is a folder outside of the system's.
        if !found.script.starts_with("/usr") {
            binds.extend(found.script.ancestors().nth(2).map(|npm| Bind {
                source: npm.to_owned(),
                target: npm.to_owned(),
                writable: false,
            }));
        }
        let spec = Spec {
            program: "/var/lang/bin/node".into(),
            arguments: std::iter::once(found.script.display().to_string()).chain(arguments.iter().cloned()).collect(),
            environment: found.environment.clone(),
            directory: "/work".into(),
            binds,
            files: found.files.clone(),
            listeners: Vec::new(),
            limits: Limits { memory: 4 << 30, processes: 1024, open_files: 16_384, scratch: 2 << 30 },
            network: Network::Host,
        };
        if tool::run(&spec, self.how.say)?.is_some() {
            return Ok(());
        }
        (self.how.say)("the kernel gives no sandbox: npm runs as a plain process, with none of its environment and no scripts".to_owned());
        self.plain(found, &arguments, work)
    }

    /// Without a sandbox. Nothing of the packages runs, since scripts are ignored.
    fn plain(&self, found: &Found, arguments: &[String], work: &Path) -> io::Result<()> {
        let mut command = Command::new(&self.node.program);
        command.arg(&found.script).args(arguments).current_dir(work).env_clear().stdin(Stdio::null());
        // Paths of the sandbox mean nothing here.
        command.envs(found.environment.iter().filter(|(_, value)| !value.starts_with('/')).cloned());
        command.env("PATH", "/usr/bin:/bin").env("HOME", work).env("npm_config_cache", work.join(".cache"));
        let output = command.output()?;
        if output.status.success() { Ok(()) } else { Err(io::Error::other(tool::tail(&output.stderr))) }
    }
}

/// npm's script, and what of the user's settings it needs to reach its registry.
fn find(state: &Path) -> io::Result<Found> {
    let script = functions::npm().map_err(|error| io::Error::other(Absent(error.to_string())))?;
    // Asked in our own folder, so that no project's .npmrc speaks.
    let output = Command::new("npm").args(["config", "list", "--json"]).current_dir(state).stdin(Stdio::null()).output()?;
    let settings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let (mut environment, mut files) = tool::reach();
    environment.extend(
        [
            ("PATH", "/var/lang/bin:/usr/bin:/bin"),
            ("HOME", "/tmp"),
            ("npm_config_cache", "/work/.cache"),
            ("npm_config_update_notifier", "false"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    );
    let mut show = |source: &Path, target: &str| {
        let content = fs::read(source).ok()?;
        files.push((PathBuf::from(target), content));
        Some(target.to_owned())
    };
    for key in SETTINGS {
        let Some(value) = settings.get(key).and_then(|value| value.as_str()).filter(|value| !value.is_empty()) else { continue };
        let value = if key == "cafile" { show(Path::new(value), "/etc/npm-ca.pem") } else { Some(value.to_owned()) };
        environment.extend(value.map(|value| (format!("npm_config_{}", key.replace('-', "_")), value)));
    }
    if let Some(extra) = std::env::var_os("NODE_EXTRA_CA_CERTS") {
        environment.extend(show(Path::new(&extra), "/etc/extra-ca.pem").map(|path| ("NODE_EXTRA_CA_CERTS".to_owned(), path)));
    }
    Ok(Found { script, environment, files })
}
