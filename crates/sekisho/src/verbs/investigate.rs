//! `sekisho investigate`.

use crate::cli::{Format, Investigate};
use crate::exit::Exit;
use crate::output;
use investigate::{Rules, blast};
use model::radius::Radius;
use model::{Alert, Severity};
use report::{Looked, Style};
use std::io;
use std::path::Path;

/// Runs the risks' rules, and those of the user, over logs.
pub fn run(arguments: &Investigate, style: Style) -> Exit {
    if let Some(missing) = arguments.logs.iter().find(|path| !path.exists()) {
        output::error(&format!("nothing to read: {} does not exist", missing.display()));
        return Exit::Nothing;
    }
    let mut rules = Rules::of_risks();
    if let Some(folder) = &arguments.rules {
        rules.add_folder(&read::Folder::new(folder), "");
    }
    let mut events = read::log::open(&arguments.logs, read::log::Limits::default());
    let report = investigate::run(&mut events, &rules);
    let looked = Looked {
        events: report.counts.events.iter().map(|(log, count)| ((*log).to_owned(), *count)).collect(),
        rules: report.counts.rules,
        files: events.files(),
        first: report.counts.first,
        last: report.counts.last,
    };
    let mut not_assessed = report.not_assessed;
    not_assessed.extend(events.into_troubles());
    let radii = match arguments.account.as_ref().map(|account| radii(arguments, account, &report.alerts)).transpose() {
        Ok(radii) => radii,
        Err(exit) => return exit,
    };
    let mut out = io::stdout().lock();
    let result = match (arguments.format, &radii) {
        (Format::Terminal, radii) => report::terminal::investigate(&mut out, &report.alerts, &not_assessed, &looked, &style)
            .and_then(|()| report::terminal::radii(&mut out, radii.as_deref().unwrap_or_default(), &style)),
        (Format::Json, Some(radii)) => report::json::investigate_with_radii(&mut out, &report.alerts, &not_assessed, &looked, radii),
        (Format::Json, None) => report::json::investigate(&mut out, &report.alerts, &not_assessed, &looked),
    };
    drop(out);
    let exit = if looked.events.iter().all(|(_, count)| *count == 0) {
        Exit::Nothing
    } else if arguments.strict && !not_assessed.is_empty() {
        Exit::Unfinished
    } else if report.alerts.iter().any(|alert| alert.severity >= Severity::Medium) {
        Exit::Found
    } else {
        Exit::Clean
    };
    output::written(result, exit)
}

/// What the principals of the alerts could have done, and what of it the logs show.
fn radii(arguments: &Investigate, account: &Path, alerts: &[Alert]) -> Result<Vec<Radius>, Exit> {
    let read = super::iam::input::account(account)?;
    let members = blast::principals(alerts, &read.account);
    let events = read::log::open(&arguments.logs, read::log::Limits::default());
    let seen = blast::Seen::of(events, &members);
    Ok(blast::radii(&read.account, read.app.as_ref(), &members, &seen))
}
