//! The one opener, confined to the root that the user named: no `..`, no symbolic link, no device, no huge file.

use crate::document::trouble;
use model::{Files, Place, Trouble};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Largest file that is read.
const MAX_FILE: u64 = 32 << 20;
/// Most files that one folder may hold.
const MAX_FILES: usize = 100_000;
/// What version control, package managers, SAM and this product keep beside an application.
const SKIPPED: [&str; 4] = [".git", "node_modules", ".aws-sam", ".sekisho"];

/// Files below a folder on disk, as they were when they were first looked at.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    /// Folders on disk that are known not to be symbolic links.
    plain: RefCell<HashSet<OsString>>,
    /// Every file below the root, once it was asked for.
    all: OnceCell<Vec<String>>,
    /// Texts that stand in for files, by path.
    pub(crate) changed: BTreeMap<String, String>,
}

impl Folder {
    /// Opens the files below `root`. Nothing is read yet.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), plain: RefCell::default(), all: OnceCell::new(), changed: BTreeMap::new() }
    }

    /// Whether a path below the root is a folder.
    pub(crate) fn is_folder(&self, path: &str) -> bool {
        self.resolve(path).is_ok_and(|full| full.is_dir())
    }

    /// Whether a path below the root is a file.
    pub(crate) fn is_file(&self, path: &str) -> bool {
        self.changed.contains_key(path) || self.resolve(path).is_ok_and(|full| full.is_file())
    }

    /// The path on disk of a path below the root; refuses what climbs out or goes through a symbolic link.
    fn resolve(&self, path: &str) -> Result<PathBuf, Trouble> {
        let refuse = |why: &str| {
            let help = "name a file below the folder that is read, without symbolic links";
            Err(trouble(format!("{path} {why}"), Place::new(path, 1, 1), help))
        };
        let mut full = self.root.clone();
        for component in Path::new(path).components() {
            match component {
                Component::Normal(part) => {
                    full.push(part);
                    if self.plain.borrow().contains(full.as_os_str()) {
                        continue;
                    }
                    match fs::symlink_metadata(&full).map(|meta| meta.file_type()) {
                        Ok(kind) if kind.is_symlink() => return refuse("is behind a symbolic link, which is not followed"),
                        Ok(kind) if kind.is_dir() => drop(self.plain.borrow_mut().insert(full.clone().into())),
                        _ => {}
                    }
                }
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return refuse("leads outside the folder that is read"),
            }
        }
        Ok(full)
    }

    /// The files on disk below a folder on disk.
    fn walk(&self, start: PathBuf) -> Option<Vec<String>> {
        let (mut found, mut folders) = (Vec::new(), vec![start]);
        while let Some(at) = folders.pop() {
            let Ok(entries) = fs::read_dir(&at) else { continue };
            for entry in entries.flatten() {
                let Ok(kind) = entry.file_type() else { continue };
                let name = entry.file_name();
                if kind.is_dir() && !SKIPPED.iter().any(|skipped| name == *skipped) {
                    self.plain.borrow_mut().insert(entry.path().into());
                    folders.push(entry.path());
                } else if kind.is_file()
                    && let Ok(below) = entry.path().strip_prefix(&self.root)
                {
                    found.push(slashed(below));
                }
            }
            if found.len() > MAX_FILES {
                return None;
            }
        }
        found.sort();
        Some(found)
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        if let Some(text) = self.changed.get(path) {
            return Ok(text.clone().into_bytes());
        }
        let full = self.resolve(path)?;
        let failed = |error: std::io::Error| {
            trouble(format!("{path} could not be read: {}", error.kind()), Place::new(path, 1, 1), "check that it exists and may be read")
        };
        let meta = fs::symlink_metadata(&full).map_err(failed)?;
        if !meta.is_file() {
            return Err(trouble(format!("{path} is not a regular file"), Place::new(path, 1, 1), "name a file"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(MAX_FILE)).unwrap_or(0) + 1);
        let file = fs::File::open(&full).map_err(failed)?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        match bytes.len() as u64 > MAX_FILE {
            true => {
                let says = format!("{path} is larger than {} MiB and was not read", MAX_FILE >> 20);
                Err(trouble(says, Place::new(path, 1, 1), "split it, or leave it out of the folder"))
            }
            false => Ok(bytes),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Trouble> {
        let start = self.resolve(folder)?;
        if !start.is_dir() {
            return Err(trouble(format!("{folder} is not a folder"), Place::new(folder, 1, 1), "name a folder below the root"));
        }
        let written = start.strip_prefix(&self.root).map(slashed).unwrap_or_default();
        let is_skipped = written.split('/').any(|part| SKIPPED.contains(&part));
        let mut found = match self.all.get().filter(|_| !is_skipped) {
            Some(all) if written.is_empty() => all.clone(),
            Some(all) => {
                let inside = format!("{written}/");
                let from = all.partition_point(|path| *path < inside);
                all.iter().skip(from).take_while(|path| path.starts_with(&inside)).cloned().collect()
            }
            None => self.walk(start).ok_or_else(|| {
                let says = format!("{folder} holds more than {MAX_FILES} files");
                trouble(says, Place::new(folder, 1, 1), "name the application's own folder")
            })?,
        };
        if written.is_empty() {
            let _ = self.all.set(found.clone());
        }
        let below = |path: &&String| folder.is_empty() || Path::new(path).starts_with(folder);
        found.extend(self.changed.keys().filter(below).cloned());
        found.sort();
        found.dedup();
        Ok(found)
    }
}

/// A relative path with `/`.
fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A path below the root, from the folder of `file` and a path written in it; `None` when it climbs out.
pub(crate) fn relative(file: &str, written: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    if written.starts_with('/') || written.contains('\\') {
        return None;
    }
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
