//! Flags to what the rooms want.

use crate::cli::Application;
use crate::exit::Exit;
use crate::output;
use model::App;
use std::collections::BTreeMap;
use std::path::Path;

/// `NAME=VALUE` and `STACK/NAME=VALUE` as options of the reader.
///
/// # Errors
/// A value without `=`, as an exit after it was said.
pub fn read_options(parameters: &[String], region: &str) -> Result<read::Options, Exit> {
    let mut given = BTreeMap::new();
    for parameter in parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            output::error(&format!("`--parameter {parameter}` has no `=`: write NAME=VALUE"));
            return Err(Exit::Usage);
        };
        let (stack, name) = name.split_once('/').map_or((None, name), |(stack, name)| (Some(stack.to_owned()), name));
        given.insert((stack, name.to_owned()), value.to_owned());
    }
    Ok(read::Options { region: region.to_owned(), parameters: given, ..read::Options::default() })
}

/// Reads an application; an exit when there is nothing to read, after that was said.
///
/// # Errors
/// [`Exit::Usage`] and [`Exit::Nothing`].
pub fn application(arguments: &Application) -> Result<(App, read::Options), Exit> {
    let options = read_options(&arguments.parameters, &arguments.region)?;
    let app = read::application(&arguments.path, &options);
    something(&app, &arguments.path)?;
    Ok((app, options))
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
