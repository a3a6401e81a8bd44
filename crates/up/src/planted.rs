//! A copy of a function's code in which the handler stands in a file of a given name. The code itself is not touched.

use std::fs;
use std::io;
use std::path::Path;

/// What Node.js loads as a module, as its runtime looks for them.
const MODULES: [&str; 4] = ["js", "mjs", "cjs", "py"];

/// Copies `code` to `to`, with the file of `handler` (`src/index.handler`) once more under `name`; says what the handler is then
/// called.
///
/// # Errors
/// When the handler names no file of the code, or the copy cannot be made.
pub(crate) fn handler_file(code: &Path, to: &Path, handler: &str, name: &str) -> io::Result<String> {
    let wrong = || io::Error::new(io::ErrorKind::NotFound, format!("the handler {handler} names no file of the code"));
    let (folder, base) = handler.rsplit_once('/').map_or(("", handler), |(folder, base)| (folder, base));
    let (stem, export) = base.split_once('.').ok_or_else(wrong)?;
    copy(code, to)?;
    let beside = to.join(folder);
    let extension = MODULES.iter().find(|extension| beside.join(format!("{stem}.{extension}")).is_file()).ok_or_else(wrong)?;
    fs::copy(beside.join(format!("{stem}.{extension}")), beside.join(format!("{name}.{extension}")))?;
    let named = format!("{name}.{export}");
    Ok(if folder.is_empty() { named } else { format!("{folder}/{named}") })
}

/// Files and folders with their modes; what was installed for a function holds no links that lead out.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_handler_stands_in_both_files() {
        let root = tempfile::tempdir().unwrap();
        let (code, to) = (root.path().join("code"), root.path().join("copy"));
        fs::create_dir_all(code.join("src")).unwrap();
        fs::write(code.join("src/index.mjs"), "1").unwrap();
        assert_eq!(handler_file(&code, &to, "src/index.api.handler", "secret").unwrap(), "src/secret.api.handler");
        assert_eq!(fs::read_to_string(to.join("src/secret.mjs")).unwrap(), "1");
        assert!(to.join("src/index.mjs").is_file() && !code.join("src/secret.mjs").exists());
        assert!(handler_file(&code, &root.path().join("other"), "src/none.handler", "secret").is_err());
    }
}
