//! npm, run once for each manifest: without scripts, in the sandbox, with the host's network and nothing else of it.

use super::{Install, InstallError};
use crate::functions;
use sandbox::{Bind, Ended, Limits, Network, SandboxError, Spec};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// npm gets this long.
const PATIENCE: Duration = Duration::from_secs(900);
/// Bytes kept of what npm writes, for the message of a failure.
const KEPT: usize = 16 * 1024;
/// Settings of the user's npm that reach the registry; never a token.
const SETTINGS: [&str; 5] = ["registry", "cafile", "proxy", "https-proxy", "noproxy"];

/// npm on this machine.
pub(super) struct Npm<'a> {
    how: &'a Install<'a>,
    /// Found and asked for its settings on first use.
    found: Option<Found>,
}

struct Found {
    script: PathBuf,
    environment: Vec<(String, String)>,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl<'a> Npm<'a> {
    pub(super) fn new(how: &'a Install<'a>) -> Self {
        Self { how, found: None }
    }

    /// The `node_modules` of a manifest, installed below `below` under the hash of its files, if it is not there yet.
    pub(super) fn modules(&mut self, what: &str, below: &Path, files: Vec<(&str, Vec<u8>)>) -> Result<PathBuf, InstallError> {
        let mut hash = Sha256::new();
        for (name, content) in &files {
            hash.update(name.as_bytes());
            hash.update((content.len() as u64).to_be_bytes());
            hash.update(content);
        }
        // Packages may differ between versions of Node.js.
        hash.update(self.how.node.major.to_be_bytes());
        let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let done = below.join(&name);
        if done.join("node_modules").is_dir() {
            return Ok(done.join("node_modules"));
        }
        if self.how.offline {
            return Err(InstallError::Offline { what: what.to_owned() });
        }
        let failed = |error: io::Error| InstallError::Npm { what: what.to_owned(), why: error.to_string() };
        let partial = below.join(format!(".{name}.{}", std::process::id()));
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(failed)?;
        }
        fs::create_dir_all(&partial).map_err(failed)?;
        let locked = files.iter().any(|(name, _)| matches!(*name, "package-lock.json" | "npm-shrinkwrap.json"));
        for (name, content) in &files {
            fs::write(partial.join(name), content).map_err(failed)?;
            fs::set_permissions(partial.join(name), fs::Permissions::from_mode(0o666)).map_err(failed)?;
        }
        // The sandbox's user writes here; the state folder above is closed to everybody else.
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o777)).map_err(failed)?;
        let verb = if locked { "ci" } else { "install" };
        (self.how.say)(format!("installing the packages of {what} into {} (npm {verb} --ignore-scripts)", done.display()));
        let ran = self.run(verb, &partial);
        let ran = ran.and_then(|()| {
            // A manifest whose packages are all for other systems installs nothing.
            fs::create_dir_all(partial.join("node_modules"))?;
            let _ = fs::remove_dir_all(partial.join(".cache"));
            ours(&partial)?;
            fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
            fs::rename(&partial, &done)
        });
        if let Err(error) = ran {
            let _ = fs::remove_dir_all(&partial);
            return Err(match error.downcast::<Absent>() {
                Ok(absent) => InstallError::Missing(absent.0),
                Err(error) => failed(error),
            });
        }
        Ok(done.join("node_modules"))
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
        let program = &self.how.node.program;
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
        match sandbox::spawn(&spec) {
            Ok(mut process) => {
                for refused in &process.refused {
                    (self.how.say)(refused.to_string());
                }
                let written = follow(process.stdout.take(), process.stderr.take());
                let began = Instant::now();
                while process.try_wait().is_none() && began.elapsed() < PATIENCE {
                    std::thread::sleep(Duration::from_millis(20));
                }
                process.kill();
                let ended = process.wait();
                drop(process);
                let text = written.join().unwrap_or_default();
                if ended == Ended::Exited(0) { Ok(()) } else { Err(io::Error::other(format!("{ended:?}: {text}"))) }
            }
            Err(SandboxError::Namespaces(_)) => {
                (self.how.say)(
                    "the kernel gives no sandbox: npm runs as a plain process, with none of its environment and no scripts".to_owned(),
                );
                self.plain(found, &arguments, work)
            }
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Without a sandbox. Nothing of the packages runs, since scripts are ignored.
    fn plain(&self, found: &Found, arguments: &[String], work: &Path) -> io::Result<()> {
        let mut command = Command::new(&self.how.node.program);
        command.arg(&found.script).args(arguments).current_dir(work).env_clear().stdin(Stdio::null());
        // Paths of the sandbox mean nothing here.
        command.envs(found.environment.iter().filter(|(_, value)| !value.starts_with('/')).cloned());
        command.env("PATH", "/usr/bin:/bin").env("HOME", work).env("npm_config_cache", work.join(".cache"));
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(io::Error::other(tail(text.as_bytes()))) }
    }
}

