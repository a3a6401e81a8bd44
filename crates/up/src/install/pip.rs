//! pip, run once for each `requirements.txt`, and wheels only: an archive of source would run its own `setup.py`.

use super::tool::{self, Absent, Filling, Given};
use super::{Install, InstallError};
use crate::functions::Python;
use sandbox::{Bind, Limits, Network, Spec};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Settings of the user's pip that reach the index.
const SETTINGS: [&str; 5] = ["index-url", "extra-index-url", "trusted-host", "cert", "proxy"];
/// Where the packages lie in what is installed.
const PACKAGES: &str = "packages";
const ARGUMENTS: [&str; 11] = [
    "-I",
    "-m",
    "pip",
    "install",
    "--only-binary=:all:",
    "--target=packages",
    "--requirement=requirements.txt",
    "--no-input",
    "--no-cache-dir",
    "--disable-pip-version-check",
    "--quiet",
];

/// pip of the installed Python.
pub(super) struct Pip<'a> {
    how: &'a Install<'a>,
    python: &'a Python,
    /// Asked for its settings on first use.
    given: Option<Given>,
}

impl<'a> Pip<'a> {
    pub(super) fn new(how: &'a Install<'a>, python: &'a Python) -> Self {
        Self { how, python, given: None }
    }

    /// The packages of a `requirements.txt`, installed below `below` under its hash, if they are not there yet.
    pub(super) fn packages(&mut self, what: &str, below: &Path, requirements: Vec<u8>) -> Result<PathBuf, InstallError> {
        let files = [("requirements.txt", requirements)];
        // A wheel is made for one version of Python.
        let name = tool::name(&files, self.python.minor);
        let packages = below.join(&name).join(PACKAGES);
        if packages.is_dir() {
            return Ok(packages);
        }
        if self.how.offline {
            return Err(InstallError::Offline { what: what.to_owned() });
        }
        let filled = Filling::new(below, &name, &files).and_then(|filling| {
            (self.how.say)(format!("installing the packages of {what} into {} (pip install, wheels only)", filling.done().display()));
            self.run(filling.folder())?;
            filling.keep(PACKAGES)
        });
        filled.map(|()| packages).map_err(|error| match error.downcast::<Absent>() {
            Ok(absent) => InstallError::Missing(absent.0),
            Err(error) => InstallError::Failed { tool: "pip", what: what.to_owned(), why: error.to_string() },
        })
    }

    fn run(&mut self, work: &Path) -> io::Result<()> {
        if self.given.is_none() {
            self.given = Some(find(&self.python.program, self.how.state)?);
        }
        let Some((environment, files)) = &self.given else { return Err(io::Error::other("pip is not there")) };
        let program = self.python.inside();
        let mut binds = vec![Bind { source: work.to_owned(), target: "/work".into(), writable: true }];
        binds.push(self.python.shown());
        let spec = Spec {
            program,
            arguments: ARGUMENTS.map(str::to_owned).into(),
            environment: environment.clone(),
            directory: "/work".into(),
            binds,
            files: files.clone(),
            listeners: Vec::new(),
            limits: Limits { memory: 4 << 30, processes: 1024, open_files: 16_384, scratch: 2 << 30 },
            network: Network::Host,
        };
        if tool::run(&spec, self.how.say)?.is_some() {
            return Ok(());
        }
        (self.how.say)("the kernel gives no sandbox: pip runs as a plain process, with none of its environment and wheels only".to_owned());
        self.plain(environment, work)
    }

    /// Without a sandbox. Nothing of the packages runs, since wheels are only unpacked.
    fn plain(&self, environment: &[(String, String)], work: &Path) -> io::Result<()> {
        let mut command = Command::new(&self.python.program);
        command.args(ARGUMENTS).current_dir(work).env_clear().stdin(Stdio::null());
        // Paths of the sandbox mean nothing here.
        command.envs(environment.iter().filter(|(_, value)| !value.starts_with('/')).cloned());
        command.env("PATH", "/usr/bin:/bin").env("HOME", work);
        let output = command.output()?;
        if output.status.success() { Ok(()) } else { Err(io::Error::other(tool::tail(&output.stderr))) }
    }
}

/// What of the user's settings pip needs to reach its index.
fn find(python: &Path, state: &Path) -> io::Result<Given> {
    // Asked in our own folder; each line is `global.index-url='https://...'`.
    let output = Command::new(python).args(["-I", "-m", "pip", "config", "list"]).current_dir(state).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(Absent("pip is missing; install it: sudo apt install python3-pip".to_owned())));
    }
    let (mut environment, mut files) = tool::reach();
    // An interpreter that was built with a library of its own finds it there, and not the system's.
    let own = [("PATH", "/usr/bin:/bin"), ("HOME", "/tmp"), ("LD_LIBRARY_PATH", "/var/lang/lib")];
    environment.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((name, value)) = line.split_once('=') else { continue };
        let key = name.rsplit('.').next().unwrap_or(name);
        let value = value.trim_matches('\'');
        if !SETTINGS.contains(&key) || value.is_empty() {
            continue;
        }
        let value = if key == "cert" {
            let Ok(content) = fs::read(value) else { continue };
            files.push(("/etc/pip-ca.pem".into(), content));
            "/etc/pip-ca.pem"
        } else {
            value
        };
        environment.push((format!("PIP_{}", key.replace('-', "_").to_uppercase()), value.to_owned()));
    }
    Ok((environment, files))
}
