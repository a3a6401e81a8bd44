//! What a repository still names: refs loose and packed, the heads of worktrees, and every line of the reflogs, where the older stashes
//! and what was rebased away are (gitrepository-layout(5), git-reflog(1)).

use crate::object::Oid;
use crate::repository::{Repository, text};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How deep folders of refs may nest.
const MAX_DEPTH: usize = 32;

/// The names of all objects that a repository names.
pub(crate) fn tips(repository: &Repository) -> BTreeSet<Oid> {
    let mut tips = BTreeSet::new();
    tips.extend(head(repository));
    for line in repository.text("packed-refs").unwrap_or_default().lines() {
        tips.extend(Oid::parse(line.trim_start_matches('^').as_bytes()));
    }
    for folder in ["refs", "logs", "worktrees"] {
        below(&repository.git.join(folder), MAX_DEPTH, &mut tips);
    }
    for name in ["ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD"] {
        repository.text(name).unwrap_or_default().lines().for_each(|line| tips.extend(Oid::parse(line.as_bytes())));
    }
    tips.retain(|id| !id.is_none());
    tips
}

/// The commit that is checked out.
pub(crate) fn head(repository: &Repository) -> Option<Oid> {
    let head = repository.text("HEAD")?;
    let Some(name) = head.trim().strip_prefix("ref:").map(str::trim) else { return Oid::parse(head.as_bytes()) };
    let plain = name.starts_with("refs/") && !name.split('/').any(|part| matches!(part, "" | "." | ".."));
    let loose = repository.text(name).filter(|_| plain).and_then(|text| Oid::parse(text.as_bytes()));
    loose.or_else(|| {
        let packed = repository.text("packed-refs")?;
        packed.lines().find_map(|line| line.split_once(' ').filter(|(_, own)| *own == name).and_then(|(id, _)| Oid::parse(id.as_bytes())))
    })
}

/// The names at the head of each line of each file: a ref has one, a line of a reflog the old and the new.
fn below(folder: &Path, depth: usize, tips: &mut BTreeSet<Oid>) {
    if depth == 0 || !fs::symlink_metadata(folder).is_ok_and(|meta| meta.is_dir()) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            below(&path, depth - 1, tips);
            continue;
        }
        for line in text(&path).unwrap_or_default().lines() {
            tips.extend(line.split(' ').take(2).filter_map(|word| Oid::parse(word.as_bytes())));
        }
    }
}
