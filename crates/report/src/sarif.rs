//! Findings as SARIF 2.1.0 (OASIS), as code-scanning services take it: one rule for each risk, a location for
//! every result, fingerprints that survive a moved line.

use crate::Sources;
use crate::json::{self, VERSION};
use model::{Edit, Finding, Fix, Place, Severity, Status, Trouble};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// What a rule's page says; from the risk's folder.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// Slug.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it is and how to mend it, in Markdown.
    pub help: String,
    /// Where more is said, if anywhere.
    pub url: Option<String>,
}

/// Turns a fix into edits of text.
pub type Edits<'a> = dyn Fn(&Fix) -> Vec<Edit> + 'a;

/// RFC 3986: what may not stand in a path.
const URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Everything a SARIF document is made of.
pub struct Sarif<'a> {
    /// The scan's findings.
    pub findings: &'a [Finding],
    /// What was not assessed: notifications of the run.
    pub not_assessed: &'a [Trouble],
    /// Fingerprints of findings that are accepted elsewhere than beside them.
    pub outside: &'a BTreeSet<String>,
    /// Pages of the risks; one that is missing is made up from its findings.
    pub cards: &'a [Card],
    /// The texts that places point into.
    pub sources: &'a Sources,
    /// A fix as replacements of text; anything else it yields is left out, and the fix with it.
    pub edits: &'a Edits<'a>,
    /// Version of the tool.
    pub version: &'a str,
}

/// Writes the document.
pub fn scan(out: &mut dyn Write, sarif: &Sarif<'_>) -> io::Result<()> {
    let rules = rules(sarif);
    let ids: BTreeMap<&str, usize> = rules.iter().enumerate().filter_map(|(at, rule)| Some((rule.get("id")?.as_str()?, at))).collect();
    let results: Vec<Value> = sarif.findings.iter().map(|finding| result(finding, &ids, sarif)).collect();
    let notifications: Vec<Value> = sarif
        .not_assessed
        .iter()
        .map(|trouble| {
            json!({"level": "warning", "message": {"text": format!("{}. {}", trouble.says, trouble.help)},
                "locations": [location(&trouble.place, None, sarif.sources)]})
        })
        .collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "sekisho", "version": sarif.version, "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The folder that was scanned."}}},
            "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": notifications}],
            "results": results,
            "properties": {"version": VERSION},
        }],
    });
    json::write(out, &document)
}

fn rules(sarif: &Sarif<'_>) -> Vec<Value> {
    let mut worst: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in sarif.findings {
        let slot = worst.entry(finding.risk).or_insert(finding);
        if finding.severity > slot.severity {
            *slot = finding;
        }
    }
    let rule = |(id, finding): (&str, &Finding)| {
        let card = sarif.cards.iter().find(|card| card.id == id);
        let title = card.map_or(finding.title.as_str(), |card| card.title.as_str());
        let mut tags = vec!["security".to_owned()];
        tags.extend(finding.maps.iter().cloned());
        let mut rule = json!({
            "id": id,
            "name": id.split('-').map(capital).collect::<String>(),
            "shortDescription": {"text": title},
            "defaultConfiguration": {"level": level(finding.severity)},
            "properties": {"security-severity": score(finding.severity), "tags": tags},
        });
        if let (Some(card), Some(rule)) = (card, rule.as_object_mut()) {
            rule.insert("fullDescription".into(), json!({"text": title}));
            rule.insert("help".into(), json!({"text": card.help, "markdown": card.help}));
            card.url.iter().for_each(|url| drop(rule.insert("helpUri".into(), url.as_str().into())));
        }
        rule
    };
    worst.into_iter().map(rule).collect()
}

