//! An OSV record ("Open Source Vulnerability format", schema 1.6) to advisories. Git ranges and other ecosystems are left out.

use model::Severity;
use model::deps::{Advisory, Ecosystem, End, Interval};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::str::FromStr;

/// What one record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it was last changed: `2023-01-23T18:54:22Z`.
    pub modified: String,
    /// One advisory for each package it names.
    pub advisories: Vec<Advisory>,
}

/// Why a file gives no advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// It has no `id`, `modified` and `affected`.
    NotOsv,
    /// It was withdrawn.
    Withdrawn,
    /// It is about other ecosystems, or about git commits alone.
    OtherEcosystem,
}

impl Skipped {
    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            Self::NotOsv => "no OSV records",
            Self::Withdrawn => "withdrawn",
            Self::OtherEcosystem => "about other ecosystems than npm and PyPI",
        }
    }
}

#[derive(Deserialize)]
struct Written {
    id: String,
    modified: String,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    severity: Option<Vec<Rating>>,
    affected: Vec<Affected>,
    #[serde(default)]
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct Rating {
    #[serde(rename = "type")]
    kind: String,
    score: String,
}

#[derive(Deserialize)]
struct Affected {
    #[serde(default)]
    package: Option<Package>,
    #[serde(default)]
    ranges: Option<Vec<Range>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    severity: Option<Vec<Rating>>,
    #[serde(default)]
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct Package {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct Range {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    events: Vec<BTreeMap<String, String>>,
}

/// Reads a record.
///
/// # Errors
/// Why it gives nothing.
pub fn read(value: Value) -> Result<Record, Skipped> {
    let written: Written = serde_json::from_value(value).map_err(|_| Skipped::NotOsv)?;
    if written.withdrawn.is_some() {
        return Err(Skipped::Withdrawn);
    }
    let mut packages: BTreeMap<(Ecosystem, String), Advisory> = BTreeMap::new();
    for affected in &written.affected {
        let Some(package) = &affected.package else { continue };
        // `PyPI` and `npm` have no suffix; `Debian:12` and the like have one.
        let Some(ecosystem) = Ecosystem::named(&package.ecosystem) else { continue };
        let name = ecosystem.normal(&package.name);
        let said = written.database_specific.as_ref().and_then(|own| own.get("severity")).and_then(Value::as_str).and_then(word);
        let rated = || rating(written.severity.iter().chain(&affected.severity).flatten());
        let advisory = packages.entry((ecosystem, name.clone())).or_insert_with(|| Advisory {
            id: written.id.clone(),
            aliases: written.aliases.clone().unwrap_or_default(),
            ecosystem,
            package: name,
            severity: said.or_else(rated),
            ranges: Vec::new(),
            versions: Vec::new(),
            summary: summary(&written),
        });
        let last_known =
            affected.database_specific.as_ref().and_then(|own| own.get("last_known_affected_version_range")).and_then(Value::as_str);
        for range in affected.ranges.iter().flatten().filter(|range| range.kind != "GIT") {
            advisory.ranges.extend(intervals(&range.events, last_known));
        }
        advisory.versions.extend(affected.versions.iter().flatten().cloned());
    }
    let mut advisories: Vec<Advisory> =
        packages.into_values().filter(|advisory| !advisory.ranges.is_empty() || !advisory.versions.is_empty()).collect();
    for advisory in &mut advisories {
        // A list of versions that the ranges say already is left out; one version that cannot be compared stays by its name.
        let versions = std::mem::take(&mut advisory.versions);
        advisory.versions = versions.into_iter().filter(|version| crate::affects(advisory, version) != Some(true)).collect();
    }
    if advisories.is_empty() {
        return Err(Skipped::OtherEcosystem);
    }
    Ok(Record { modified: written.modified, advisories })
}

/// Events in order to intervals. GitHub's export leaves out the end of a range that nobody has mended, and says in
/// `last_known_affected_version_range` what it is: `<= 0.0.4`.
fn intervals(events: &[BTreeMap<String, String>], last_known: Option<&str>) -> Vec<Interval> {
    let mut out: Vec<Interval> = Vec::new();
    let mut open = None;
    for (kind, version) in events.iter().flatten() {
        match kind.as_str() {
            "introduced" => {
                out.extend(open.replace(version.clone()).map(|from| Interval { from, end: End::Open }));
            }
            "fixed" => out.extend(open.take().map(|from| Interval { from, end: End::Before(version.clone()) })),
            "last_affected" => out.extend(open.take().map(|from| Interval { from, end: End::UpTo(version.clone()) })),
            _ => {}
        }
    }
    let known_end = || {
        let text = last_known?.trim();
        match text.strip_prefix("<=") {
            Some(last) => Some(End::UpTo(last.trim().to_owned())),
            None => text.strip_prefix('<').map(|before| End::Before(before.trim().to_owned())),
        }
    };
    out.extend(open.map(|from| Interval { from, end: known_end().unwrap_or(End::Open) }));
    out
}

/// GitHub's words for a severity.
fn word(word: &str) -> Option<Severity> {
    Some(match word.to_ascii_uppercase().as_str() {
        "LOW" => Severity::Low,
        "MODERATE" | "MEDIUM" => Severity::Medium,
        "HIGH" => Severity::High,
        "CRITICAL" => Severity::Critical,
        _ => return None,
    })
}

/// The severity of the CVSS vectors (FIRST, "CVSS v3.1: Specification Document", table 14); the worst of several.
fn rating<'a>(ratings: impl Iterator<Item = &'a Rating>) -> Option<Severity> {
    let vectors = ratings.filter(|rating| rating.kind.starts_with("CVSS_V")).filter_map(|rating| cvss::Cvss::from_str(&rating.score).ok());
    let severities = vectors.map(|vector| match vector.severity() {
        cvss::Severity::None | cvss::Severity::Low => Severity::Low,
        cvss::Severity::Medium => Severity::Medium,
        cvss::Severity::High => Severity::High,
        cvss::Severity::Critical => Severity::Critical,
    });
    severities.max()
}

/// One line: the summary, else the first sentence of the details.
fn summary(written: &Written) -> String {
    const MOST: usize = 160;
    let text = written.summary.as_deref().filter(|text| !text.trim().is_empty());
    let text = text.or(written.details.as_deref()).unwrap_or_default();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= MOST {
        return line;
    }
    let sentence = line.split_inclusive(". ").next().unwrap_or(&line).trim_end();
    let cut: String = sentence.chars().take(MOST).collect();
    if cut.len() < sentence.len() { format!("{}…", cut.trim_end()) } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(affected: Value) -> Value {
        json!({"id": "GHSA-1", "modified": "2024-01-02T03:04:05Z", "summary": "S", "aliases": ["CVE-1"], "affected": affected,
               "database_specific": {"severity": "MODERATE"}})
    }

    #[test]
    fn events_become_intervals() {
        let ranges = json!([{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}, {"introduced": "2.0.0"}, {"last_affected": "2.3.0"}]},
                            {"type": "GIT", "events": [{"introduced": "abc"}]}]);
        let read = read(record(json!([{"package": {"ecosystem": "npm", "name": "a"}, "ranges": ranges}]))).unwrap();
        let interval = |from: &str, end| Interval { from: from.into(), end };
        let expected = vec![interval("0", End::Before("1.2.0".into())), interval("2.0.0", End::UpTo("2.3.0".into()))];
        assert_eq!(read.advisories[0].ranges, expected);
        assert_eq!(read.advisories[0].severity, Some(Severity::Medium));
    }

