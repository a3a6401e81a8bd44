//! Every version of every file, once.

use crate::commits::{self, Reached};
use crate::object::{self, Kind, Mode, Oid};
use crate::refs;
use crate::repository::{Repository, not_assessed};
use crate::store::{HEAD, Read, Store};
use model::{Time, Trouble};
use std::collections::HashSet;
use std::path::Path;

/// Most versions of files that are read.
const MAX_VERSIONS: usize = 4_000_000;
/// Deepest tree that is followed.
const MAX_DEPTH: usize = 256;

/// A commit, by its name and the time its committer gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commit {
    /// Its place among all commits, parents first.
    pub order: usize,
    /// Its name.
    pub id: Oid,
    /// When.
    pub time: Time,
}

/// One version of a file, or the text of a commit or tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'v> {
    /// The file's path below the folder; `None` for the text of a commit or tag.
    pub path: Option<&'v str>,
    /// The first commit that holds it; a tag names itself.
    pub commit: Commit,
    /// Whether the commit that is checked out still holds it.
    pub stands: bool,
    /// Its bytes.
    pub bytes: &'v [u8],
}

/// What was read of a history, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Commits.
    pub commits: usize,
    /// Versions of files that were shown.
    pub versions: usize,
    /// Those of them that are data, by git's own measure, and were left out.
    pub binary: usize,
    /// What could not be read.
    pub troubles: Vec<Trouble>,
}

/// Objects that could not be read, by why.
#[derive(Default)]
pub(crate) struct Gaps {
    pub missing: usize,
    pub damaged: usize,
    large: usize,
    modules: HashSet<Oid>,
}

impl Gaps {
    pub fn count(&mut self, read: &Read) {
        match read {
            Read::Missing => self.missing += 1,
            Read::Damaged => self.damaged += 1,
            Read::Large { .. } => self.large += 1,
            Read::Object(..) => {}
        }
    }
}

struct Found {
    id: Oid,
    path: String,
    commit: Commit,
}

/// Shows every version of every file below a folder that the history of its repository holds, and the texts of commits and tags. Of
/// several files with the same bytes one is shown. `wanted` says by its path whether a file is read at all. The order depends on how
/// the repository is packed.
pub fn walk(folder: &Path, wanted: &dyn Fn(&str) -> bool, show: &mut dyn FnMut(&Version<'_>)) -> History {
    let mut history = History::default();
    let repository = match Repository::of(folder) {
        Ok(repository) => repository,
        Err(trouble) => {
            history.troubles.push(trouble);
            return history;
        }
    };
    let mut store = Store::open(&repository.git.join("objects"));
    let mut gaps = Gaps::default();
    let reached = commits::reached(&repository, &refs::tips(&repository), &mut store, &mut gaps);
    history.commits = reached.commits.len();
    let mut trees = Trees { store: &mut store, gaps: &mut gaps, wanted, trees: HashSet::new(), blobs: HashSet::new(), found: Vec::new() };
    let standing = trees.standing(&repository, &reached);
    let cut = trees.all(&repository, &reached) || reached.cut;
    let mut found = trees.found;
    found.sort_by_cached_key(|found| (store.position(&found.id), found.id));
    for version in &found {
        match store.read(&version.id) {
            Read::Object(Kind::Blob, bytes) if is_binary(&bytes) => history.binary += 1,
            Read::Object(Kind::Blob, bytes) => {
                history.versions += 1;
                let stands = standing.contains(&version.id);
                show(&Version { path: Some(&version.path), commit: version.commit, stands, bytes: &bytes });
            }
            Read::Large { head, .. } if is_binary(&head) => history.binary += 1,
            Read::Object(..) => gaps.damaged += 1,
            other => gaps.count(&other),
        }
    }
    for (order, (id, commit, text)) in reached.commits.iter().enumerate() {
        let commit = Commit { order, id: *id, time: Time(commit.seconds.saturating_mul(1000)) };
        show(&Version { path: None, commit, stands: true, bytes: text });
    }
    for (id, text) in &reached.tags {
        show(&Version { path: None, commit: Commit { order: usize::MAX, id: *id, time: Time(0) }, stands: true, bytes: text });
    }
    history.troubles.extend(repository.troubles);
    history.troubles.extend(store.refused.iter().map(|(pack, why)| {
        not_assessed(format!("objects of git's history: {pack} {why}"), "git fsck says what is wrong; scan a whole clone")
    }));
    history.troubles.extend(told(&gaps, cut));
    history
}

fn told(gaps: &Gaps, cut: bool) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut tell = |number: usize, what: &str, help: &str| {
        if number > 0 {
            troubles.push(not_assessed(format!("{number} {what}"), help));
        }
    };
    tell(gaps.missing, "objects of git's history are not here: the clone is partial or damaged", "scan a whole clone");
    tell(gaps.damaged, "objects of git's history are damaged", "git fsck says which; scan a whole clone");
    tell(gaps.large, "files of git's history are over 64 MiB", "search them by other means");
    tell(gaps.modules.len(), "commits of submodules, which have histories of their own", "scan each submodule's own clone");
    tell(usize::from(cut), "part of git's history, which is too long to be read whole", "search it by other means");
    troubles
}

