//! Log files as bounded streams of bytes: walks folders, undoes gzip, stops at a bomb. Never follows a
//! symbolic link out of a folder that the user named, never reads a file whole.

use super::Limits;
use flate2::bufread::MultiGzDecoder;
use model::{Place, Trouble};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file to read: the name it has in places, and where it is.
#[derive(Clone, Debug)]
pub(super) struct LogFile {
    pub name: Arc<str>,
    pub path: PathBuf,
}

/// All files under the paths, each once, sorted by name. A path that cannot be read is a trouble.
pub(super) fn list(paths: &[PathBuf], troubles: &mut Vec<Trouble>) -> Vec<LogFile> {
    let mut files = Vec::new();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => walk(path, &mut files, troubles, 0),
            Ok(_) => files.push(named(path)),
            Err(error) => troubles.push(trouble(path, &error)),
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    files
}

/// Deeper than any delivery prefix; a bound, so that a loop of mounts ends.
const MAX_DEPTH: u32 = 32;

fn walk(folder: &Path, files: &mut Vec<LogFile>, troubles: &mut Vec<Trouble>, depth: u32) {
    if depth > MAX_DEPTH {
        troubles.push(Trouble {
            says: format!("folders are nested deeper than {MAX_DEPTH}"),
            place: Place::new(name(folder), 1, 1),
            help: "name the inner folder itself".into(),
        });
        return;
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return troubles.push(trouble(folder, &error)),
    };
    for entry in entries {
        let kind = entry.as_ref().map_err(|e| e.kind()).and_then(|e| e.file_type().map_err(|e| e.kind()));
        match (entry, kind) {
            (Ok(entry), Ok(kind)) if kind.is_dir() => walk(&entry.path(), files, troubles, depth + 1),
            (Ok(entry), Ok(kind)) if kind.is_file() => files.push(named(&entry.path())),
            // A link could lead anywhere; whoever wants the file behind it names it.
            (Ok(entry), Ok(kind)) if kind.is_symlink() => troubles.push(Trouble {
                says: "a symbolic link was not followed".into(),
                place: Place::new(name(&entry.path()), 1, 1),
                help: "name the file it leads to, if its logs belong to the case".into(),
            }),
            (Ok(_), Ok(_)) => {}
            (Ok(entry), Err(error)) => troubles.push(trouble(&entry.path(), &error.into())),
            (Err(error), _) => troubles.push(trouble(folder, &error)),
        }
    }
}

fn named(path: &Path) -> LogFile {
    LogFile { name: name(path), path: path.to_owned() }
}

fn name(path: &Path) -> Arc<str> {
    let text = path.to_string_lossy();
    text.strip_prefix("./").unwrap_or(&text).into()
}

/// A trouble of the file as a whole.
pub(super) fn trouble(path: &Path, error: &io::Error) -> Trouble {
    Trouble {
        says: format!("cannot be read: {error}"),
        place: Place::new(name(path), 1, 1),
        help: "check the path and its permissions, then run again".into(),
    }
}

/// The bytes of a log, gunzipped where the content is gzip.
pub(super) type Stream = Box<dyn BufRead + Send>;

/// Opens a file; the content tells whether it is gzip.
pub(super) fn open(file: &LogFile, limits: Limits) -> io::Result<Stream> {
    let mut raw = BufReader::with_capacity(64 * 1024, File::open(&file.path)?);
    if raw.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        let inflate = Bounded { inner: MultiGzDecoder::new(raw), out: 0, limits, size: std::fs::metadata(&file.path)?.len() };
        return Ok(Box::new(BufReader::with_capacity(64 * 1024, inflate)));
    }
    Ok(Box::new(raw))
}

/// Counts what comes out of a decompressor and stops at a bomb.
struct Bounded<R> {
    inner: R,
    out: u64,
    size: u64,
    limits: Limits,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out += read as u64;
        let ratio = self.out / self.size.max(1);
        if self.out > self.limits.inflated_bytes && ratio > u64::from(self.limits.inflated_ratio) {
            return Err(io::Error::other(format!(
                "inflates to more than {ratio} times its size: a decompression bomb, the rest is not read"
            )));
        }
        Ok(read)
    }
}