fn result(finding: &Finding, ids: &BTreeMap<&str, usize>, sarif: &Sarif<'_>) -> Value {
    let mut result = Map::new();
    let mut text = finding.title.clone();
    if let Some(condition) = &finding.condition {
        text += &format!(" (if {condition})");
    }
    result.insert("ruleId".into(), finding.risk.into());
    ids.get(finding.risk).into_iter().for_each(|at| drop(result.insert("ruleIndex".into(), json!(at))));
    result.insert("level".into(), level(finding.severity).into());
    result.insert("message".into(), json!({"text": text}));
    result.insert("locations".into(), json!([location(&finding.place, Some(&finding.resource), sarif.sources)]));
    result.insert("partialFingerprints".into(), json!({"sekisho/v1": finding.fingerprint}));
    if !finding.path.is_empty() {
        let steps = finding.path.iter().map(|step| {
            let mut at = location(&step.place, None, sarif.sources);
            at.as_object_mut().into_iter().for_each(|at| drop(at.insert("message".into(), json!({"text": step.says}))));
            json!({"location": at})
        });
        result.insert("codeFlows".into(), json!([{"threadFlows": [{"locations": steps.collect::<Vec<_>>()}]}]));
    }
    if finding.status == Status::Suppressed {
        // SARIF 2.1.0, 3.35.2: whether it stands in the file that is analysed, or in one of the tool's own.
        let kind = if sarif.outside.contains(&finding.fingerprint) { "external" } else { "inSource" };
        result.insert("suppressions".into(), json!([{"kind": kind}]));
    }
    if finding.status == Status::Known {
        result.insert("baselineState".into(), "unchanged".into());
    }
    if let Some(fix) = finding.fix.as_ref().and_then(|fix| self::fix(fix, sarif)) {
        result.insert("fixes".into(), json!([fix]));
    }
    result.insert(
        "properties".into(),
        json!({"security-severity": score(finding.severity), "confidence": finding.confidence, "resource": finding.resource}),
    );
    Value::Object(result)
}

/// A fix, when all of it is replacements of text that is at hand.
fn fix(fix: &Fix, sarif: &Sarif<'_>) -> Option<Value> {
    let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let edits = (sarif.edits)(fix);
    for edit in &edits {
        let Edit::Text { file, span, with } = edit else { return None };
        let text = &sarif.sources.get(file)?.text;
        let (start, end) = (position(text, span.start as usize)?, position(text, span.end as usize)?);
        let region = json!({"startLine": start.0, "startColumn": start.1, "endLine": end.0, "endColumn": end.1});
        changes.entry(file.to_string()).or_default().push(json!({"deletedRegion": region, "insertedContent": {"text": with}}));
    }
    let changes =
        changes.into_iter().map(|(file, replacements)| json!({"artifactLocation": artifact(&file), "replacements": replacements}));
    let changes: Vec<Value> = changes.collect();
    (!changes.is_empty()).then(|| json!({"description": {"text": fix.says}, "artifactChanges": changes}))
}

fn location(place: &Place, resource: Option<&str>, sources: &Sources) -> Value {
    let (line, column) = (place.line.max(1), place.column.max(1));
    let (end_line, end_column) = end(place, sources).unwrap_or((line, column + 1));
    let region = json!({"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column});
    let mut location = json!({"physicalLocation": {"artifactLocation": artifact(&place.file), "region": region}});
    if let (Some(resource), Some(location)) = (resource, location.as_object_mut()) {
        location.insert("logicalLocations".into(), json!([{"fullyQualifiedName": resource, "kind": "resource"}]));
    }
    location
}

/// Where a place ends: by its span, else with the word or the line that starts there.
fn end(place: &Place, sources: &Sources) -> Option<(u32, u32)> {
    let text = &*sources.get(&place.file)?.text;
    if place.span.end > place.span.start
        && let Some(end) = position(text, place.span.end as usize)
        && end > (place.line, place.column)
    {
        return Some(end);
    }
    let line = text.lines().nth((place.line as usize).checked_sub(1)?)?;
    let rest = line.chars().skip((place.column as usize).saturating_sub(1));
    let word = rest.take_while(|c| !c.is_whitespace() && *c != ':').count();
    Some((place.line, place.column + u32::try_from(word.max(1)).ok()?))
}

/// Line and column, from 1, columns in characters.
fn position(text: &str, byte: usize) -> Option<(u32, u32)> {
    let head = text.get(..byte)?;
    let line = head.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = head.rsplit('\n').next()?.chars().count() + 1;
    Some((u32::try_from(line).ok()?, u32::try_from(column).ok()?))
}

fn artifact(file: &str) -> Value {
    if file.starts_with('/') {
        return json!({"uri": format!("file://{}", utf8_percent_encode(file, URI))});
    }
    // A colon in the first segment would be read as a scheme.
    let uri = utf8_percent_encode(file, URI).to_string();
    let uri = if uri.split('/').next().is_some_and(|first| first.contains(':')) { format!("./{uri}") } else { uri };
    json!({"uri": uri, "uriBaseId": "SRCROOT"})
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// The middle of the band that code scanning gives each word: over 9.0 critical, 7.0 high, 4.0 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
