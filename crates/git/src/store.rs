//! Objects by name, from packs and loose files. Bounded: an object's size, the length of a chain of deltas, what is kept in memory.

use crate::object::{Kind, Oid};
use crate::pack::{Pack, What};
use crate::{delta, loose};
use flate2::Decompress;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Largest object that is read whole.
const MAX_OBJECT: usize = 64 << 20;
/// Longest chain of deltas; git itself makes none over 4095 (git-pack-objects(1), `--depth`).
const MAX_CHAIN: usize = 4096;
/// Bytes of all deltas of one chain.
const MAX_DELTAS: usize = 256 << 20;
/// Bytes of inflated bases that are kept for the next delta.
const MAX_KEPT: usize = 96 << 20;
/// How far one looks for a NUL to tell data from text, as git does (`buffer_is_binary`).
pub(crate) const HEAD: usize = 8000;

/// What became of a reading.
pub(crate) enum Read {
    Object(Kind, Rc<[u8]>),
    /// Too large; its first bytes, when they could be had.
    Large {
        head: Vec<u8>,
    },
    Missing,
    Damaged,
}

type Base = (Kind, Rc<[u8]>);

pub(crate) struct Store {
    objects: PathBuf,
    packs: Vec<Pack>,
    /// Packs that could not be opened, with the reason.
    pub refused: Vec<(String, &'static str)>,
    state: Decompress,
    kept: HashMap<(usize, u64), Base>,
    kept_bytes: usize,
}

impl Store {
    /// Opens the packs below a folder of objects.
    pub fn open(objects: &Path) -> Self {
        let (mut packs, mut refused) = (Vec::new(), Vec::new());
        let folder = objects.join("pack");
        let plain = fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir());
        let listed = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut indexes: Vec<PathBuf> = listed.filter(|path| plain && path.extension().is_some_and(|end| end == "idx")).collect();
        indexes.sort();
        for index in indexes {
            match Pack::open(&index) {
                Ok(pack) => packs.push(pack),
                Err(why) => refused.push((index.file_name().unwrap_or_default().to_string_lossy().into_owned(), why)),
            }
        }
        Self { objects: objects.to_owned(), packs, refused, state: Decompress::new(true), kept: HashMap::new(), kept_bytes: 0 }
    }

    /// Where an object is packed: objects that are read in this order share their bases.
    pub fn position(&self, id: &Oid) -> (usize, u64) {
        let found = self.packs.iter().enumerate().find_map(|(at, pack)| Some((at, pack.find(id)?)));
        found.unwrap_or((usize::MAX, 0))
    }

    /// Reads an object.
    pub fn read(&mut self, id: &Oid) -> Read {
        match self.position(id) {
            (usize::MAX, _) => match loose::path(&self.objects, id) {
                Some(path) => loose::read(&path, MAX_OBJECT),
                None => Read::Missing,
            },
            (pack, offset) => self.packed(pack, offset),
        }
    }

    fn packed(&mut self, pack: usize, offset: u64) -> Read {
        // Down the chain to something whole, then up again.
        let (mut chain, mut deltas) = (Vec::new(), 0);
        let (mut pack, mut offset) = (pack, offset);
        let (kind, mut bytes) = loop {
            if let Some(base) = self.kept.get(&(pack, offset)) {
                break base.clone();
            }
            let Some(entry) = self.packs.get(pack).and_then(|pack| pack.entry(offset)) else { return Read::Damaged };
            if chain.len() >= MAX_CHAIN || deltas > MAX_DELTAS {
                return Read::Damaged;
            }
            if let What::Whole(kind) = entry.what {
                if entry.size > MAX_OBJECT {
                    return Read::Large { head: entry.head(&mut self.state, HEAD).unwrap_or_default() };
                }
                let Some(bytes) = entry.inflate(&mut self.state) else { return Read::Damaged };
                let base: Base = (kind, bytes.into());
                self.keep((pack, offset), &base);
                break base;
            }
            // A delta is no longer than what it makes and a base of the bound's size would need.
            let Some(delta) = Some(entry.size).filter(|size| *size <= MAX_OBJECT).and_then(|_| entry.inflate(&mut self.state)) else {
                return Read::Damaged;
            };
            deltas += delta.len();
            chain.push(((pack, offset), delta));
            match entry.what {
                What::Offset(base) => offset = base,
                What::Name(base) => match self.position(&base) {
                    (usize::MAX, _) => match loose::path(&self.objects, &base).map(|path| loose::read(&path, MAX_OBJECT)) {
                        Some(Read::Object(kind, bytes)) => break (kind, bytes),
                        Some(other) => return other,
                        None => return Read::Missing,
                    },
                    (other, at) => (pack, offset) = (other, at),
                },
                What::Whole(_) => {}
            }
        };
        for (key, delta) in chain.into_iter().rev() {
            if delta::sizes(&delta).is_some_and(|(_, made, _)| made > MAX_OBJECT) {
                return Read::Large { head: bytes.iter().copied().take(HEAD).collect() };
            }
            let Some(made) = delta::apply(&bytes, &delta, MAX_OBJECT) else { return Read::Damaged };
            bytes = made.into();
            self.keep(key, &(kind, bytes.clone()));
        }
        Read::Object(kind, bytes)
    }

    fn keep(&mut self, key: (usize, u64), base: &Base) {
        if base.1.len() > MAX_KEPT / 8 {
            return;
        }
        if self.kept_bytes + base.1.len() > MAX_KEPT {
            self.kept.clear();
            self.kept_bytes = 0;
        }
        self.kept_bytes += base.1.len();
        self.kept.insert(key, base.clone());
    }
}
