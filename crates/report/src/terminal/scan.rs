//! Findings: the line, what stands there, the path from the internet to the data, how to mend it.

use super::{next, troubles};
use crate::escape::escape;
use crate::lines::{count, wrap};
use crate::snippet::{Mark, excerpt};
use crate::style::{severity_name, shown};
use crate::{Sources, Style};
use annotate_snippets::{Group, Level, Message};
use model::{Confidence, Finding, Profile, Severity, Status, Trouble};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Findings of a block that are named after its first.
const MOST_ALSO: usize = 20;

/// Writes a scan: findings most severe first as they come, what was not assessed, the sums, the next step.
/// Findings of one risk at one resource are one block, hygiene of one risk in one template is one. `unasked` is the
/// number of hygiene risks that were not asked.
pub fn scan(
    out: &mut dyn Write,
    findings: &[Finding],
    not_assessed: &[Trouble],
    unasked: usize,
    sources: &Sources,
    style: &Style,
) -> io::Result<()> {
    let open: Vec<&Finding> = findings.iter().filter(|finding| finding.status == Status::Found).collect();
    let mut blocks: Vec<Vec<&Finding>> = Vec::new();
    let mut at: BTreeMap<(&str, &str, Severity), usize> = BTreeMap::new();
    for finding in &open {
        let of = if finding.profile == Profile::Hygiene { &*finding.place.file } else { &*finding.resource };
        let block = *at.entry((finding.risk, of, finding.severity)).or_insert_with(|| {
            blocks.push(Vec::new());
            blocks.len() - 1
        });
        blocks.get_mut(block).into_iter().for_each(|block| block.push(finding));
    }
    for block in &blocks {
        writeln!(out, "{}\n", render(block, sources, style))?;
    }
    troubles(out, not_assessed, style)?;
    let with = |status| findings.iter().filter(|finding| finding.status == status).count();
    let beside = [(with(Status::Suppressed), "allowed"), (with(Status::Known), "known"), (not_assessed.len(), "not assessed")];
    writeln!(out, "{}", sums(&open, &beside, style))?;
    let mut steps = steps(&open, not_assessed.len());
    if unasked > 0 {
        steps.push(format!("sekisho scan --hygiene      asks {} more, of good practice", count(unasked, "risk")));
    }
    next(out, style, &steps)
}

/// One block: the first finding whole, the others by their lines.
fn render(block: &[&Finding], sources: &Sources, style: &Style) -> String {
    let Some((finding, others)) = block.split_first() else { return String::new() };
    // The renderer has one style a level; the name is ours.
    let level = match finding.severity {
        Severity::Critical | Severity::High => Level::ERROR,
        Severity::Medium => Level::WARNING,
        Severity::Low => Level::INFO,
    };
    let name = severity_name(finding.severity);
    // `critical[sql-injection]: ` stands before the first line, and as much space before the others.
    let room = style.width.saturating_sub(name.len() + finding.risk.len() + 4).max(40);
    let title = level.with_name(name).primary_title(wrap(&escape(&finding.title), room).join("\n")).id(finding.risk);
    let secret = finding.risk == "hard-coded-credential";
    let same_file = others.iter().filter(|other| other.place.file == finding.place.file && other.place.line != finding.place.line);
    let mut marks = vec![Mark { place: &finding.place, label: Some(escape(&finding.resource).into_owned()), primary: true }];
    marks.extend(same_file.map(|other| Mark { place: &other.place, label: None, primary: true }));
    let mut group = Group::with_title(title).element(excerpt(&finding.place.file, &marks, sources, secret, style.width));
    for (name, text) in notes(finding, others, style) {
        group = group.element(message(name, text));
    }
    let rendered = style.renderer().render(&[group]);
    let plain = shown(&finding.place);
    match &style.links {
        Some(_) => rendered.replacen(&plain, &style.link(&finding.place.file, &plain), 1),
        None => rendered,
    }
}

fn message<'a>(name: &'static str, text: String) -> Message<'a> {
    let level = if name == "fix" { Level::HELP } else { Level::NOTE };
    level.with_name(name).message(text)
}