    #[test]
    fn the_last_known_version_ends_an_open_range() {
        let affected = json!([{"package": {"ecosystem": "npm", "name": "node-serialize"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
            "database_specific": {"last_known_affected_version_range": "<= 0.0.4"}}]);
        let read = read(record(affected)).unwrap();
        assert_eq!(read.advisories[0].ranges, [Interval { from: "0".into(), end: End::UpTo("0.0.4".into()) }]);
    }

    #[test]
    fn what_gives_nothing_says_why() {
        assert_eq!(read(json!({"a": 1})), Err(Skipped::NotOsv));
        let mut withdrawn = record(json!([]));
        withdrawn["withdrawn"] = json!("2023-01-27T00:00:00Z");
        assert_eq!(read(withdrawn), Err(Skipped::Withdrawn));
        let go = json!([{"package": {"ecosystem": "Go", "name": "x"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]);
        assert_eq!(read(record(go)), Err(Skipped::OtherEcosystem));
    }

    #[test]
    fn a_vector_rates_where_no_word_does() {
        let mut value = record(json!([{"package": {"ecosystem": "PyPI", "name": "Py_YAML"}, "versions": ["1.0", "5.3"]}]));
        value["database_specific"] = Value::Null;
        value["severity"] = json!([{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]);
        let advisory = read(value).unwrap().advisories.remove(0);
        assert_eq!((advisory.severity, advisory.package.as_str()), (Some(Severity::Critical), "py-yaml"));
        assert_eq!(advisory.versions, ["1.0", "5.3"]);
    }
}
