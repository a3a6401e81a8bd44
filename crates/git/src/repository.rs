//! Where a folder's repository is, and what of it cannot be read here. Follows nothing that leads out of the `.git` folder: no link, no
//! `.git` file, no borrowed objects.

use crate::object::Oid;
use model::{Place, Trouble};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Largest file of names that is read whole: refs, reflogs, configuration.
const MAX_TEXT: u64 = 64 << 20;

pub(crate) struct Repository {
    /// The `.git` folder.
    pub git: PathBuf,
    /// The folder that was asked about, below the work tree: its parts.
    pub below: Vec<String>,
    /// Commits whose parents a shallow clone left out.
    pub shallow: BTreeSet<Oid>,
    pub troubles: Vec<Trouble>,
}

pub(crate) fn not_assessed(says: impl std::fmt::Display, help: &str) -> Trouble {
    Trouble { says: format!("not assessed: {says}"), place: Place::new(".git", 1, 1), help: help.to_owned() }
}

impl Repository {
    /// The repository of a folder: its own, or that of the nearest folder above, as git finds it.
    ///
    /// # Errors
    /// Why there is none that is read.
    pub fn of(folder: &Path) -> Result<Self, Trouble> {
        let nothing = || not_assessed("there is no git repository, so no history", "scan a clone, or leave --history out");
        let folder = folder.canonicalize().map_err(|_| nothing())?;
        let tree = folder.ancestors().find(|above| fs::symlink_metadata(above.join(".git")).is_ok()).ok_or_else(nothing)?;
        let git = tree.join(".git");
        if !fs::symlink_metadata(&git).is_ok_and(|meta| meta.is_dir()) {
            let says = "the history: `.git` is a file or a link that leads elsewhere, as in a submodule or an added worktree";
            return Err(not_assessed(says, "scan the clone whose .git is a folder"));
        }
        let below = folder.strip_prefix(tree).unwrap_or(Path::new(""));
        let below = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let mut repository = Self { git, below, shallow: BTreeSet::new(), troubles: Vec::new() };
        repository.refuse_unknown_formats()?;
        repository.look_for_gaps();
        Ok(repository)
    }

    /// The text of a plain file below `.git`.
    pub fn text(&self, name: &str) -> Option<String> {
        text(&self.git.join(name))
    }

    /// `extensions` of git-config(1) that change how objects or refs are kept.
    fn refuse_unknown_formats(&self) -> Result<(), Trouble> {
        let config = self.text("config").unwrap_or_default().to_ascii_lowercase();
        for line in config.lines() {
            let Some((name, value)) = line.split_once('=') else { continue };
            let (name, value) = (name.trim(), value.trim());
            let unread = match name {
                "objectformat" => value != "sha1",
                "refstorage" => value != "files",
                "repositoryformatversion" => !matches!(value, "0" | "1"),
                _ => false,
            };
            if unread {
                let says = format!("the history: the repository's format has {name} = {value}, which is not read");
                return Err(not_assessed(says, "search it by other means"));
            }
        }
        Ok(())
    }

    fn look_for_gaps(&mut self) {
        let shallow = self.text("shallow").unwrap_or_default();
        self.shallow = shallow.lines().filter_map(|line| Oid::parse(line.as_bytes())).collect();
        if !self.shallow.is_empty() {
            let says = format!("the history before {} commits: the clone is shallow", self.shallow.len());
            self.troubles.push(not_assessed(says, "git fetch --unshallow, then scan again"));
        }
        if self.text("objects/info/alternates").is_some_and(|text| !text.trim().is_empty()) {
            let says = "objects that the repository borrows from another one (objects/info/alternates)";
            self.troubles.push(not_assessed(says, "git repack -a -d makes them its own; then remove the file and scan again"));
        }
        if !fs::symlink_metadata(self.git.join("objects")).is_ok_and(|meta| meta.is_dir()) {
            self.troubles.push(not_assessed("the history: `.git/objects` is no plain folder", "scan a whole clone"));
        }
    }
}

/// The text of a plain file of moderate size.
pub(crate) fn text(path: &Path) -> Option<String> {
    let meta = fs::symlink_metadata(path).ok()?;
    let bytes = (meta.is_file() && meta.len() <= MAX_TEXT).then(|| fs::read(path).ok())??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
