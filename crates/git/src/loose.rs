//! Loose objects: one zlib stream a file, with a header (gitrepository-layout(5)).

use crate::object::{Kind, Oid};
use crate::store::Read;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Where a loose object would stand; `None` when nothing plain does.
pub(crate) fn path(objects: &Path, id: &Oid) -> Option<PathBuf> {
    let name = id.to_string();
    let (folder, file) = name.split_at(2);
    let path = objects.join(folder).join(file);
    let plain = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| !meta.file_type().is_symlink());
    (fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()) && plain(path.parent()?)).then_some(path)
}

/// Reads a loose object of at most `most` bytes.
pub(crate) fn read(path: &Path, most: usize) -> Read {
    let Ok(file) = fs::File::open(path) else { return Read::Damaged };
    let mut bytes = Vec::new();
    let limit = most as u64 + 64;
    match flate2::read::ZlibDecoder::new(file).take(limit).read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(_) => return Read::Damaged,
    }
    let Some(end) = bytes.iter().take(32).position(|byte| *byte == 0) else { return Read::Damaged };
    let header = bytes.get(..end).unwrap_or_default();
    let mut words = header.split(|byte| *byte == b' ');
    let kind = words.next().and_then(Kind::of_word);
    let size = words.next().and_then(|size| std::str::from_utf8(size).ok()?.parse::<usize>().ok());
    let (Some(kind), Some(size)) = (kind, size) else { return Read::Damaged };
    let body = bytes.split_off(end + 1);
    if size > most {
        return Read::Large { head: body };
    }
    if body.len() == size { Read::Object(kind, body.into()) } else { Read::Damaged }
}
