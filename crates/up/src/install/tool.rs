//! What npm and pip have in common: a folder filled beside its place and renamed there, a run in the sandbox with the host's network
//! and nothing else of it, and the last words of a run that failed.

use sandbox::{Ended, SandboxError, Spec};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// An installation gets this long.
const PATIENCE: Duration = Duration::from_secs(900);
/// Bytes kept of what a tool writes, for the message of a failure.
const KEPT: usize = 16 * 1024;

/// A tool is not installed; the sentence for the user.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Absent(pub String);

/// The name of what is installed for these files by this version of a language.
pub(super) fn name(files: &[(&str, Vec<u8>)], version: u32) -> String {
    let mut hash = Sha256::new();
    for (name, content) in files {
        hash.update(name.as_bytes());
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(content);
    }
    hash.update(version.to_be_bytes());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A folder that is filled beside its place: `below`/`name`.
pub(super) struct Filling {
    partial: PathBuf,
    done: PathBuf,
}

impl Filling {
    /// A new folder that holds these files, writable for the sandbox's user; the state folder above is closed to everybody else.
    pub(super) fn new(below: &Path, name: &str, files: &[(&str, Vec<u8>)]) -> io::Result<Self> {
        let filling = Self { partial: below.join(format!(".{name}.{}", std::process::id())), done: below.join(name) };
        if filling.partial.exists() {
            fs::remove_dir_all(&filling.partial)?;
        }
        fs::create_dir_all(&filling.partial)?;
        for (name, content) in files {
            fs::write(filling.partial.join(name), content)?;
            fs::set_permissions(filling.partial.join(name), fs::Permissions::from_mode(0o666))?;
        }
        fs::set_permissions(&filling.partial, fs::Permissions::from_mode(0o777))?;
        Ok(filling)
    }

    /// Where it is filled.
    pub(super) fn folder(&self) -> &Path {
        &self.partial
    }

    /// Where it will be.
    pub(super) fn done(&self) -> &Path {
        &self.done
    }

    /// Puts it in its place. What was to be installed is the folder `main`; a tool that had nothing to install made none.
    pub(super) fn keep(self, main: &str) -> io::Result<()> {
        fs::create_dir_all(self.partial.join(main))?;
        let _ = fs::remove_dir_all(self.partial.join(".cache"));
        ours(&self.partial)?;
        fs::set_permissions(&self.partial, fs::Permissions::from_mode(0o755))?;
        fs::rename(&self.partial, &self.done)
    }
}

impl Drop for Filling {
    /// What was not kept is of no use.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.partial);
    }
}

/// Runs a tool to its end. `None` when the kernel gives no sandbox: nothing ran.
pub(super) fn run(spec: &Spec, say: &dyn Fn(String)) -> io::Result<Option<()>> {
    let mut process = match sandbox::spawn(spec) {
        Ok(process) => process,
        Err(SandboxError::Namespaces(_)) => return Ok(None),
        Err(error) => return Err(io::Error::other(error)),
    };
    for refused in &process.refused {
        say(refused.to_string());
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
    if ended == Ended::Exited(0) { Ok(Some(())) } else { Err(io::Error::other(format!("{ended:?}: {text}"))) }
}

/// What a tool is given of the host: variables, and files by their path inside.
pub(super) type Given = (Vec<(String, String)>, Vec<(PathBuf, Vec<u8>)>);

/// What any tool needs of the host to reach its registry: the files that name servers and authorities, and the proxies.
pub(super) fn reach() -> Given {
    let paths = ["/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"];
    let files = paths.iter().filter_map(|path| Some((PathBuf::from(path), fs::read(path).ok()?))).collect();
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
    (proxies.iter().filter_map(|key| Some(((*key).to_owned(), std::env::var(key).ok()?))).collect(), files)
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

/// The last lines of a tool's words.
pub(super) fn tail(bytes: &[u8]) -> String {
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
