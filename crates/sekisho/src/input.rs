//! Flags to what the rooms want.

use crate::cli::Application;
use crate::exit::Exit;
use crate::output;
use model::{App, Trouble};
use scan::Config;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// Region of an application that names none.
const REGION: &str = "us-east-1";

/// What the application's `sekisho.toml` says, or the file that is named instead; nothing where there is none.
///
/// # Errors
/// [`Exit::Usage`] for a file that is wrong or unreadable, or named and missing, after that was said.
pub fn config(application: &Path, named: Option<&Path>) -> Result<Config, Exit> {
    let beside = folder(application).join(scan::config::FILE);
    let path = named.unwrap_or(&beside);
    match text(path, named.is_some())? {
        Some(text) => Config::read(&path.display().to_string(), &text).map_err(wrong),
        None => Ok(Config::default()),
    }
}

/// The folder that an application's paths are relative to.
pub fn folder(path: &Path) -> &Path {
    if path.is_file() { path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")) } else { path }
}

/// The text of a file; `None` when it is missing and need not be there.
///
/// # Errors
/// [`Exit::Usage`], after it was said why.
pub fn text(path: &Path, must: bool) -> Result<Option<String>, Exit> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if !must && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            output::error(&format!("{} could not be read: {error}; name a file that can be", path.display()));
            Err(Exit::Usage)
        }
    }
}

/// Says what is wrong with a file that the user wrote.
pub fn wrong(trouble: Trouble) -> Exit {
    output::error(&format!("{}: {}; {}", trouble.place, trouble.says, trouble.help));
    Exit::Usage
}

/// Options of the reader: what the command line says (`NAME=VALUE`, `STACK/NAME=VALUE`), else what the configuration does.
///
/// # Errors
/// [`Exit::Usage`] for a value without `=`, after that was said.
pub fn options(arguments: &Application, config: &Config) -> Result<read::Options, Exit> {
    let region = arguments.region.as_deref().or(config.region.as_deref()).unwrap_or(REGION).to_owned();
    let mut given = BTreeMap::new();
    let mut give = |name: &str, value: &str| {
        let (stack, name) = name.split_once('/').map_or((None, name), |(stack, name)| (Some(stack.to_owned()), name));
        given.insert((stack, name.to_owned()), value.to_owned());
    };
    config.parameters.iter().for_each(|(name, value)| give(name, value));
    for parameter in &arguments.parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            output::error(&format!("`--parameter {parameter}` has no `=`: write NAME=VALUE"));
            return Err(Exit::Usage);
        };
        give(name, value);
    }
    let advisories = crate::verbs::db::store(arguments.db.as_deref())?;
    Ok(read::Options { region, parameters: given, advisories, ..read::Options::default() })
}

/// Reads an application as the command line and its `sekisho.toml` say; an exit when there is nothing to read, after that
/// was said.
///
/// # Errors
/// [`Exit::Usage`] and [`Exit::Nothing`].
pub fn application(arguments: &Application) -> Result<(App, read::Options), Exit> {
    let (app, _, options) = reading(arguments, &config(&arguments.path, None)?)?;
    Ok((app, options))
}

/// The same, with a configuration that was read already; and what takes its open conditions both ways.
///
/// # Errors
/// [`Exit::Usage`] and [`Exit::Nothing`].
pub fn reading(arguments: &Application, config: &Config) -> Result<(App, read::Reading, read::Options), Exit> {
    let options = options(arguments, config)?;
    let (app, reading) = read::reading(&arguments.path, &options);
    something(&app, &arguments.path)?;
    Ok((app, reading, options))
}

/// Whether there is an application at all.
///
/// # Errors
/// [`Exit::Nothing`], or [`Exit::Unfinished`] when what is there could not be read.
pub fn something(app: &App, path: &Path) -> Result<(), Exit> {
    if app.resources().next().is_some() {
        return Ok(());
    }
    for trouble in &app.troubles {
        output::error(&format!("{}: {}; {}", trouble.place, trouble.says, trouble.help));
    }
    if app.sources.is_empty() {
        output::error(&format!("nothing to read in {}: name a folder with a SAM or CloudFormation template", path.display()));
        return Err(Exit::Nothing);
    }
    Err(Exit::Unfinished)
}