/// npm is not installed; the sentence for the user.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Absent(String);

/// npm's script, and what of the user's settings it needs to reach its registry.
fn find(state: &Path) -> io::Result<Found> {
    let script = functions::npm().map_err(|error| io::Error::other(Absent(error.to_string())))?;
    // Asked in our own folder, so that no project's .npmrc speaks.
    let output = Command::new("npm").args(["config", "list", "--json"]).current_dir(state).stdin(Stdio::null()).output()?;
    let settings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let mut environment: Vec<(String, String)> = [
        ("PATH", "/var/lang/bin:/usr/bin:/bin"),
        ("HOME", "/tmp"),
        ("npm_config_cache", "/work/.cache"),
        ("npm_config_update_notifier", "false"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let mut files = Vec::new();
    let mut show = |source: &Path, target: &str| {
        let content = fs::read(source).ok()?;
        files.push((PathBuf::from(target), content));
        Some(target.to_owned())
    };
    for path in ["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"] {
        show(Path::new(path), path);
    }
    for key in SETTINGS {
        let Some(value) = settings.get(key).and_then(|value| value.as_str()).filter(|value| !value.is_empty()) else { continue };
        let value = if key == "cafile" { show(Path::new(value), "/etc/npm-ca.pem") } else { Some(value.to_owned()) };
        environment.extend(value.map(|value| (format!("npm_config_{}", key.replace('-', "_")), value)));
    }
    for key in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"] {
        environment.extend(std::env::var(key).ok().map(|value| (key.to_owned(), value)));
    }
    if let Some(extra) = std::env::var_os("NODE_EXTRA_CA_CERTS") {
        environment.extend(show(Path::new(&extra), "/etc/extra-ca.pem").map(|path| ("NODE_EXTRA_CA_CERTS".to_owned(), path)));
    }
    Ok(Found { script, environment, files })
}

/// Reads both streams to their end, keeping the last of them.
fn follow(stdout: Option<OwnedFd>, stderr: Option<OwnedFd>) -> std::thread::JoinHandle<String> {
    let read = |pipe: Option<OwnedFd>| {
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            let mut buffer = [0u8; 8192];
            let Some(mut file) = pipe.map(fs::File::from) else { return kept };
            while let Ok(length @ 1..) = file.read(&mut buffer) {
                kept.extend_from_slice(buffer.get(..length).unwrap_or_default());
                let over = kept.len().saturating_sub(KEPT);
                kept.drain(..over);
            }
            kept
        })
    };
    let (out, err) = (read(stdout), read(stderr));
    std::thread::spawn(move || {
        let mut all = out.join().unwrap_or_default();
        all.extend(err.join().unwrap_or_default());
        tail(&all)
    })
}

/// The last lines of npm's words.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(6)).copied().collect::<Vec<_>>().join("; ")
}

/// Under root the sandbox's user owns what it wrote: takes it over, so that nobody else of that number has it.
fn ours(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let (user, group) = (unix_user(), unix_group());
    if (metadata.uid(), metadata.gid()) != (user, group) {
        std::os::unix::fs::lchown(path, Some(user), Some(group))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            ours(&entry?.path())?;
        }
    }
    Ok(())
}

fn unix_user() -> u32 {
    fs::metadata("/proc/self").map(|own| own.uid()).unwrap_or(0)
}

fn unix_group() -> u32 {
    fs::metadata("/proc/self").map(|own| own.gid()).unwrap_or(0)
}
