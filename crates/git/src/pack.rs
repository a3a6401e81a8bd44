//! One pack and its index, version 2 of both (gitformat-pack(5)). Bytes are read where they are needed; nothing is mapped.

use crate::inflate;
use crate::object::{Kind, Oid};
use flate2::{Crc, Decompress};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Largest index that is read: some five million objects.
const MAX_INDEX: u64 = 256 << 20;
/// The index's signature, version 2.
const INDEX: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];

pub(crate) struct Pack {
    file: File,
    /// The whole index.
    index: Vec<u8>,
    objects: usize,
    /// Where each entry begins, in order, with the CRC-32 of its bytes; and where the last one ends.
    bounds: Vec<(u64, u32)>,
}

/// An entry of a pack, its stream still deflated.
pub(crate) struct Packed {
    pub what: What,
    /// Size of the inflated stream.
    pub size: usize,
    stream: Vec<u8>,
}

pub(crate) enum What {
    Whole(Kind),
    /// A delta against the entry at an offset of the same pack.
    Offset(u64),
    /// A delta against an object by its name.
    Name(Oid),
}

impl Pack {
    /// Opens a pack by the path of its index.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(index: &Path) -> Result<Self, &'static str> {
        let pack = index.with_extension("pack");
        let plain = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
        if !plain(index) || !plain(&pack) {
            return Err("has no pack beside it, or is behind a symbolic link");
        }
        if fs::metadata(index).map_or(u64::MAX, |meta| meta.len()) > MAX_INDEX {
            return Err("is larger than 256 MiB");
        }
        let index = fs::read(index).map_err(|_| "could not be read")?;
        let file = File::open(&pack).map_err(|_| "could not be read")?;
        let end = file.metadata().map_err(|_| "could not be read")?.len().checked_sub(20).ok_or("is cut off")?;
        let mut head = [0; 8];
        file.read_exact_at(&mut head, 0).map_err(|_| "is cut off")?;
        if head != *b"PACK\0\0\0\x02" || index.get(..8) != Some(&INDEX) {
            return Err("is not of version 2, the one that is read");
        }
        let objects = word(&index, 8 + 255 * 4).ok_or("is cut off")? as usize;
        let mut pack = Self { file, index, objects, bounds: Vec::with_capacity(objects.min(1 << 24) + 1) };
        for at in 0..objects {
            let offset = pack.offset(at).filter(|offset| *offset < end).ok_or("does not fit its pack")?;
            let sum = word(&pack.index, 8 + 1024 + objects * 20 + at * 4).ok_or("is cut off")?;
            pack.bounds.push((offset, sum));
        }
        pack.bounds.sort_unstable();
        pack.bounds.push((end, 0));
        Ok(pack)
    }

    /// Where an object's entry begins.
    pub fn find(&self, id: &Oid) -> Option<u64> {
        let bucket = usize::from(id.0[0]);
        let mut low = if bucket == 0 { 0 } else { word(&self.index, 8 + (bucket - 1) * 4)? as usize };
        let mut high = (word(&self.index, 8 + bucket * 4)? as usize).min(self.objects);
        while low < high {
            let middle = low + (high - low) / 2;
            let start = 8 + 1024 + middle * 20;
            match self.index.get(start..start + 20)?.cmp(&id.0) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset(middle),
            }
        }
        None
    }

    fn offset(&self, at: usize) -> Option<u64> {
        let small = 8 + 1024 + self.objects.checked_mul(24)?;
        let offset = word(&self.index, small.checked_add(at.checked_mul(4)?)?)?;
        if offset & 0x8000_0000 == 0 {
            return Some(u64::from(offset));
        }
        let large = small + self.objects * 4 + (offset & 0x7fff_ffff) as usize * 8;
        Some(u64::from(word(&self.index, large)?) << 32 | u64::from(word(&self.index, large + 4)?))
    }

    /// The entry at an offset; `None` for what is none.
    pub fn entry(&self, offset: u64) -> Option<Packed> {
        let at = self.bounds.binary_search_by_key(&offset, |(start, _)| *start).ok()?;
        let length = usize::try_from(self.bounds.get(at + 1)?.0.checked_sub(offset)?).ok()?;
        let mut stream = vec![0; length];
        self.file.read_exact_at(&mut stream, offset).ok()?;
        let mut sum = Crc::new();
        sum.update(&stream);
        if sum.sum() != self.bounds.get(at)?.1 {
            return None;
        }
        let (mut used, mut shift) = (1, 4u32);
        let first = *stream.first()?;
        let mut size = u64::from(first & 15);
        let mut byte = first;
        while byte & 0x80 != 0 {
            byte = *stream.get(used)?;
            size |= u64::from(byte & 0x7f).checked_shl(shift)?;
            (used, shift) = (used + 1, shift + 7);
        }
        let what = match first >> 4 & 7 {
            1 => What::Whole(Kind::Commit),
            2 => What::Whole(Kind::Tree),
            3 => What::Whole(Kind::Blob),
            4 => What::Whole(Kind::Tag),
            6 => {
                let mut byte = *stream.get(used)?;
                used += 1;
                let mut back = u64::from(byte & 0x7f);
                while byte & 0x80 != 0 {
                    byte = *stream.get(used)?;
                    used += 1;
                    back = back.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7f);
                }
                What::Offset(offset.checked_sub(back).filter(|base| *base < offset)?)
            }
            7 => {
                let id: [u8; 20] = stream.get(used..used + 20)?.try_into().ok()?;
                used += 20;
                What::Name(Oid(id))
            }
            _ => return None,
        };
        stream.drain(..used);
        Some(Packed { what, size: usize::try_from(size).ok()?, stream })
    }
}

impl Packed {
    /// The stream, inflated.
    pub fn inflate(&self, state: &mut Decompress) -> Option<Vec<u8>> {
        inflate::whole(state, &self.stream, self.size)
    }

    /// Its first bytes.
    pub fn head(&self, state: &mut Decompress, most: usize) -> Option<Vec<u8>> {
        inflate::head(state, &self.stream, most)
    }
}

/// A big-endian number of four bytes.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
