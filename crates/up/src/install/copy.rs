//! A function's code copied below the state folder, under the hash of its content.
//!
//! Reads nothing outside the folder: a symbolic link that leads out is refused. What version control and package
//! managers keep is left out.

use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// Lambda's bound on unzipped code ("Lambda quotas": 250 MB).
const MOST_BYTES: u64 = 250 << 20;
/// A bound on files; far above what fits into a deployment package in practice.
const MOST_FILES: usize = 100_000;
/// A source file over this is not looked through for imports.
const LONGEST_SOURCE: u64 = 4 << 20;

/// The manifest of Python packages.
pub(super) const REQUIREMENTS: &str = "requirements.txt";

/// A copy.
#[derive(Clone, Debug)]
pub(super) struct Code {
    /// The copy.
    pub folder: PathBuf,
    /// Whether its manifest names packages to install.
    pub has_dependencies: bool,
    /// Packages of the AWS SDK that its source names and its manifest does not: `aws-sdk`, `@aws-sdk/client-dynamodb`.
    pub imports: BTreeSet<String>,
    /// Whether it has a `requirements.txt` that names something.
    pub has_requirements: bool,
    /// Whether its Python source imports the AWS SDK.
    pub imports_boto3: bool,
}

/// One file of the code.
struct Entry {
    /// Relative.
    path: PathBuf,
    content: Vec<u8>,
    executable: bool,
}

/// Copies the folder `relative` below `root` to `to`/hash, unless the same content is there already.
pub(super) fn code(root: &Path, relative: &str, to: &Path) -> io::Result<Code> {
    let refuse = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    let root = root.canonicalize()?;
    if Path::new(relative).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(refuse("leads out of the application's folder".to_owned()));
    }
    let folder = root.join(relative).canonicalize()?;
    if !folder.starts_with(&root) {
        return Err(refuse("leads out of the application's folder".to_owned()));
    }
    if !folder.is_dir() {
        return Err(refuse("is not a folder; only code in a folder can run here".to_owned()));
    }
    let manifest = fs::read(folder.join("package.json")).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let names = |key: &str| {
        manifest
            .as_ref()
            .and_then(|m| m.get(key))
            .and_then(|d| d.as_object())
            .map(|d| d.keys().cloned().collect::<BTreeSet<_>>())
            .unwrap_or_default()
    };
    let dependencies: BTreeSet<String> = names("dependencies").union(&names("optionalDependencies")).cloned().collect();
    let mut files = Vec::new();
    let mut size = 0;
    let has_dependencies = !dependencies.is_empty();
    // Modules that lie beside a manifest are installed anew, for this machine and without scripts.
    collect(&root, &folder, Path::new(""), has_dependencies, &mut files, &mut size)?;
    keep(files, &dependencies, to)
}

/// Writes the code that a template itself holds to `to`/hash, as the file that CloudFormation makes of it: `index` with the extension
/// of its language (AWS CloudFormation Template Reference, "AWS::Lambda::Function Code", `ZipFile`).
pub(super) fn inline(text: &str, extension: &str, to: &Path) -> io::Result<Code> {
    let path = Path::new("index").with_extension(extension);
    keep(vec![Entry { path, content: text.as_bytes().to_vec(), executable: false }], &BTreeSet::new(), to)
}