/// What is said below the lines.
fn notes(finding: &Finding, others: &[&Finding], style: &Style) -> Vec<(&'static str, String)> {
    let width = style.width.saturating_sub(16).max(40);
    let mut notes = Vec::new();
    if !finding.path.is_empty() {
        let steps = finding.path.iter().enumerate().flat_map(|(at, step)| {
            let mut lines = wrap(&escape(&step.says), width);
            // A step at the place that is quoted above needs no second address.
            if step.place != finding.place {
                lines.push(shown(&step.place));
            }
            let first = format!("{}. ", at + 1);
            lines.into_iter().enumerate().map(move |(n, line)| if n == 0 { format!("{first}{line}") } else { format!("   {line}") })
        });
        notes.push(("path", steps.collect::<Vec<_>>().join("\n")));
    }
    if !others.is_empty() {
        let mut lines: Vec<String> =
            others.iter().take(MOST_ALSO).map(|other| format!("{}  {}", shown(&other.place), escape(&other.title))).collect();
        if others.len() > MOST_ALSO {
            lines.push(format!("and {} more; --format json names them", others.len() - MOST_ALSO));
        }
        notes.push(("also", lines.join("\n")));
    }
    if let Some(condition) = &finding.condition {
        notes.push(("if", wrap(&escape(condition), width).join("\n")));
    }
    if finding.confidence != Confidence::High {
        notes.push((
            "confidence",
            match finding.confidence {
                Confidence::Low => "low: a value on the way is not known".into(),
                _ => "medium: it rests on an approximation".into(),
            },
        ));
    }
    if let Some(fix) = &finding.fix {
        let mut text = escape(&fix.says).into_owned();
        if !fix.safe {
            text += " (may change what legitimate callers get)";
        }
        if let Some(then) = &fix.then {
            text += &format!("; then {}", escape(then));
        }
        notes.push(("fix", wrap(&text, width).join("\n")));
    }
    notes
}

fn sums(open: &[&Finding], beside: &[(usize, &str)], style: &Style) -> String {
    if open.is_empty() && beside.iter().all(|(number, _)| *number == 0) {
        return style.good(&format!("{} no findings", style.glyph("✓", "ok:")));
    }
    let mut parts = Vec::new();
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let number = open.iter().filter(|finding| finding.severity == severity).count();
        if number > 0 {
            parts.push(style.severity(severity, &format!("{number} {}", severity_name(severity))));
        }
    }
    let mut line = style.bold(&count(open.len(), "finding"));
    if !parts.is_empty() {
        line += &format!(": {}", parts.join(", "));
    }
    for (number, what) in beside {
        if *number > 0 {
            line += &format!(" {} {number} {what}", style.glyph("·", "-"));
        }
    }
    line
}

fn steps(open: &[&Finding], not_assessed: usize) -> Vec<String> {
    let mut steps = Vec::new();
    let safe = open.iter().filter(|finding| finding.fix.as_ref().is_some_and(|fix| fix.safe)).count();
    let any = open.iter().filter(|finding| finding.fix.is_some()).count();
    if safe > 0 {
        steps.push(format!("sekisho scan --fix          mends {}", of(safe, open.len())));
    }
    if any > safe {
        let more = if safe > 0 { format!("{} more", any - safe) } else { of(any, open.len()) };
        steps.push(format!("sekisho scan --fix=unsafe   mends {more}; callers who relied on the hole notice"));
    }
    if open.iter().filter(|finding| finding.severity == Severity::Critical).count() > 1 {
        steps.push("sekisho scan --cut          shows the fewest edits that close every path from the internet".into());
    }
    if let Some(first) = open.first() {
        steps.push(format!("sekisho explain {}", first.risk));
        steps.push("sekisho prove               shows which of them really open, and that the fixes close them".into());
    } else if not_assessed > 0 {
        steps.push("mend what was not assessed and scan again; sekisho scan --strict fails until then".into());
    } else {
        steps.push("sekisho prove               shows it against the running application".into());
    }
    steps
}

fn of(some: usize, all: usize) -> String {
    if some == all { format!("all {all}") } else { format!("{some} of {all}") }
}
