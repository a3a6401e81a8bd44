//! The cut: the edits to make, what each closes, and what stays open.

use super::{next, paragraph};
use crate::Style;
use crate::escape::escape;
use crate::lines::{count, hanging};
use model::Finding;
use model::cut::{Closing, Cut};
use std::io::{self, Write};

/// Closed paths named for one edit.
const SHOWN: usize = 6;

/// Writes the cut.
pub fn cut(out: &mut dyn Write, cut: &Cut<'_>, style: &Style) -> io::Result<()> {
    if cut.paths == 0 {
        writeln!(out, "{}", style.good(&format!("{} no such path leads to data or privilege", style.glyph("✓", "ok:"))))?;
        return next(out, style, &["sekisho scan   shows what else was found".into()]);
    }
    let closed = cut.paths - cut.left.len();
    let leads = if cut.paths == 1 { "leads" } else { "lead" };
    let closes = if cut.edits.len() == 1 { "closes" } else { "close" };
    let edits = count(cut.edits.len(), "edit");
    writeln!(out, "{} {leads} to data or privilege", style.bold(&count(cut.paths, "path")))?;
    writeln!(out, "{}\n", style.bold(&format!("{edits} {closes} {closed} of them")))?;
    for (at, edits) in alike(&cut.edits).iter().enumerate() {
        let Some(first) = edits.first() else { continue };
        let more = if edits.len() > 1 { format!(", and {} more of the kind there", edits.len() - 1) } else { String::new() };
        let notice = if first.fix.safe { "" } else { " (may change what legitimate callers get)" };
        let says = format!("{}{more}{notice}", escape(&first.fix.says));
        writeln!(out, "{}", hanging(&format!("{}. ", at + 1), 3, &says, style.width))?;
        let closes: Vec<&Finding> = edits.iter().flat_map(|edit| edit.closes.iter().copied()).collect();
        writeln!(out, "   {}  {}", style.place(&first.of.place), style.dim(&format!("closes {}", count(closes.len(), "path"))))?;
        list(out, &closes, style)?;
    }
    if !cut.left.is_empty() {
        writeln!(out, "{}", style.bold(&format!("no edit closes {}", count(cut.left.len(), "path"))))?;
        list(out, &cut.left, style)?;
    }
    if !cut.edits.is_empty() {
        let fewest = if cut.smallest {
            "No smaller set of the fixes closes as much."
        } else {
            "A smaller set may exist: there are too many to try all."
        };
        let shown = match cut.together {
            true => "A scan with these edits made finds none of the paths they close.",
            false => "Each was tried by a scan; made together they contradict each other, so make them one by one.",
        };
        paragraph(out, style, 0, &format!("{shown} {fewest}"))?;
    }
    if cut.untried > 0 {
        paragraph(out, style, 0, &format!("{} were not tried", count(cut.untried, "fix")))?;
    }
    let mut steps = Vec::new();
    if !cut.edits.is_empty() {
        let flag = if cut.edits.iter().all(|edit| edit.fix.safe) { "--fix       " } else { "--fix=unsafe" };
        steps.push(format!("sekisho scan {flag}   makes these edits and all others; --diff shows them"));
    }
    if let Some(left) = cut.left.first() {
        steps.push(format!("sekisho explain {}   says how to mend what no edit closes", left.risk));
    }
    next(out, style, &steps)
}

/// Edits for one risk at one resource are one item.
fn alike<'a, 'b>(edits: &'b [Closing<'a>]) -> Vec<Vec<&'b Closing<'a>>> {
    let mut items: Vec<Vec<&Closing<'_>>> = Vec::new();
    for edit in edits {
        let same = |item: &&mut Vec<&Closing<'_>>| {
            item.first().is_some_and(|first| (first.of.risk, &first.of.resource) == (edit.of.risk, &edit.of.resource))
        };
        match items.iter_mut().find(same) {
            Some(item) => item.push(edit),
            None => items.push(vec![edit]),
        }
    }
    items
}

fn list(out: &mut dyn Write, paths: &[&Finding], style: &Style) -> io::Result<()> {
    for path in paths.iter().take(SHOWN) {
        let text = format!("{}: {}", path.risk, path.title);
        writeln!(out, "{}", style.dim(&hanging("     ", 7, &escape(&text), style.width)))?;
    }
    if paths.len() > SHOWN {
        writeln!(out, "{}", style.dim(&format!("     and {} more", paths.len() - SHOWN)))?;
    }
    writeln!(out)
}
