//! A scratch copy of an application, with its fixes applied. The user's own files are never touched.

use model::{Files, Fix};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that belong to tools and are not copied.
const LEFT_OUT: [&str; 5] = [".git", "node_modules", ".aws-sam", ".sekisho", "target"];

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// A file could not be copied.
    #[error("cannot copy {}: {error}", path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A fix could not be applied.
    #[error("the fixes do not apply: {0}")]
    Fix(#[from] edit::EditError),
}

/// Copies the folder `root` into `to` and applies the fixes there. Symbolic links are left out: nothing that is
/// read may lead outside.
///
/// # Errors
/// When a file cannot be copied, or the fixes contradict each other.
pub fn fixed_copy(root: &Path, to: &Path, fixes: &[&Fix]) -> Result<(), ScratchError> {
    copy(root, to)?;
    let folder = read::Folder::new(root);
    let changed = edit::apply(&|file| String::from_utf8(folder.read(file).ok()?).ok(), fixes)?;
    edit::write(to, &changed)?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), ScratchError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |error| ScratchError::Copy { path, error }
    };
    fs::create_dir_all(to).map_err(fail(to))?;
    for entry in fs::read_dir(from).map_err(fail(from))? {
        let entry = entry.map_err(fail(from))?;
        let kind = entry.file_type().map_err(fail(&entry.path()))?;
        let target = to.join(entry.file_name());
        if kind.is_dir() && !LEFT_OUT.contains(&&*entry.file_name().to_string_lossy()) {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).map_err(fail(&entry.path()))?;
        }
    }
    Ok(())
}