/// The files under their hash, unless they are there already.
fn keep(mut files: Vec<Entry>, dependencies: &BTreeSet<String>, to: &Path) -> io::Result<Code> {
    let has_dependencies = !dependencies.is_empty();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut hash = Sha256::new();
    let mut imports = BTreeSet::new();
    let mut imports_boto3 = false;
    for file in &files {
        let path = file.path.to_string_lossy();
        hash.update((path.len() as u64).to_be_bytes());
        hash.update(path.as_bytes());
        hash.update([u8::from(file.executable)]);
        hash.update((file.content.len() as u64).to_be_bytes());
        hash.update(&file.content);
        let source = matches!(file.path.extension().and_then(|e| e.to_str()), Some("js" | "mjs" | "cjs"));
        if source && file.content.len() as u64 <= LONGEST_SOURCE && !file.path.starts_with("node_modules") {
            imports.extend(sdk_imports(&String::from_utf8_lossy(&file.content)));
        }
        let python = file.path.extension().is_some_and(|extension| extension == "py");
        imports_boto3 |= python && file.content.len() as u64 <= LONGEST_SOURCE && imports_sdk(&String::from_utf8_lossy(&file.content));
    }
    let imports = imports.difference(dependencies).cloned().collect();
    let name: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let done = to.join(&name);
    if !done.is_dir() {
        write(&files, has_dependencies, &to.join(format!(".{name}.{}", std::process::id())), &done)?;
    }
    let requirements = fs::read_to_string(done.join(REQUIREMENTS)).unwrap_or_default();
    let has_requirements = requirements.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    Ok(Code { folder: done, has_dependencies, imports, has_requirements, imports_boto3 })
}

fn collect(root: &Path, folder: &Path, relative: &Path, installs: bool, files: &mut Vec<Entry>, size: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(folder.join(relative))? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_str(), Some(".git" | ".sekisho" | ".aws-sam")) || (installs && name == "node_modules") {
            continue;
        }
        let path = relative.join(&name);
        let full = folder.join(&path);
        let target = full.canonicalize().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let outside = || {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{} is a link that leads out of the application's folder", path.display()))
        };
        if entry.file_type()?.is_symlink() && !target.starts_with(root) {
            return Err(outside());
        }
        let metadata = fs::metadata(&target)?;
        if metadata.is_dir() {
            // A link to a folder above itself would never end.
            if entry.file_type()?.is_symlink() && folder.join(relative).canonicalize()?.starts_with(&target) {
                continue;
            }
            collect(root, folder, &path, installs, files, size)?;
        } else if metadata.is_file() {
            *size += metadata.len();
            if *size > MOST_BYTES || files.len() >= MOST_FILES {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "is over Lambda's 250 MB of code or 100,000 files"));
            }
            files.push(Entry { path, content: fs::read(&target)?, executable: metadata.permissions().mode() & 0o111 != 0 });
        }
    }
    Ok(())
}

/// Writes everything beside its place, then renames it there.
fn write(files: &[Entry], installs: bool, partial: &Path, done: &Path) -> io::Result<()> {
    let make = |path: &Path| {
        DirBuilder::new().recursive(true).mode(0o755).create(path)?;
        // The function's user is not ours: a strict umask must not lock it out.
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
    };
    if partial.exists() {
        fs::remove_dir_all(partial)?;
    }
    make(partial)?;
    let mut folders = BTreeSet::new();
    for file in files {
        for parent in file.path.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()).collect::<Vec<_>>().into_iter().rev() {
            if folders.insert(parent.to_owned()) {
                make(&partial.join(parent))?;
            }
        }
        let mode = if file.executable { 0o755 } else { 0o644 };
        let path = partial.join(&file.path);
        let mut out: File = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path)?;
        out.write_all(&file.content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    if installs {
        // Where the packages are mounted.
        make(&partial.join("node_modules"))?;
    }
    fs::rename(partial, done)
}

/// Whether a Python source imports boto3, or botocore below it.
fn imports_sdk(source: &str) -> bool {
    let modules = source.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("import ").or_else(|| line.strip_prefix("from "))
    });
    modules.flat_map(|modules| modules.split(',')).any(|module| {
        let name = module.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next();
        matches!(name, Some("boto3" | "botocore"))
    })
}

