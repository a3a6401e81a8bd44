//! Rules of the user's own: their files, read and checked before anything is scanned.

use super::arguments::Scan;
use crate::exit::Exit;
use crate::{input, output};
use model::{App, Files};
use rules::RuleFile;
use scan::{Config, Own};
use std::path::{Path, PathBuf};

/// The files that `--rules` and `sekisho.toml` name, in order; each can be read.
///
/// # Errors
/// [`Exit::Usage`] for what is missing, unreadable or wrong, after that was said.
pub fn rules(arguments: &Scan, root: &Path, config: &Config) -> Result<Vec<RuleFile>, Exit> {
    let beside = arguments.config.as_deref().and_then(Path::parent).unwrap_or(root);
    let named = arguments.rules.iter().cloned().chain(config.rules.iter().map(|path| beside.join(path)));
    let mut files = Vec::new();
    for path in named {
        for path in below(&path)? {
            let name = path.display().to_string();
            let file = RuleFile { text: input::text(&path, true)?.unwrap_or_default(), name };
            rules::check(&file).map_err(input::wrong)?;
            files.push(file);
        }
    }
    Ok(files)
}

/// A file, or the files of a folder that Guard takes for rules.
fn below(path: &Path) -> Result<Vec<PathBuf>, Exit> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let listed = read::Folder::new(path).list("").map_err(input::wrong)?;
    let found: Vec<PathBuf> =
        listed.iter().filter(|name| name.ends_with(".guard") || name.ends_with(".ruleset")).map(|name| path.join(name)).collect();
    if found.is_empty() {
        output::error(&format!("{} holds no rules: they are files that end with .guard or .ruleset", path.display()));
        return Err(Exit::Usage);
    }
    Ok(found)
}

/// What the rules say of an application.
pub fn judge(app: &App, files: &[RuleFile]) -> Own {
    let judged = rules::judge(app, files);
    Own { findings: judged.findings, asked: judged.rules, not_assessed: judged.not_assessed }
}
