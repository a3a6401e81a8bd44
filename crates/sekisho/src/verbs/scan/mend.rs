//! Fixes: shown, or written after a scan of what would be written has shown that they mend.

use super::arguments::{FixKind, Form, Scan};
use crate::exit::Exit;
use crate::output;
use edit::Changed;
use model::{App, Finding, Fix, Severity, Status};
use report::Style;
use scan::Terms;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// Shows the fixes or writes them.
pub fn run(arguments: &Scan, root: &Path, app: &App, options: &read::Options, terms: &Terms, findings: &[Finding]) -> Exit {
    let unsafe_too = arguments.diff || arguments.fix == Some(FixKind::Unsafe);
    let open: Vec<&Finding> = findings.iter().filter(|finding| finding.status == Status::Found).collect();
    let mended: Vec<(&Finding, &Fix)> = open.iter().filter_map(|finding| Some((*finding, finding.fix.as_ref()?))).collect();
    let mended: Vec<(&Finding, &Fix)> = mended.into_iter().filter(|(_, fix)| fix.safe || unsafe_too).collect();
    let fixes: Vec<&Fix> = mended.iter().map(|(_, fix)| *fix).collect();
    let without = open.len() - fixes.len();
    let changed = match edit::apply(&super::text_of(app), &fixes) {
        Ok(changed) => changed,
        Err(error) => return output::unfinished(&error),
    };
    if let Err(why) = verified(arguments, options, terms, findings, &mended, &changed) {
        output::error(&why);
        return Exit::Unfinished;
    }
    if arguments.diff {
        output::line(report::escape_lines(&edit::diff(&changed)).trim_end());
    } else if let Err(error) = edit::write(root, &changed) {
        return output::unfinished(&error);
    } else {
        for changed in &changed {
            output::line(&format!("mended {}", report::escape(&changed.file)));
        }
    }
    for then in fixes.iter().filter_map(|fix| fix.then.as_deref()).collect::<BTreeSet<_>>() {
        output::says(&format!("then: {then}"));
    }
    if without > 0 {
        output::says(&format!("{without} findings were left alone: they have no automatic fix, or one that needs --fix=unsafe"));
    }
    Exit::Clean
}

/// Shows the fewest edits that close every path.
pub fn cut(
    arguments: &Scan,
    least: Severity,
    app: &App,
    options: &read::Options,
    terms: &Terms,
    findings: &[Finding],
    style: &Style,
) -> Exit {
    // Each edit is tried by a scan of the application as it would be with it.
    let with = |fixes: &[&Fix]| Some(scanned(arguments, options, terms, &edit::apply(&super::text_of(app), fixes).ok()?));
    let cut = scan::cut::cut(findings, least, &with);
    let mut out = io::stdout().lock();
    let result = match arguments.format {
        Form::Json => report::json::cut(&mut out, &cut),
        _ => report::terminal::cut(&mut out, &cut, style),
    };
    drop(out);
    output::written(result, if cut.paths > 0 { Exit::Found } else { Exit::Clean })
}

/// The open and accepted findings of the application with some files changed.
fn scanned(arguments: &Scan, options: &read::Options, terms: &Terms, changed: &[Changed]) -> Vec<Finding> {
    let texts = changed.iter().map(|changed| (changed.file.clone(), changed.after.clone())).collect();
    let app = read::application(&arguments.application.path, &read::Options { changed: texts, ..options.clone() });
    scan::scan_on(&app, risks::all(), terms).findings
}

/// Scans the application as it would be: every finding that a fix speaks for is gone, and none is new.
fn verified(
    arguments: &Scan,
    options: &read::Options,
    terms: &Terms,
    before: &[Finding],
    mended: &[(&Finding, &Fix)],
    changed: &[Changed],
) -> Result<(), String> {
    let after = scanned(arguments, options, terms, changed);
    // By what a finding is about, not by its fingerprint: of two about the same, the second takes the first's number when
    // that is gone.
    let about = |finding: &Finding| (finding.risk, finding.resource.clone(), finding.symbol.clone());
    let mut left: BTreeMap<_, usize> = BTreeMap::new();
    for finding in before {
        *left.entry(about(finding)).or_default() += 1;
    }
    for (finding, _) in mended {
        left.entry(about(finding)).and_modify(|number| *number = number.saturating_sub(1));
    }
    for finding in after.iter().filter(|finding| finding.status == Status::Found) {
        let number = left.entry(about(finding)).or_default();
        if *number > 0 {
            *number -= 1;
            continue;
        }
        return Err(match mended.iter().find(|(mended, _)| about(mended) == about(finding)) {
            Some((_, fix)) => {
                format!("nothing was written: `{}` would not mend {} at {}; please report this", fix.says, finding.risk, finding.place)
            }
            None => format!(
                "nothing was written: with the fixes there would be a new finding, {} at {}; mend the others one by one, or allow it",
                finding.risk, finding.place
            ),
        });
    }
    Ok(())
}
