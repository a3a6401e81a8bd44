//! A copy of a function's code in which something was planted: the handler stands in a file of a given name, or has a comment. The code
//! itself is not touched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What Node.js loads as a module, as its runtime looks for them.
const MODULES: [&str; 3] = ["js", "mjs", "cjs"];

/// Where a handler stands.
struct Stands {
    /// Its folder below the code; empty for the code's own.
    folder: PathBuf,
    /// Its file, in that folder.
    stem: String,
    extension: &'static str,
    /// What of the file it is: `handler`, `api.handler`.
    export: String,
}

impl Stands {
    /// The file, below the code.
    fn file(&self, stem: &str) -> PathBuf {
        self.folder.join(format!("{stem}.{}", self.extension))
    }
}

/// Finds the file of a handler: `src/index.handler` in either language, `pkg.mod.handler` in Python, whose modules may be parted by
/// dots.
fn find(code: &Path, handler: &str) -> io::Result<Stands> {
    let wrong = || io::Error::new(io::ErrorKind::NotFound, format!("the handler {handler} names no file of the code"));
    let (folder, base) = handler.rsplit_once('/').unwrap_or(("", handler));
    let (stem, export) = base.split_once('.').ok_or_else(wrong)?;
    let beside = code.join(folder);
    if let Some(extension) = MODULES.into_iter().find(|extension| beside.join(format!("{stem}.{extension}")).is_file()) {
        return Ok(Stands { folder: folder.into(), stem: stem.to_owned(), extension, export: export.to_owned() });
    }
    let (module, function) = handler.rsplit_once('.').ok_or_else(wrong)?;
    let path = PathBuf::from(module.replace('.', "/"));
    let stem = path.file_name().and_then(|name| name.to_str()).ok_or_else(wrong)?.to_owned();
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let stands = Stands { folder, stem, extension: "py", export: function.to_owned() };
    if code.join(stands.file(&stands.stem)).is_file() { Ok(stands) } else { Err(wrong()) }
}

/// Copies `code` to `to`, with the file of `handler` (`src/index.handler`) once more under `name`; says what the handler is then
/// called.
///
/// # Errors
/// When the handler names no file of the code, or the copy cannot be made.
pub(crate) fn handler_file(code: &Path, to: &Path, handler: &str, name: &str) -> io::Result<String> {
    let stands = find(code, handler)?;
    copy(code, to)?;
    fs::copy(to.join(stands.file(&stands.stem)), to.join(stands.file(name)))?;
    Ok(stands.folder.join(format!("{name}.{}", stands.export)).display().to_string())
}

/// Copies `code` to `to`, with a comment in the file of `handler`.
///
/// # Errors
/// When the handler names no file of the code, or the copy cannot be made.
pub(crate) fn comment(code: &Path, to: &Path, handler: &str, says: &str) -> io::Result<()> {
    let stands = find(code, handler)?;
    copy(code, to)?;
    let file = to.join(stands.file(&stands.stem));
    let text = fs::read_to_string(&file)?;
    // What a first comment says of the file (its interpreter, its encoding) stays where it counts.
    let first = text.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
    let (head, rest) = text.split_at_checked(first).unwrap_or(("", &text));
    let mark = if stands.extension == "py" { "#" } else { "//" };
    let open = if head.is_empty() || head.ends_with('\n') { "" } else { "\n" };
    fs::write(&file, format!("{head}{open}{mark} {says}\n{rest}"))
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
        fs::create_dir_all(code.join("pkg")).unwrap();
        fs::write(code.join("pkg/mod.py"), "#!/usr/bin/python3\nx = 1\n").unwrap();
        for handler in ["pkg/mod.handler", "pkg.mod.handler"] {
            let to = root.path().join(handler.replace(['/', '.'], "-"));
            assert_eq!(handler_file(&code, &to, handler, "secret").unwrap(), "pkg/secret.handler");
            assert!(to.join("pkg/secret.py").is_file() && to.join("pkg/mod.py").is_file());
        }
        assert!(handler_file(&code, &root.path().join("other"), "src/none.handler", "secret").is_err());
    }

    #[test]
    fn the_handler_has_a_comment() {
        let root = tempfile::tempdir().unwrap();
        let (code, to) = (root.path().join("code"), root.path().join("copy"));
        fs::create_dir_all(&code).unwrap();
        for (file, handler, before, after) in [
            ("a.py", "a.handler", "x = 1\n", "# secret\nx = 1\n"),
            ("b.py", "b.handler", "#!/bin/sh\n# coding: utf-8\nx = 1\n", "#!/bin/sh\n# coding: utf-8\n# secret\nx = 1\n"),
            ("c.js", "c.handler", "exports.handler = 1", "// secret\nexports.handler = 1"),
            ("d.py", "d.handler", "# all", "# all\n# secret\n"),
        ] {
            fs::write(code.join(file), before).unwrap();
            comment(&code, &to, handler, "secret").unwrap();
            assert_eq!(fs::read_to_string(to.join(file)).unwrap(), after, "{file}");
        }
    }
}
