//! A cgroup for one sandbox: memory and process limits, under version 2 where its controllers are there, else under
//! version 1. Makes folders below the cgroup this process is in (or its parent) and removes them again; where it may
//! not, it says so.

use crate::spec::{Layer, Limits, Refused};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The folders of one sandbox, one for each hierarchy. Removed when dropped; every process in it must be gone then.
#[derive(Debug, Default)]
pub(crate) struct Cgroup {
    folders: Vec<PathBuf>,
    memory: Option<PathBuf>,
    /// The file that says the most memory in use, kept open: it is read after every request.
    peak: OnceLock<Option<File>>,
}

impl Cgroup {
    /// Makes the group and sets its limits. What cannot be had is in the second part.
    pub(crate) fn new(name: &str, limits: &Limits) -> (Self, Vec<Refused>) {
        let mut group = Self::default();
        let mut refused = Vec::new();
        let table = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        match group.make("memory", &table, name) {
            Ok((folder, version)) => {
                let files: &[&str] = if version == 2 { &["memory.max"] } else { &["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"] };
                let set = files.iter().enumerate().try_for_each(|(index, file)| {
                    let written = fs::write(folder.join(file), limits.memory.to_string());
                    // Without swap accounting the second file is missing; the first one is the limit.
                    if index == 0 { written } else { Ok(()) }
                });
                if version == 2 {
                    let _ = fs::write(folder.join("memory.swap.max"), "0");
                    let _ = fs::write(folder.join("memory.oom.group"), "1");
                }
                match set {
                    Ok(()) => group.memory = Some(folder),
                    Err(error) => refused.push(Refused { layer: Layer::Memory, why: error.to_string() }),
                }
            }
            Err(error) => refused.push(Refused { layer: Layer::Memory, why: error.to_string() }),
        }
        let pids =
            group.make("pids", &table, name).and_then(|(folder, _)| fs::write(folder.join("pids.max"), limits.processes.to_string()));
        if let Err(error) = pids {
            refused.push(Refused { layer: Layer::Processes, why: error.to_string() });
        }
        (group, refused)
    }

    /// Puts a process into the group.
    pub(crate) fn add(&self, pid: i32) -> io::Result<()> {
        self.folders.iter().try_for_each(|folder| fs::write(folder.join("cgroup.procs"), pid.to_string()))
    }

    /// The most memory in use at any time, in bytes; `None` without a memory group.
    pub(crate) fn peak(&self) -> Option<u64> {
        let folder = self.memory.as_ref()?;
        let open =
            || ["memory.peak", "memory.max_usage_in_bytes", "memory.current"].iter().find_map(|file| File::open(folder.join(file)).ok());
        let mut text = [0; 32];
        let read = self.peak.get_or_init(open).as_ref()?.read_at(&mut text, 0).ok()?;
        std::str::from_utf8(text.get(..read)?).ok()?.trim().parse().ok()
    }

    /// How many processes were killed because the memory limit was reached.
    pub(crate) fn killed_for_memory(&self) -> u64 {
        let Some(folder) = &self.memory else { return 0 };
        ["memory.events", "memory.oom_control"]
            .iter()
            .find_map(|file| {
                let text = fs::read_to_string(folder.join(file)).ok()?;
                text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
            })
            .unwrap_or(0)
    }

    /// A folder with this controller: where it is and the cgroup version.
    fn make(&mut self, controller: &str, table: &str, name: &str) -> io::Result<(PathBuf, u8)> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, format!("no cgroup with the {controller} controller can be made here"));
        for (version, folder) in candidates(controller, table) {
            if version == 2 && !delegates(&folder, controller) {
                continue;
            }
            sweep(&folder);
            let made = folder.join(name);
            match fs::create_dir(&made) {
                Ok(()) => {
                    self.folders.push(made.clone());
                    return Ok((made, version));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.folders.contains(&made) => return Ok((made, version)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            // An empty group goes at once; the kernel may need a moment after the last process was reaped.
            for _ in 0..100 {
                match fs::remove_dir(folder) {
                    Err(error) if error.raw_os_error() == Some(libc::EBUSY) => std::thread::yield_now(),
                    _ => break,
                }
            }
        }
    }
}

/// Folders in which a group could be made, best first: version 2 (own group, then its parent), then version 1.
fn candidates(controller: &str, table: &str) -> Vec<(u8, PathBuf)> {
    let mut found = Vec::new();
    for line in table.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
                let own = Path::new(mount).join(path);
                if own.join("cgroup.controllers").exists() {
                    let parent = own.parent().filter(|p| p.starts_with(mount)).map(Path::to_owned);
                    found.extend([Some(own), parent].into_iter().flatten().map(|folder| (2, folder)));
                }
            }
        } else if controllers.split(',').any(|c| c == controller) {
            found.push((1, Path::new("/sys/fs/cgroup").join(controllers).join(path)));
        }
    }
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found
}

/// Removes the empty groups of processes that were killed before they could.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("sekisho-")?.split_once('-')?.0.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            // A group with a process in it is refused by the kernel, and stays.
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Whether children of a version 2 group get this controller; turns it on where that is allowed.
fn delegates(folder: &Path, controller: &str) -> bool {
    let has =
        || fs::read_to_string(folder.join("cgroup.subtree_control")).is_ok_and(|text| text.split_whitespace().any(|c| c == controller));
    has() || (fs::write(folder.join("cgroup.subtree_control"), format!("+{controller}")).is_ok() && has())
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn version_1_paths() {
        let table = "9:name=systemd:/\n8:pids:/\n4:memory:/a/b\n";
        assert_eq!(candidates("memory", table), [(1, "/sys/fs/cgroup/memory/a/b".into())]);
        assert_eq!(candidates("pids", table), [(1, "/sys/fs/cgroup/pids/".into())]);
        assert!(candidates("cpu", table).is_empty());
    }
}
