//! `requirements.txt` (pip's documentation, "Requirements File Format") and the requirements of PEP 508 that other files hold too.

use super::found::{Manifest, entry};
use super::marker;
use super::text::Text;
use crate::document::trouble;
use crate::files::relative;
use model::Trouble;
use model::deps::{Declared, Ecosystem, Group};

/// Files that one names another by, at most.
const MAX_FILES: usize = 50;

/// Reads a file and what it names with `-r`. `open` gives the text of a file below the root.
pub(super) fn manifest(file: &str, body: &str, python: Option<&str>, open: &dyn Fn(&str) -> Result<String, Trouble>) -> Manifest {
    let mut manifest = Manifest::default();
    let mut files = vec![(file.to_owned(), body.to_owned())];
    let mut at = 0;
    while let Some((file, body)) = files.get(at).cloned() {
        at += 1;
        for named in one(&Text::new(&file, &body), python, &mut manifest) {
            let Some(path) = relative(&file, &named).filter(|path| files.len() < MAX_FILES && files.iter().all(|(known, _)| known != path))
            else {
                continue;
            };
            match open(&path) {
                Ok(text) => files.push((path, text)),
                Err(trouble) => manifest.troubles.push(trouble),
            }
        }
    }
    manifest
}

/// One file; gives the files it names.
fn one(text: &Text<'_>, python: Option<&str>, manifest: &mut Manifest) -> Vec<String> {
    let mut named = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(first) = lines.next() {
        let mut hashed = first.contains("--hash");
        let mut last = first;
        // Continued lines hold hashes and options; a requirement itself is never broken.
        while last.trim_end().ends_with('\\') {
            let Some(next) = lines.next() else { break };
            hashed |= next.contains("--hash");
            last = next;
        }
        let line = first.trim_start_matches('\u{feff}').trim_end().trim_end_matches('\\');
        let line = comment(line).trim();
        if let Some(option) = line.strip_prefix('-') {
            named.extend(other_file(option));
            if option.starts_with('e') || option.starts_with("-editable") {
                manifest.troubles.push(unread(text, line));
            }
            continue;
        }
        // Options of one requirement follow it.
        let line = line.find(" --").map_or(line, |at| line.get(..at).unwrap_or(line)).trim_end();
        if line.is_empty() {
            continue;
        }
        match requirement(text, line, Group::Runtime, python) {
            Some(Some(mut declared)) => {
                declared.hashed = hashed;
                manifest.declared.push(declared);
            }
            // The marker says that it is not installed here.
            Some(None) => {}
            None => manifest.troubles.push(unread(text, line)),
        }
    }
    named
}

fn unread(text: &Text<'_>, line: &str) -> Trouble {
    let shown: String = line.split(['@', '/']).next().unwrap_or_default().chars().take(40).collect();
    let says = format!("not assessed: `{}…` names a package by where it lies, not by its version", shown.trim());
    trouble(says, text.slice(line), "name a release of the package: name==version")
}

/// The line without its comment.
fn comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.find(" #").or_else(|| line.find("\t#")).map_or(line, |at| line.get(..at).unwrap_or(line))
}

/// `-r base.txt`, `--requirement=base.txt`. Constraints (`-c`) install nothing.
fn other_file(option: &str) -> Option<String> {
    let path = option
        .strip_prefix("-requirement")
        .map(|rest| rest.trim_start_matches(['=', ' ']))
        .or_else(|| option.strip_prefix('r').map(str::trim_start))?;
    Some(path.trim().to_owned()).filter(|path| !path.contains("://"))
}

/// A requirement that is a slice of the text: `requests[security]>=2.8.1,<3 ; python_version < "3.8"`. `Some(None)`: it is not
/// installed in this Python; `None`: it is no requirement by name and version.
pub(super) fn requirement(text: &Text<'_>, line: &str, group: Group, python: Option<&str>) -> Option<Option<Declared>> {
    let (head, marker) = line.split_once(';').map_or((line, None), |(head, marker)| (head, Some(marker.trim())));
    let end = head.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(head.len());
    let (name, mut rest) = head.split_at(end);
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    if let Some(extras) = rest.trim_start().strip_prefix('[') {
        rest = extras.get(extras.find(']')? + 1..)?;
    }
    let range = rest.trim().trim_start_matches('(').trim_end_matches(')').trim();
    if !range.is_empty() && !range.starts_with(['=', '<', '>', '~', '!']) {
        return None;
    }
    let mut declared = entry(Ecosystem::PyPI, name, range, group, text.slice(line));
    declared.range_place = (!range.is_empty()).then(|| text.slice(range));
    match marker.map(|marker| (marker, marker::holds(marker, python))) {
        Some((_, Some(false))) => return Some(None),
        Some((marker, None)) => declared.condition = Some(marker.to_owned()),
        _ => {}
    }
    Some(Some(declared))
}