/// Packages of the AWS SDK that a source names in quotes.
fn sdk_imports(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, quote) in source.char_indices().filter(|(_, c)| matches!(c, '"' | '\'' | '`')) {
        let rest = source.get(at + 1..).unwrap_or_default();
        let name = rest.split(['"', '\'', '`', '\n']).next().unwrap_or_default();
        let closed = rest.get(name.len()..).is_some_and(|after| after.starts_with(quote));
        let allowed = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !closed {
            continue;
        }
        if name == "aws-sdk" || name.starts_with("aws-sdk/") {
            found.insert("aws-sdk".to_owned());
        } else if let Some(package) = name.strip_prefix("@aws-sdk/").and_then(|rest| rest.split('/').next())
            && allowed(package)
        {
            found.insert(format!("@aws-sdk/{package}"));
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_the_sdk() {
        let source = "const a = require('aws-sdk'); import { X } from \"@aws-sdk/client-dynamodb\";\nrequire('@aws-sdk/lib-dynamodb/dist'); // '@aws-sdk/../evil' \"@aws-sdk/open\n";
        assert_eq!(Vec::from_iter(sdk_imports(source)), ["@aws-sdk/client-dynamodb", "@aws-sdk/lib-dynamodb", "aws-sdk"]);
    }

    #[test]
    fn imports_of_boto3() {
        for (source, expected) in [
            ("import boto3", true),
            ("import os, boto3", true),
            ("def f():\n    from botocore.config import Config", true),
            ("import boto3_stubs\nfrom my import boto4", false),
            ("# import boto3\nname = 'import boto3'", false),
        ] {
            assert_eq!(imports_sdk(source), expected, "{source}");
        }
    }

    #[test]
    fn a_copy_by_content() {
        let root = tempfile::tempdir().unwrap();
        let (app, state) = (root.path().join("app"), root.path().join("state"));
        fs::create_dir_all(app.join("src/lib")).unwrap();
        fs::create_dir_all(app.join("src/node_modules/x")).unwrap();
        fs::write(app.join("src/index.js"), "require('@aws-sdk/client-s3'); require('aws-sdk')").unwrap();
        fs::write(app.join("src/lib/a.js"), "1").unwrap();
        fs::write(app.join("src/node_modules/x/index.js"), "1").unwrap();
        let plain = code(&app, "src", &state).unwrap();
        assert!(plain.folder.join("node_modules/x/index.js").exists() && !plain.has_dependencies);
        assert!(!plain.has_requirements && !plain.imports_boto3);
        assert_eq!(Vec::from_iter(plain.imports), ["@aws-sdk/client-s3", "aws-sdk"]);
        fs::write(app.join("src/package.json"), r#"{"dependencies":{"mysql":"*","@aws-sdk/client-s3":"^3"}}"#).unwrap();
        let packed = code(&app, "src", &state).unwrap();
        assert_ne!(packed.folder, plain.folder);
        assert!(packed.has_dependencies && !packed.folder.join("node_modules/x").exists());
        assert_eq!(Vec::from_iter(packed.imports), ["aws-sdk"], "what the manifest brings is not the runtime's");
        assert_eq!(code(&app, "src", &state).unwrap().folder, packed.folder);
        fs::write(app.join("src/requirements.txt"), "# none\n\n").unwrap();
        assert!(!code(&app, "src", &state).unwrap().has_requirements);
        fs::write(app.join("src/requirements.txt"), "# one\nrequests==2.31.0\n").unwrap();
        fs::write(app.join("src/app.py"), "import boto3\n").unwrap();
        let python = code(&app, "src", &state).unwrap();
        assert!(python.has_requirements && python.imports_boto3);
        assert_eq!(fs::metadata(packed.folder.join("lib")).unwrap().permissions().mode() & 0o777, 0o755);
    }

    #[test]
    fn nothing_outside_is_read() {
        let root = tempfile::tempdir().unwrap();
        let (app, state) = (root.path().join("app"), root.path().join("state"));
        fs::create_dir_all(app.join("src")).unwrap();
        fs::write(root.path().join("secret"), "s").unwrap();
        for folder in ["../", "..", "/etc", "src/../../x"] {
            assert!(code(&app, folder, &state).is_err(), "{folder}");
        }
        std::os::unix::fs::symlink("..", app.join("src/up")).unwrap();
        assert!(code(&app, "src", &state).is_ok(), "a loop ends");
        std::os::unix::fs::symlink(root.path().join("secret"), app.join("src/link")).unwrap();
        assert!(code(&app, "src", &state).unwrap_err().to_string().contains("leads out"));
        std::os::unix::fs::symlink(root.path(), app.join("whole")).unwrap();
        assert!(code(&app, "whole", &state).is_err());
    }
}
