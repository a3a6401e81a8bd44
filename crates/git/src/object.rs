//! Objects of git's database, taken apart (Git's documentation, "Git Internals - Git Objects"). Bad bytes yield less, never a panic.

use std::fmt;

/// The SHA-1 name of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(pub [u8; 20]);

impl Oid {
    /// Forty hexadecimal digits.
    pub(crate) fn parse(hex: &[u8]) -> Option<Self> {
        let hex = hex.get(..40)?;
        let mut id = [0; 20];
        for (byte, pair) in id.iter_mut().zip(hex.chunks_exact(2)) {
            let digit = |at: usize| pair.get(at).and_then(|c| char::from(*c).to_digit(16));
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        }
        Some(Self(id))
    }

    /// The name that stands for no object.
    pub(crate) fn is_none(&self) -> bool {
        self.0 == [0; 20]
    }

    /// The first twelve digits: enough to name a commit.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    /// The word in a loose object's header.
    pub fn of_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"commit" => Self::Commit,
            b"tree" => Self::Tree,
            b"blob" => Self::Blob,
            b"tag" => Self::Tag,
            _ => return None,
        })
    }
}

/// What is needed of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitObject {
    pub tree: Oid,
    pub parents: Vec<Oid>,
    /// When it was made: the committer's seconds since the epoch.
    pub seconds: i64,
}

/// Header lines of a commit or tag, up to the empty line.
fn headers(body: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = body.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    lines.filter_map(|line| {
        let space = line.iter().position(|byte| *byte == b' ')?;
        Some((line.get(..space)?, line.get(space + 1..)?))
    })
}

pub(crate) fn commit(body: &[u8]) -> Option<CommitObject> {
    let (mut tree, mut parents, mut seconds) = (None, Vec::new(), 0);
    for (name, value) in headers(body) {
        match name {
            b"tree" if tree.is_none() => tree = Oid::parse(value),
            b"parent" => parents.extend(Oid::parse(value)),
            b"committer" => seconds = time(value).unwrap_or(0),
            _ => {}
        }
    }
    Some(CommitObject { tree: tree?, parents, seconds })
}

/// `Name <address> 1700000000 +0100`.
fn time(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value.rsplit(|byte| *byte == b'>').next()?).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// What a tag names.
pub(crate) fn tagged(body: &[u8]) -> Option<Oid> {
    headers(body).find(|(name, _)| *name == b"object").and_then(|(_, value)| Oid::parse(value))
}

/// An entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'t> {
    pub mode: Mode,
    pub name: &'t [u8],
    pub id: Oid,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Tree,
    File,
    /// A symbolic link: its blob is a path.
    Link,
    /// A submodule: its commit is in another repository.
    Module,
}

/// The entries of a tree; `None` in the list where its bytes make no sense, and then nothing more.
pub(crate) fn entries(mut body: &[u8]) -> impl Iterator<Item = Option<Entry<'_>>> {
    std::iter::from_fn(move || {
        if body.is_empty() {
            return None;
        }
        let parsed = entry(body);
        body = parsed.map_or(&[], |(_, rest)| rest);
        Some(parsed.map(|(entry, _)| entry))
    })
}

fn entry(body: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let space = body.iter().position(|byte| *byte == b' ')?;
    let rest = body.get(space + 1..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let id: [u8; 20] = rest.get(end + 1..end + 21)?.try_into().ok()?;
    let mode = match body.get(..space)? {
        b"40000" | b"040000" => Mode::Tree,
        b"120000" => Mode::Link,
        b"160000" => Mode::Module,
        mode if mode.starts_with(b"100") => Mode::File,
        _ => return None,
    };
    Some((Entry { mode, name: rest.get(..end)?, id: Oid(id) }, rest.get(end + 21..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_trees() {
        let id = "a".repeat(40);
        let text = format!("tree {id}\nparent {id}\nauthor A <a> 1 +0000\ncommitter B > <b> 1700000000 +0100\n\ntree {id}x\nparent no\n");
        let read = commit(text.as_bytes()).unwrap();
        assert_eq!((read.parents.len(), read.seconds, read.tree.to_string()), (1, 1_700_000_000, id.clone()));
        assert_eq!(commit(b"author x\n"), None);
        assert_eq!(tagged(format!("object {id}\ntype commit\n").as_bytes()).map(|id| id.short()), Some("a".repeat(12)));
        let tree = [b"100644 a.js\0".as_slice(), &[7; 20], b"40000 src\0", &[8; 20], b"40000 cut\0", &[9; 5]].concat();
        let read: Vec<_> = entries(&tree).map(|entry| entry.map(|entry| (entry.mode, entry.name.to_vec()))).collect();
        assert_eq!(read, [Some((Mode::File, b"a.js".to_vec())), Some((Mode::Tree, b"src".to_vec())), None]);
    }
}
