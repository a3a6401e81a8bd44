//! Changes to disk: each file by a temporary file beside it and a rename; all are prepared before the first is put in
//! place, and put back when a later one fails.

use crate::{Changed, EditError};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

/// Writes changes below `root`, keeping each file's permissions.
///
/// # Errors
/// When a path leads outside the root or through a symbolic link, when a file is not as it was read, or when the file
/// system fails. Files put in place before the failure are put back as they were.
pub fn write(root: &Path, changes: &[Changed]) -> Result<(), EditError> {
    let mut prepared: Vec<Prepared<'_>> = Vec::new();
    for change in changes {
        match prepare(root, change) {
            Ok(file) => prepared.push(file),
            Err(error) => {
                discard(&prepared);
                return Err(error);
            }
        }
    }
    for (at, file) in prepared.iter().enumerate() {
        if let Err(source) = fs::rename(&file.temporary, &file.target) {
            put_back(prepared.get(..at).unwrap_or_default());
            discard(prepared.get(at..).unwrap_or_default());
            return Err(EditError::Io { file: file.change.file.clone(), source });
        }
    }
    Ok(())
}

/// A file whose new content stands beside it.
struct Prepared<'a> {
    change: &'a Changed,
    target: PathBuf,
    temporary: PathBuf,
}

fn prepare<'a>(root: &Path, change: &'a Changed) -> Result<Prepared<'a>, EditError> {
    let refuse = |why| EditError::Refused { file: change.file.clone(), why };
    let failed = |source| EditError::Io { file: change.file.clone(), source };
    let target = inside(root, &change.file).ok_or_else(|| refuse("it is outside the folder, or behind a symbolic link"))?;
    match (fs::read(&target), &change.before) {
        (Ok(bytes), Some(before)) if bytes == before.as_bytes() => {}
        (Ok(_), Some(_)) => return Err(refuse("it was changed after it was read")),
        (Ok(_), None) => return Err(refuse("it exists already")),
        (Err(error), None) if error.kind() == io::ErrorKind::NotFound => {}
        (Err(error), _) => return Err(failed(error)),
    }
    let name = target.file_name().ok_or_else(|| refuse("it is not a file name"))?.to_string_lossy().into_owned();
    let folder = target.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(failed)?;
    let temporary = folder.join(format!(".{name}.sekisho-{}", std::process::id()));
    let prepared = Prepared { change, target, temporary };
    fill(&prepared).map_err(|source| {
        discard(std::slice::from_ref(&prepared));
        failed(source)
    })?;
    Ok(prepared)
}

fn fill(prepared: &Prepared<'_>) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&prepared.temporary)?;
    file.write_all(prepared.change.after.as_bytes())?;
    if prepared.change.before.is_some() {
        file.set_permissions(fs::metadata(&prepared.target)?.permissions())?;
    }
    file.sync_all()
}

/// The path on disk; nothing when it climbs out of the root or goes through a symbolic link.
fn inside(root: &Path, file: &str) -> Option<PathBuf> {
    let mut full = root.to_owned();
    for component in Path::new(file).components() {
        let Component::Normal(part) = component else { return None };
        full.push(part);
        if fs::symlink_metadata(&full).is_ok_and(|meta| meta.file_type().is_symlink()) {
            return None;
        }
    }
    Some(full)
}

// Failures here have no better answer than the error that is already on its way to the caller.
fn discard(prepared: &[Prepared<'_>]) {
    for file in prepared {
        drop(fs::remove_file(&file.temporary));
    }
}

fn put_back(placed: &[Prepared<'_>]) {
    for file in placed {
        drop(match &file.change.before {
            Some(before) => fs::write(&file.target, before),
            None => fs::remove_file(&file.target),
        });
    }
}
