//! On what terms to scan: configuration and baseline from disk.

use super::arguments::Scan;
use crate::exit::Exit;
use crate::input;
use scan::{Baseline, Config, Terms};

/// `--config`, else the `sekisho.toml` in the application's folder; `--baseline`.
///
/// # Errors
/// [`Exit::Usage`] for a file that is missing, unreadable or wrong, after that was said.
pub fn of(arguments: &Scan) -> Result<Terms, Exit> {
    let config = match arguments.isolated {
        true => Config::default(),
        false => input::config(&arguments.application.path, arguments.config.as_deref())?,
    };
    let baseline = match &arguments.baseline {
        Some(path) => {
            let text = input::text(path, true)?.unwrap_or_default();
            Some(Baseline::read(&path.display().to_string(), &text).map_err(input::wrong)?)
        }
        None => None,
    };
    // A catalogue's items are answered whole.
    let hygiene = arguments.hygiene || arguments.by.is_some() || config.hygiene;
    Ok(Terms { config, baseline, isolated: arguments.isolated, hygiene, ..Terms::default() })
}
