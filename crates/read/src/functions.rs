//! The functions' source: which files belong to the application, and what `code` makes of them.

use crate::application::Options;
use crate::document::trouble;
use crate::files::Folder;
use crate::inline::Templates;
use crate::lockfile;
use code::FunctionSource;
use model::code::Code;
use model::{App, Files, Place, Source, Trouble};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Source and SQL: what findings quote and fixes change.
const EXTENSIONS: [&str; 14] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".py", ".sql", ".rb", ".go", ".java", ".cs"];

/// Files of names and values, beside code.
const SETTINGS: [&str; 11] = [".yaml", ".yml", ".json", ".env", ".properties", ".ini", ".cfg", ".conf", ".toml", ".xml", ".sh"];

/// Reads the source below each function's code folder, and SQL files wherever they stand; then what the code does.
pub(crate) fn read(app: &mut App, files: &Folder, options: &Options, troubles: &mut Vec<Trouble>) {
    let mut sources = Vec::new();
    let mut templates = Templates::default();
    for function in app.aws().functions.values() {
        let mut add = |root: String, inline: Option<code::Inline>| {
            sources.push(FunctionSource {
                id: function.id.clone(),
                runtime: function.runtime.clone(),
                handler: function.handler.clone(),
                root,
                environment: function.environment.clone(),
                inline,
            });
        };
        let inline = app.resource(&function.id).and_then(|resource| templates.inline(app, resource));
        match (&function.code, inline) {
            (Some(root), _) => add(root.clone(), None),
            // A folder that no file system has: the template's name is a file's.
            (None, Some(Ok(inline))) => add(format!("{}/{}", function.place.file, function.id.logical), Some(inline)),
            (None, Some(Err(unknown))) => troubles.push(unknown),
            (None, None) => {
                let says = format!("the code of {} is not in a folder here: what it does is not assessed", function.id);
                troubles.push(trouble(says, function.place.clone(), "keep the source beside the template"));
            }
        }
    }
    let paths = files.list("").unwrap_or_default();
    texts(app, files, &paths, &sources, troubles);
    let recorder = Recorder { files, sources: RefCell::new(std::mem::take(&mut app.sources)) };
    let (code, unread) = code::analyse(&sources, &recorder);
    let mut code = code;
    let folders = folders(&sources);
    let beside: Vec<String> = paths.iter().filter(|path| !is_below(&folders, path)).cloned().collect();
    let (unnamed, imports_beside, unread_beside) = code::unnamed_authorizers(&beside, files);
    troubles.extend(unread_beside);
    for handler in unnamed.values() {
        for path in &handler.files {
            let _ = recorder.read(path);
        }
    }
    code.unnamed = unnamed;
    code.imports.extend(imports_beside);
    code.imports.sort_by(|a, b| (&a.place, &a.package).cmp(&(&b.place, &b.package)));
    code.imports.dedup();
    app.sources = recorder.sources.into_inner();
    secrets(app, &mut code, &paths, files, troubles);
    app.code = Arc::new(code);
    troubles.extend(unread);
    lockfile::read(app, files, &paths, &options.advisories, troubles);
}

fn texts(app: &mut App, files: &Folder, paths: &[String], functions: &[FunctionSource], troubles: &mut Vec<Trouble>) {
    let folders = folders(functions);
    for path in paths {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_source = EXTENSIONS.iter().any(|extension| name.ends_with(extension));
        if !(is_source && is_below(&folders, path) || name.ends_with(".sql")) || app.sources.contains_key(path.as_str()) {
            continue;
        }
        match files.read(path).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let path: Arc<str> = path.as_str().into();
                app.sources.insert(path.clone(), Source { path, text: text.into() });
            }
            Ok(Err(_)) => {
                troubles.push(trouble(format!("{path} is not UTF-8 text"), Place::new(path.as_str(), 1, 1), "save it as UTF-8"));
            }
            Err(trouble) => troubles.push(trouble),
        }
    }
}

/// Searches templates, settings and data that are no code for secrets. A value that the code holds too is the code's.
fn secrets(app: &mut App, code: &mut Code, paths: &[String], files: &Folder, troubles: &mut Vec<Trouble>) {
    let is_settings = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name == ".env" || name.starts_with(".env.") || SETTINGS.iter().any(|end| name.ends_with(end))
    };
    for path in paths.iter().filter(|path| is_settings(path)) {
        let Ok(bytes) = files.read(path) else { continue };
        match code::secrets_in(path, &bytes) {
            Ok(found) => {
                let new: Vec<_> = found.into_iter().filter(|s| !code.secrets.iter().any(|known| known.value == s.value)).collect();
                if let (false, Ok(text)) = (new.is_empty(), String::from_utf8(bytes)) {
                    let path: Arc<str> = path.as_str().into();
                    app.sources.entry(path.clone()).or_insert_with(|| Source { path, text: text.into() });
                }
                code.secrets.extend(new);
            }
            Err(trouble) => troubles.push(trouble),
        }
    }
    code.secrets.sort_by(|a, b| a.place.cmp(&b.place));
}

/// The code folders of functions.
fn folders(functions: &[FunctionSource]) -> BTreeSet<&str> {
    functions.iter().map(|function| function.root.as_str()).collect()
}

fn is_below(folders: &BTreeSet<&str>, path: &str) -> bool {
    folders.contains("") || path.match_indices('/').any(|(end, _)| path.get(..end).is_some_and(|above| folders.contains(above)))
}

/// Files that remembers the texts it gave, each read once.
struct Recorder<'a> {
    files: &'a Folder,
    sources: RefCell<BTreeMap<Arc<str>, Source>>,
}

impl Files for Recorder<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        if let Some(source) = self.sources.borrow().get(path) {
            return Ok(source.text.as_bytes().to_vec());
        }
        let bytes = self.files.read(path)?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let path: Arc<str> = path.into();
            self.sources.borrow_mut().insert(path.clone(), Source { path, text: text.into() });
        }
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Trouble> {
        self.files.list(folder)
    }
}
