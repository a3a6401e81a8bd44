//! `sekisho scan`.

use crate::cli::{Application, FixKind, Least, Scan, ScanFormat, Verb};
use crate::exit::Exit;
use crate::{input, output};
use edit::Changed;
use model::{App, Edit, Finding, Fix, Severity, Span, Status};
use report::Style;
use report::sarif::{self, Card, Sarif};
use std::io;
use std::path::Path;

impl Verb {
    /// Bare `sekisho`: scan the current folder.
    pub fn scan_here() -> Self {
        let application = Application { path: ".".into(), parameters: Vec::new(), region: "us-east-1".into(), strict: false };
        Self::Scan(Scan { application, format: ScanFormat::Terminal, fail_on: Least::Low, fix: None, diff: false })
    }
}

/// Scans, prints, and mends where that is asked.
pub fn run(arguments: &Scan, style: Style) -> Exit {
    let (app, _) = match input::application(&arguments.application) {
        Ok(read) => read,
        Err(exit) => return exit,
    };
    let root = folder(&arguments.application.path);
    let scanned = scan::scan(&app);
    if arguments.diff || arguments.fix.is_some() {
        return mend(arguments, root, &app, &scanned.findings);
    }
    let mut out = io::stdout().lock();
    let style = output::linked(style, root);
    let result = match arguments.format {
        ScanFormat::Terminal => report::terminal::scan(&mut out, &scanned.findings, &scanned.not_assessed, &app.sources, &style),
        ScanFormat::Json => report::json::scan(&mut out, &scanned.findings, &scanned.not_assessed, &scanned.summary),
        ScanFormat::Sarif => {
            let edits =
                |fix: &Fix| edit::apply(&text_of(&app), &[fix]).map(|changed| changed.iter().map(as_text).collect()).unwrap_or_default();
            let (cards, version) = (cards(), env!("CARGO_PKG_VERSION"));
            let (findings, not_assessed) = (&scanned.findings, &scanned.not_assessed);
            sarif::scan(&mut out, &Sarif { findings, not_assessed, cards: &cards, sources: &app.sources, edits: &edits, version })
        }
    };
    drop(out);
    output::written(result, exit(arguments, &scanned))
}

/// The folder that paths are relative to.
fn folder(path: &Path) -> &Path {
    if path.is_file() { path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")) } else { path }
}

fn exit(arguments: &Scan, scanned: &scan::Scan) -> Exit {
    let least = match arguments.fail_on {
        Least::Low => Some(Severity::Low),
        Least::Medium => Some(Severity::Medium),
        Least::High => Some(Severity::High),
        Least::Critical => Some(Severity::Critical),
        Least::Never => None,
    };
    let counts = |finding: &Finding| finding.status == Status::Found && least.is_some_and(|least| finding.severity >= least);
    if arguments.application.strict && !scanned.not_assessed.is_empty() {
        Exit::Unfinished
    } else if arguments.format != ScanFormat::Sarif && scanned.findings.iter().any(counts) {
        Exit::Found
    } else {
        Exit::Clean
    }
}

/// Shows the fixes or writes them.
fn mend(arguments: &Scan, root: &Path, app: &App, findings: &[Finding]) -> Exit {
    let unsafe_too = arguments.diff || arguments.fix == Some(FixKind::Unsafe);
    let open = findings.iter().filter(|finding| finding.status == Status::Found);
    let fixes: Vec<&Fix> = open.clone().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.safe || unsafe_too).collect();
    let without = open.count() - fixes.len();
    let changed = match edit::apply(&text_of(app), &fixes) {
        Ok(changed) => changed,
        Err(error) => return output::unfinished(&error),
    };
    if arguments.diff {
        output::line(report::escape_lines(&edit::diff(&changed)).trim_end());
    } else if let Err(error) = edit::write(root, &changed) {
        return output::unfinished(&error);
    } else {
        for changed in &changed {
            output::line(&format!("mended {}", report::escape(&changed.file)));
        }
    }
    for then in fixes.iter().filter_map(|fix| fix.then.as_deref()) {
        output::says(&format!("then: {then}"));
    }
    if without > 0 {
        output::says(&format!("{without} findings were left alone: they have no automatic fix, or one that needs --fix=unsafe"));
    }
    Exit::Clean
}

/// The pages of all risks.
fn cards() -> Vec<Card> {
    let card = |risk: &risks::Risk| {
        let page = risks::Page::read(risk.page).ok()?;
        Some(Card { id: risk.slug.into(), title: page.title.into(), help: page.text.into(), url: None })
    };
    risks::all().iter().filter_map(card).collect()
}

/// The texts as they were read: what the findings speak of.
fn text_of(app: &App) -> impl Fn(&str) -> Option<String> + '_ {
    |file| app.sources.get(file).map(|source| source.text.to_string())
}

/// A changed file as one replacement, for SARIF: everything between what stayed at the beginning and at the end.
fn as_text(changed: &Changed) -> Edit {
    let before = changed.before.as_deref().unwrap_or_default();
    let after = &changed.after;
    let start = before
        .char_indices()
        .zip(after.chars())
        .find(|((_, old), new)| old != new)
        .map_or(before.len().min(after.len()), |((at, _), _)| at);
    let (old, new) = (before.get(start..).unwrap_or_default(), after.get(start..).unwrap_or_default());
    let kept: usize = old.chars().rev().zip(new.chars().rev()).take_while(|(old, new)| old == new).map(|(old, _)| old.len_utf8()).sum();
    let with = new.get(..new.len() - kept).unwrap_or_default().to_owned();
    Edit::Text { file: changed.file.clone().into(), span: Span { start: start as u32, end: (before.len() - kept) as u32 }, with }
}
