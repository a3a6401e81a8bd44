//! The functions' source: which files belong to the application, and what `code` makes of them.

use crate::files::Folder;
use model::{App, Files, Source, Trouble};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Source, manifests and SQL: what findings quote and fixes change.
const EXTENSIONS: [&str; 14] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".py", ".sql", ".rb", ".go", ".java", ".cs"];
const MANIFESTS: [&str; 8] = [
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "requirements.txt",
    "Pipfile.lock",
    "pyproject.toml",
];

/// Reads the source below each function's code folder, and SQL files wherever they stand.
pub(crate) fn read(app: &mut App, files: &Folder, troubles: &mut Vec<Trouble>) {
    let folders: BTreeSet<String> = app.aws().functions.values().filter_map(|function| function.code.clone()).collect();
    let below = |path: &str| {
        folders
            .iter()
            .any(|folder| folder.is_empty() || path.strip_prefix(folder.as_str()).is_some_and(|r| r.starts_with('/') || r.is_empty()))
    };
    for path in files.list("").unwrap_or_default() {
        let name = path.rsplit('/').next().unwrap_or(&path);
        let wanted = EXTENSIONS.iter().any(|extension| name.ends_with(extension)) || MANIFESTS.contains(&name);
        if !(wanted && below(&path) || name.ends_with(".sql")) || app.sources.contains_key(path.as_str()) {
            continue;
        }
        match files.read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let path: Arc<str> = path.into();
                app.sources.insert(path.clone(), Source { path, text: text.into() });
            }
            Ok(Err(_)) => {
                let place = model::Place::new(path.as_str(), 1, 1);
                troubles.push(crate::document::trouble(format!("{path} is not UTF-8 text"), place, "save it as UTF-8"));
            }
            Err(trouble) => troubles.push(trouble),
        }
    }
}
