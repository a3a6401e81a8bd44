//! `sekisho prove`.

use crate::cli::{Format, Prove};
use crate::exit::Exit;
use crate::{input, output};
use model::{Proof, Row};
use report::Style;
use std::io;

/// Runs all four proofs and prints the ledger.
pub fn run(arguments: &Prove, style: Style) -> Exit {
    let application = &arguments.application;
    if let Some(unknown) = arguments.risks.iter().find(|slug| risks::by_slug(slug).is_none()) {
        output::error(&format!("there is no risk `{unknown}`; `sekisho explain` lists them"));
        return Exit::Usage;
    }
    if application.path.is_file() {
        output::error("prove runs the application: name its folder, not one template");
        return Exit::Usage;
    }
    let read = match input::config(&application.path, None).and_then(|config| input::options(application, &config)) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let options =
        prove::Options { root: application.path.clone(), read, offline: arguments.running.offline, risks: arguments.risks.clone() };
    let proved = prove::prove(&options, &output::says);
    if let Err(exit) = input::something(&proved.app, &application.path) {
        return exit;
    }
    let mut out = io::stdout().lock();
    let style = output::linked(style, &application.path);
    let result = match arguments.format {
        Format::Terminal => report::terminal::prove(&mut out, &proved.ledger, &proved.not_assessed, &style),
        Format::Json => report::json::prove(&mut out, &proved.ledger, &proved.not_assessed),
    };
    drop(out);
    let any = |wanted: Proof| proved.ledger.ledger.iter().any(|row| cells(row).contains(&wanted));
    let exit = if any(Proof::No) {
        Exit::Found
    } else if any(Proof::NotAssessed) || (application.strict && !proved.not_assessed.is_empty()) {
        Exit::Unfinished
    } else {
        Exit::Clean
    };
    output::written(result, exit)
}

fn cells(row: &Row) -> [Proof; 4] {
    [row.found, row.exploited, row.blocked, row.detected]
}
