//! Fixes: shown, or written after a scan of what would be written has shown that they mend.

use super::arguments::{FixKind, Form, Scan};
use crate::exit::Exit;
use crate::output;
use edit::Changed;
use model::{App, Finding, Fix, Severity, Status, Trouble};
use report::Style;
use scan::Terms;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

/// What a mended application is scanned for, and how it was read.
struct Rescan<'a> {
    arguments: &'a Scan,
    options: &'a read::Options,
    terms: &'a Terms,
}

/// Rounds of fixes: one may open a finding that another closes.
const MOST_ROUNDS: usize = 4;

/// Shows the fixes or writes them.
pub fn run(arguments: &Scan, root: &Path, app: &App, options: &read::Options, terms: &Terms, findings: &[Finding]) -> Exit {
    let open = findings.iter().filter(|finding| finding.status == Status::Found).count();
    let (mended, changed) = match mend(&Rescan { arguments, options, terms }, app, findings) {
        Ok(mended) => mended,
        Err(why) => {
            output::error(&why);
            return Exit::Unfinished;
        }
    };
    let fixes: Vec<&Fix> = mended.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    let without = open.saturating_sub(fixes.len());
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
    let rescan = Rescan { arguments, options, terms };
    let with = |fixes: &[&Fix]| Some(scanned(&rescan, &edit::apply(&super::text_of(app), fixes).ok()?).1);
    let cut = scan::cut::cut(findings, least, &with);
    let mut out = io::stdout().lock();
    let result = match arguments.format {
        Form::Json => report::json::cut(&mut out, &cut),
        _ => report::terminal::cut(&mut out, &cut, style),
    };
    drop(out);
    output::written(result, if cut.paths > 0 { Exit::Found } else { Exit::Clean })
}

/// What was mended: the findings, and the files as they then are.
type Mended = (Vec<Finding>, Vec<Changed>);

/// The findings that are mended and the files as they then are. A fix that does not mend is left out, and said.
fn mend(rescan: &Rescan<'_>, app: &App, findings: &[Finding]) -> Result<Mended, String> {
    let mut vain: BTreeSet<About> = BTreeSet::new();
    loop {
        match attempt(rescan, app, findings, &vain)? {
            Ok(mended) => return Ok(mended),
            Err(finding) => {
                let says = finding.fix.as_ref().map(|fix| fix.says.as_str()).unwrap_or_default();
                output::says(&format!("left alone: `{says}` would not mend {} at {}; please report this", finding.risk, finding.place));
                if !vain.insert(about(&finding)) {
                    return Err("nothing was written: the fixes do not mend; please report this".into());
                }
            }
        }
    }
}

/// One attempt, without the fixes that were in vain; the error inside is a finding that its fix does not mend. Where the fixes open
/// a new finding that has a fix itself, that is made too.
fn attempt(rescan: &Rescan<'_>, app: &App, findings: &[Finding], vain: &BTreeSet<About>) -> Result<Result<Mended, Box<Finding>>, String> {
    let unsafe_too = rescan.arguments.diff || rescan.arguments.fix == Some(FixKind::Unsafe);
    let mendable = |finding: &&Finding| {
        let allowed = finding.fix.as_ref().is_some_and(|fix| fix.safe || unsafe_too);
        allowed && finding.status == Status::Found && !vain.contains(&about(finding))
    };
    let mut wanted: Vec<Finding> = findings.iter().filter(mendable).cloned().collect();
    let (mut mended, mut changed, mut between) = (wanted.clone(), Vec::new(), None);
    for _ in 0..MOST_ROUNDS {
        let fixes: Vec<&Fix> = wanted.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        let text = super::text_of(between.as_ref().unwrap_or(app));
        changed = joined(changed, edit::apply(&text, &fixes).map_err(|error| error.to_string())?);
        let (next, after) = scanned(rescan, &changed);
        // What can no longer be read is found nowhere: that is no fix. A lock that is old beside a new manifest was not changed.
        let own = |trouble: &&Trouble| changed.iter().any(|changed| *changed.file == *trouble.place.file);
        let known = |trouble: &Trouble| app.troubles.iter().any(|known| known.says == trouble.says);
        if let Some(trouble) = next.troubles.iter().filter(own).find(|trouble| !known(trouble)) {
            return Err(format!("nothing was written: with the fixes, {}: {}", trouble.place, trouble.says));
        }
        let new = match new(findings, &mended, &after) {
            Ok(new) => new,
            Err(finding) => return Ok(Err(finding)),
        };
        if let Some(finding) = new.iter().find(|finding| !mendable(finding)) {
            return Err(format!(
                "nothing was written: with the fixes there would be a new finding, {} at {}; mend the others one by one, or allow it",
                finding.risk, finding.place
            ));
        }
        wanted = new.into_iter().cloned().collect();
        if wanted.is_empty() {
            return Ok(Ok((mended, changed)));
        }
        mended.extend(wanted.iter().cloned());
        drop(text);
        between = Some(next);
    }
    Err("nothing was written: each fix opens what another closes; mend the findings one by one, and please report this".into())
}

/// What a finding is about. Not its fingerprint: of two about the same, the second takes the first's number when that is gone.
type About = (&'static str, String, String);

fn about(finding: &Finding) -> About {
    (finding.risk, finding.resource.clone(), finding.symbol.clone())
}

/// Changes, and changes of what they made.
fn joined(mut changed: Vec<Changed>, more: Vec<Changed>) -> Vec<Changed> {
    for one in more {
        match changed.iter_mut().find(|known| known.file == one.file) {
            Some(known) => known.after = one.after,
            None => changed.push(one),
        }
    }
    changed.sort_by(|a, b| a.file.cmp(&b.file));
    changed
}

/// The application with some files changed, and its open and accepted findings.
fn scanned(rescan: &Rescan<'_>, changed: &[Changed]) -> (App, Vec<Finding>) {
    let texts = changed.iter().map(|changed| (changed.file.clone(), changed.after.clone())).collect();
    let options = read::Options { changed: texts, ..rescan.options.clone() };
    let app = read::application(&rescan.arguments.application.path, &options);
    let findings = scan::scan_on(&app, risks::all(), rescan.terms).findings;
    (app, findings)
}

/// What was not there before; the error is a finding that is still there though its fix was made.
fn new<'a>(before: &[Finding], mended: &[Finding], after: &'a [Finding]) -> Result<Vec<&'a Finding>, Box<Finding>> {
    let mut left: BTreeMap<About, usize> = BTreeMap::new();
    for finding in before {
        *left.entry(about(finding)).or_default() += 1;
    }
    for finding in mended {
        left.entry(about(finding)).and_modify(|number| *number = number.saturating_sub(1));
    }
    let mut new = Vec::new();
    for finding in after.iter().filter(|finding| finding.status == Status::Found) {
        let number = left.entry(about(finding)).or_default();
        if *number > 0 {
            *number -= 1;
            continue;
        }
        if let Some(mended) = mended.iter().find(|mended| about(mended) == about(finding)) {
            return Err(Box::new(mended.clone()));
        }
        new.push(finding);
    }
    Ok(new)
}
