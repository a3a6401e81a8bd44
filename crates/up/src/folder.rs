//! The state folder `.sekisho/`: mode 0700, ignores itself in git, one process at a time.
//!
//! Never follows a symbolic link to get there: a stranger's repository must not choose where state is written.

use crate::error::UpError;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What `--fresh` removes. Installed packages and the runtimes' SDKs stay.
const STATE: [&str; 9] =
    ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "journal.jsonl", "logs", "mail", "database", "credentials", "ca"];

/// The state folder, held by this process until dropped.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there and takes its lock.
    ///
    /// # Errors
    /// [`UpError::Folder`] when it is a link, belongs to somebody else or cannot be written;
    /// [`UpError::Locked`] when another process holds it.
    pub fn open(path: &Path) -> Result<Self, UpError> {
        let wrong = |why: String| UpError::Folder { path: path.to_path_buf(), why };
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_symlink() => return Err(wrong("it is a symbolic link".into())),
            Ok(found) if !found.is_dir() => return Err(wrong("it is not a folder".into())),
            Ok(_) => {}
            Err(_) => DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| wrong(e.to_string()))?,
        }
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(|e| wrong(e.to_string()))?;
        let path = path.canonicalize().map_err(|e| wrong(e.to_string()))?;
        let lock = take(&path)?;
        private_file(&path.join(".gitignore"), b"*\n").map_err(|e| wrong(e.to_string()))?;
        Ok(Self { path, _lock: lock })
    }

    /// Removes the state of earlier runs.
    ///
    /// # Errors
    /// [`UpError::Folder`] when something of it cannot be removed.
    pub fn wipe(&self) -> Result<(), UpError> {
        for name in STATE {
            let path = self.path.join(name);
            remove(&path).map_err(|e| UpError::Folder { path, why: e.to_string() })?;
        }
        Ok(())
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder below it, made with mode 0700 when it is not there.
    ///
    /// # Errors
    /// [`UpError::Folder`] when it cannot be made or is a link.
    pub fn below(&self, name: &str) -> Result<PathBuf, UpError> {
        let path = self.path.join(name);
        let wrong = |why: String| UpError::Folder { path: path.clone(), why };
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink()) {
            return Err(wrong("it is a symbolic link".into()));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|e| wrong(e.to_string()))?;
        Ok(path)
    }
}

/// Takes the lock file, and writes this process's id into it for whoever comes next.
fn take(folder: &Path) -> Result<File, UpError> {
    let wrong = |why: String| UpError::Folder { path: folder.to_path_buf(), why };
    let mut file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
        .open(folder.join("lock"))
        .map_err(|e| wrong(e.to_string()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            // The holder's id is a courtesy; without it the message is still right.
            let _ = file.read_to_string(&mut holder);
            return Err(UpError::Locked { path: folder.to_path_buf(), pid: holder.trim().parse().ok() });
        }
        Err(TryLockError::Error(e)) => return Err(wrong(e.to_string())),
    }
    let written = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).and_then(|_| writeln!(file, "{}", std::process::id()));
    written.map_err(|e| wrong(e.to_string()))?;
    Ok(file)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

/// The given options with mode 0600 and without following a link at the end of the path.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW)
}

/// Writes a file whole with mode 0600: a temporary one beside it, then a rename.
pub(crate) fn private_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true)).open(&temporary)?;
    file.write_all(bytes)?;
    fs::rename(&temporary, path)
}

/// Whether only the owner can read the file.
pub(crate) fn is_private(path: &Path) -> std::io::Result<bool> {
    Ok(fs::metadata(path)?.mode() & 0o077 == 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn made_private_locked_and_wiped() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(".sekisho");
        let first = Folder::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::read_to_string(path.join(".gitignore")).unwrap(), "*\n");
        let refused = Folder::open(&path).unwrap_err();
        assert!(matches!(refused, UpError::Locked { pid: Some(pid), .. } if pid == std::process::id()), "{refused}");
        fs::write(path.join("state.sqlite"), "x").unwrap();
        fs::create_dir(path.join("packages")).unwrap();
        drop(first);
        Folder::open(&path).unwrap().wipe().unwrap();
        assert!(!path.join("state.sqlite").exists() && path.join("packages").exists());
    }

    #[test]
    fn a_link_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(root.path().join("elsewhere"), root.path().join(".sekisho")).unwrap();
        let refused = Folder::open(&root.path().join(".sekisho")).unwrap_err();
        assert!(refused.to_string().contains("symbolic link"), "{refused}");
    }
}