/// Git's own measure (`buffer_is_binary`): a NUL near the beginning.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(HEAD).any(|byte| *byte == 0)
}

/// The way through the trees; each tree and each blob is looked at once.
struct Trees<'a> {
    store: &'a mut Store,
    gaps: &'a mut Gaps,
    wanted: &'a dyn Fn(&str) -> bool,
    trees: HashSet<Oid>,
    blobs: HashSet<Oid>,
    found: Vec<Found>,
}

impl Trees<'_> {
    /// The blobs that the commit that is checked out holds.
    fn standing(&mut self, repository: &Repository, reached: &Reached) -> HashSet<Oid> {
        let head = refs::head(repository);
        // What is missing is counted when all commits are walked.
        let before = std::mem::take(self.gaps);
        if let Some((order, (id, commit, _))) = reached.commits.iter().enumerate().find(|(_, (id, ..))| Some(*id) == head) {
            let commit_of = Commit { order, id: *id, time: Time(commit.seconds.saturating_mul(1000)) };
            self.below(&repository.below, commit.tree, commit_of);
        }
        self.trees.clear();
        self.found.clear();
        *self.gaps = before;
        std::mem::take(&mut self.blobs)
    }

    /// Everything that the commits and tips hold; whether there was more than is read.
    fn all(&mut self, repository: &Repository, reached: &Reached) -> bool {
        for (order, (id, commit, _)) in reached.commits.iter().enumerate() {
            let commit_of = Commit { order, id: *id, time: Time(commit.seconds.saturating_mul(1000)) };
            self.below(&repository.below, commit.tree, commit_of);
        }
        let nameless = |id: Oid| Commit { order: usize::MAX, id, time: Time(0) };
        for tree in &reached.trees {
            self.below(&repository.below, *tree, nameless(*tree));
        }
        for blob in reached.blobs.iter().filter(|blob| self.blobs.insert(**blob)) {
            self.found.push(Found { id: *blob, path: format!("git:{}", blob.short()), commit: nameless(*blob) });
        }
        self.found.len() >= MAX_VERSIONS
    }

    /// The tree of a folder below a root tree.
    fn below(&mut self, parts: &[String], root: Oid, commit: Commit) {
        let mut tree = root;
        for part in parts {
            // A root that was seen has nothing new below it.
            if !self.trees.insert(tree) {
                return;
            }
            let Some(body) = self.tree(&tree) else { return };
            let next = object::entries(&body).flatten().find(|entry| entry.mode == Mode::Tree && entry.name == part.as_bytes());
            let Some(next) = next else { return };
            tree = next.id;
        }
        self.tree_of(tree, "", commit, MAX_DEPTH);
    }

    fn tree(&mut self, id: &Oid) -> Option<std::rc::Rc<[u8]>> {
        match self.store.read(id) {
            Read::Object(Kind::Tree, body) => Some(body),
            Read::Object(..) => {
                self.gaps.damaged += 1;
                None
            }
            other => {
                self.gaps.count(&other);
                None
            }
        }
    }

    fn tree_of(&mut self, id: Oid, path: &str, commit: Commit, depth: usize) {
        if !self.trees.insert(id) || self.found.len() >= MAX_VERSIONS {
            return;
        }
        if depth == 0 {
            self.gaps.damaged += 1;
            return;
        }
        let Some(body) = self.tree(&id) else { return };
        for entry in object::entries(&body) {
            let Some(entry) = entry else {
                self.gaps.damaged += 1;
                break;
            };
            let name = String::from_utf8_lossy(entry.name);
            let path = if path.is_empty() { name.into_owned() } else { format!("{path}/{name}") };
            match entry.mode {
                Mode::Tree if (self.wanted)(&format!("{path}/")) => self.tree_of(entry.id, &path, commit, depth - 1),
                Mode::File if !self.blobs.contains(&entry.id) && (self.wanted)(&path) => {
                    self.blobs.insert(entry.id);
                    self.found.push(Found { id: entry.id, path, commit });
                }
                Mode::Module => {
                    self.gaps.modules.insert(entry.id);
                }
                Mode::Tree | Mode::File | Mode::Link => {}
            }
        }
    }
}
