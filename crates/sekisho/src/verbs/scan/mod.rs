//! `sekisho scan`.

mod arguments;
mod form;
mod mend;
mod own;
mod terms;
mod watch;

pub use arguments::Scan;

use crate::cli::{Application, Verb};
use crate::exit::Exit;
use crate::{clock, input, output};
use arguments::Form;
use model::{App, Finding, Severity, Status};
use report::Style;
use scan::Baseline;
use scan::config::FailOn;
use std::io::{self, BufWriter, IsTerminal, Write as _};
use std::path::Path;

impl Verb {
    /// Bare `sekisho`: scan the current folder.
    pub fn scan_here() -> Self {
        let application = Application { path: ".".into(), parameters: Vec::new(), region: None, db: None, strict: false };
        Self::Scan(Scan {
            application,
            format: Form::Terminal,
            by: None,
            hygiene: false,
            history: false,
            rules: Vec::new(),
            date: None,
            fail_on: None,
            fix: None,
            diff: false,
            cut: None,
            baseline: None,
            write_baseline: None,
            config: None,
            isolated: false,
            watch: false,
        })
    }
}

/// Scans, prints, and mends where that is asked.
pub fn run(arguments: &Scan, style: Style) -> Exit {
    if !arguments.watch {
        return once(arguments, style);
    }
    let root = input::folder(&arguments.application.path);
    loop {
        let seen = watch::Seen::of(root);
        if io::stdout().is_terminal() {
            // Clears the screen (ECMA-48: CUP, ED), so that what stands there is the last result.
            print!("\x1b[H\x1b[2J");
        }
        once(arguments, style.clone());
        output::says("waiting for a change; end with Ctrl-C");
        seen.wait(root);
    }
}

fn once(arguments: &Scan, style: Style) -> Exit {
    let root = input::folder(&arguments.application.path);
    let mut terms = match terms::of(arguments) {
        Ok(terms) => terms,
        Err(exit) => return exit,
    };
    let rules = match own::rules(arguments, root, &terms.config) {
        Ok(rules) => rules,
        Err(exit) => return exit,
    };
    let (mut app, reading, mut options) = match input::reading(&arguments.application, &terms.config) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    options.judged_on.clone_from(&arguments.date);
    app.judged_on.clone_from(&arguments.date);
    terms.own = own::judge(&app, &rules);
    if arguments.history {
        read::history(root, &mut app);
    }
    app.troubles.extend(read::left(&app));
    let branches = reading.branches(&app).map(|read::Branch { condition, holds, app }| scan::Branch { condition, holds, app });
    let scanned = scan::scan_branches(&app, branches, risks::all(), &terms);
    if arguments.diff || arguments.fix.is_some() {
        return mend::run(arguments, root, &app, &options, &terms, &scanned.findings);
    }
    if let Some(from) = arguments.cut {
        return mend::cut(arguments, from.least(), &app, &options, &terms, &scanned.findings, &style);
    }
    if let Some(path) = &arguments.write_baseline {
        return written_baseline(path, &scanned.findings);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let result = form::write(&mut out, arguments, &app, &scanned, style, root).and_then(|()| out.flush());
    drop(out);
    if let Some(data) = &app.dependencies.data {
        let now = arguments.date.as_deref().and_then(clock::of).unwrap_or_else(clock::now);
        output::says(&crate::verbs::db::told(data, now));
    }
    let today = clock::day(clock::now());
    let ended = risks::runtime_end_of_life::since_read(&app, &today);
    if arguments.date.is_none() && ended > 0 {
        output::says(&format!("{ended} functions run on what was to end by today; scan with --date today to have it judged so"));
    }
    output::written(result, exit(arguments, &terms, &scanned))
}

fn exit(arguments: &Scan, terms: &scan::Terms, scanned: &scan::Scan) -> Exit {
    let fail_on = arguments.fail_on.map(FailOn::from).or(terms.config.fail_on).unwrap_or(FailOn::At(Severity::Low));
    let fails = |finding: &Finding| finding.status == Status::Found && fail_on.fails(finding.severity);
    if arguments.application.strict && !scanned.not_assessed.is_empty() {
        Exit::Unfinished
    } else if arguments.format != Form::Sarif && scanned.findings.iter().any(fails) {
        Exit::Found
    } else {
        Exit::Clean
    }
}

fn written_baseline(path: &Path, findings: &[Finding]) -> Exit {
    match output::write_file(path, &Baseline::write(findings)) {
        Ok(()) => {
            let kept = findings.iter().filter(|finding| finding.status != Status::Suppressed).count();
            output::says(&format!("{} holds {kept} findings; scan with --baseline to see new ones only", path.display()));
            Exit::Clean
        }
        Err(error) => output::unfinished(&format!("{} could not be written: {error}", path.display())),
    }
}

/// The texts as they were read: what the findings speak of.
fn text_of(app: &App) -> impl Fn(&str) -> Option<String> + '_ {
    |file| app.sources.get(file).map(|source| source.text.to_string())
}
