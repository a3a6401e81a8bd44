//! The local database: one text, a line for each advisory of a package, sorted, so that a package is found by bisection.
//!
//! The first line is `sekisho-advisories 1`, then the day of the newest record, `whole` or `part`, and a note about the source,
//! each after a tab. Every other line has, each after a tab: ecosystem and package (`npm/minimatch`), id, aliases (`,`),
//! severity (`L` `M` `H` `C` `-`), intervals and versions (a space between: `0<3.0.5`, `1.0<=1.2`, `2.0<`, `=2.1.0`), summary.
//!
//! Nothing here touches a file. A text that is not of this form is refused as a whole.

use model::deps::{Advisory, Ecosystem, End, Interval};
use model::{Severity, Time};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

const MAGIC: &str = "sekisho-advisories 1";

/// A database that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub says: String,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.says)
    }
}

impl std::error::Error for TableError {}

/// Advisories by package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// `built in`, or the path it was read from.
    pub source: String,
    /// Day of its newest record.
    pub dated: String,
    /// Whether it holds all that was published, or a part.
    pub is_whole: bool,
    /// Where its records come from, for people.
    pub note: String,
    text: Arc<str>,
    counts: [usize; Ecosystem::ALL.len()],
}

impl Database {
    /// A database from its text.
    ///
    /// # Errors
    /// When the text is not of the form, or its lines are not sorted.
    pub fn read(source: &str, text: Arc<str>) -> Result<Self, TableError> {
        let wrong = |line: usize, says: &str| TableError { line, says: says.to_owned() };
        let (head, body) = text.split_once('\n').ok_or_else(|| wrong(1, "it is empty"))?;
        let head: Vec<&str> = head.split('\t').collect();
        let [MAGIC, dated, extent, note] = head.as_slice() else {
            return Err(wrong(1, "it is not a database of `sekisho db import`"));
        };
        let mut counts = [0; Ecosystem::ALL.len()];
        let mut last = "";
        for (index, line) in body.lines().enumerate() {
            let (key, rest) = line.split_once('\t').ok_or_else(|| wrong(index + 2, "a field is missing"))?;
            let ecosystem = key.split_once('/').and_then(|(name, _)| Ecosystem::named(name));
            let at =
                Ecosystem::ALL.iter().position(|known| Some(*known) == ecosystem).ok_or_else(|| wrong(index + 2, "unknown ecosystem"))?;
            if key < last {
                return Err(wrong(index + 2, "the lines are not sorted"));
            }
            if rest.matches('\t').count() != 4 {
                return Err(wrong(index + 2, "it has not six fields"));
            }
            (last, counts[at]) = (key, counts[at] + 1);
        }
        let (dated, is_whole, note) = ((*dated).to_owned(), *extent == "whole", (*note).to_owned());
        Ok(Self { source: source.to_owned(), dated, is_whole, note, counts, text })
    }

    /// The text of a database of these advisories. The same advisories give the same text.
    pub fn write(mut advisories: Vec<Advisory>, dated: &str, is_whole: bool, note: &str) -> String {
        advisories.sort_by_cached_key(|advisory| (key(advisory.ecosystem, &advisory.package), advisory.id.clone()));
        advisories.dedup_by(|a, b| (a.ecosystem, &a.package, &a.id) == (b.ecosystem, &b.package, &b.id));
        let plain = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        let mut out = format!("{MAGIC}\t{}\t{}\t{}\n", plain(dated), if is_whole { "whole" } else { "part" }, plain(note));
        for advisory in &advisories {
            let versions =
                advisory.ranges.iter().map(interval).chain(advisory.versions.iter().map(|version| format!("={}", bare(version))));
            let line = [
                plain(&key(advisory.ecosystem, &advisory.package)),
                plain(&advisory.id),
                plain(&advisory.aliases.join(",")),
                letter(advisory.severity).to_owned(),
                versions.collect::<Vec<_>>().join(" "),
                plain(&advisory.summary),
            ];
            out.push_str(&line.join("\t"));
            out.push('\n');
        }
        out
    }

    /// How many advisories it holds of an ecosystem.
    pub fn count(&self, ecosystem: Ecosystem) -> usize {
        Ecosystem::ALL.iter().zip(self.counts).filter(|(known, _)| **known == ecosystem).map(|(_, count)| count).sum()
    }

    /// How many packages of an ecosystem it has advisories about.
    pub fn packages(&self, ecosystem: Ecosystem) -> usize {
        let keys = self.text.lines().skip(1).filter_map(|line| line.split('\t').next());
        let mut keys: Vec<&str> = keys.filter(|key| key.split_once('/').is_some_and(|(name, _)| name == ecosystem.name())).collect();
        keys.dedup();
        keys.len()
    }

    /// What it holds about a package, by its name in the normal spelling.
    pub fn about(&self, ecosystem: Ecosystem, package: &str) -> Vec<Advisory> {
        let key = key(ecosystem, package);
        let body = self.text.find('\n').map_or("", |end| self.text.get(end + 1..).unwrap_or_default());
        let rest = body.get(first_not_before(body, &key)..).unwrap_or_default();
        rest.lines()
            .map_while(|line| line.strip_prefix(key.as_str())?.strip_prefix('\t'))
            .filter_map(|line| advisory(ecosystem, package, line))
            .collect()
    }
}

/// Whole days from a day (`2024-10-01`) to an instant; `None` for what is no day (Howard Hinnant's `days_from_civil`).
pub fn age(day: &str, now: Time) -> Option<i64> {
    let mut parts = day.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let (era, yoe) = (year.div_euclid(400), year.rem_euclid(400));
    let days = era.checked_mul(146_097)? + yoe * 365 + yoe / 4 - yoe / 100 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(now.seconds().div_euclid(86_400) - days)
}

/// Where the first line begins whose key is not before this one.
fn first_not_before(body: &str, key: &str) -> usize {
    let (mut low, mut high) = (0, body.len());
    while low < high {
        let middle = low + (high - low) / 2;
        // Bytes: a middle inside a character is none that a line could begin at.
        let start = body.as_bytes().get(..middle).and_then(|head| head.iter().rposition(|byte| *byte == b'\n')).map_or(0, |at| at + 1);
        let line = body.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let order = line.split('\t').next().unwrap_or_default().cmp(key);
        if order == Ordering::Less {
            low = (start + line.len() + 1).min(body.len());
        } else {
            high = start;
        }
    }
    low
}

/// Where to look for advisories: what the user imported, and the built-in part for an ecosystem that it says nothing of.
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// What was imported.
    pub imported: Option<Arc<Database>>,
}

impl Store {
    /// The database that answers for an ecosystem; `None` when no data covers it.
    pub fn of(&self, ecosystem: Ecosystem) -> Option<&Database> {
        let own = self.imported.as_deref().filter(|database| database.count(ecosystem) > 0);
        own.or_else(|| Some(crate::built_in()).filter(|database| database.count(ecosystem) > 0))
    }
}

fn key(ecosystem: Ecosystem, package: &str) -> String {
    format!("{ecosystem}/{package}")
}

/// A version without what the table uses itself.
fn bare(version: &str) -> String {
    version.chars().filter(|c| !c.is_whitespace() && !matches!(c, '<' | '=')).collect()
}

fn interval(interval: &Interval) -> String {
    match &interval.end {
        End::Open => format!("{}<", bare(&interval.from)),
        End::Before(version) => format!("{}<{}", bare(&interval.from), bare(version)),
        End::UpTo(version) => format!("{}<={}", bare(&interval.from), bare(version)),
    }
}

fn letter(severity: Option<Severity>) -> &'static str {
    match severity {
        None => "-",
        Some(Severity::Low) => "L",
        Some(Severity::Medium) => "M",
        Some(Severity::High) => "H",
        Some(Severity::Critical) => "C",
    }
}

/// The fields after the key.
fn advisory(ecosystem: Ecosystem, package: &str, line: &str) -> Option<Advisory> {
    let mut fields = line.split('\t');
    let (id, aliases, severity, versions, summary) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (mut ranges, mut single) = (Vec::new(), Vec::new());
    for item in versions.split(' ').filter(|item| !item.is_empty()) {
        if let Some(version) = item.strip_prefix('=') {
            single.push(version.to_owned());
        } else if let Some((from, end)) = item.split_once('<') {
            let end = match end.strip_prefix('=') {
                Some(last) => End::UpTo(last.to_owned()),
                None if end.is_empty() => End::Open,
                None => End::Before(end.to_owned()),
            };
            ranges.push(Interval { from: from.to_owned(), end });
        }
    }
    Some(Advisory {
        id: id.to_owned(),
        aliases: aliases.split(',').filter(|alias| !alias.is_empty()).map(str::to_owned).collect(),
        ecosystem,
        package: package.to_owned(),
        severity: [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
            .into_iter()
            .find(|known| letter(Some(*known)) == severity),
        ranges,
        versions: single,
        summary: summary.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(package: &str, id: &str) -> Advisory {
        Advisory {
            id: id.into(),
            aliases: vec!["CVE-1".into()],
            ecosystem: Ecosystem::Npm,
            package: package.into(),
            severity: Some(Severity::High),
            ranges: vec![
                Interval { from: "0".into(), end: End::Before("1.0.0".into()) },
                Interval { from: "2.0.0".into(), end: End::UpTo("2.1.0".into()) },
                Interval { from: "3.0.0".into(), end: End::Open },
            ],
            versions: vec!["9.9.9".into()],
            summary: "ü\tb".into(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let names = ["a", "a-b", "ab", "b", "@s/a", "é"];
        let all: Vec<Advisory> = names.iter().flat_map(|name| [some(name, "GHSA-1"), some(name, "GHSA-2")]).collect();
        let text = Database::write(all.clone(), "2024-01-02", true, "note");
        let database = Database::read("test", text.into()).unwrap();
        assert_eq!((database.dated.as_str(), database.is_whole, database.count(Ecosystem::Npm)), ("2024-01-02", true, 12));
        assert_eq!(database.packages(Ecosystem::Npm), 6);
        for name in names {
            let expected =
                [Advisory { summary: "ü b".into(), ..some(name, "GHSA-1") }, Advisory { summary: "ü b".into(), ..some(name, "GHSA-2") }];
            assert_eq!(database.about(Ecosystem::Npm, name), expected, "{name}");
        }
        for none in ["", "0", "aa", "zz", "a-"] {
            assert_eq!(database.about(Ecosystem::Npm, none), []);
        }
        assert_eq!(database.about(Ecosystem::PyPI, "a"), []);
    }

    #[test]
    fn ages_are_whole_days() {
        for (day, now, expected) in [
            ("1970-01-01", 0, Some(0)),
            ("2000-02-29", 951_868_800_000, Some(1)),
            ("2026-11-23", 1_795_355_053_999, Some(-1)),
            ("soon", 0, None),
        ] {
            assert_eq!(age(day, Time(now)), expected, "{day}");
        }
    }

    #[test]
    fn another_text_is_refused() {
        for (text, line) in [
            ("", 1),
            ("{}\n", 1),
            ("sekisho-advisories 1\td\twhole\tn\nnpm/a\n", 2),
            ("sekisho-advisories 1\td\twhole\tn\nnpm/b\ta\tb\tc\td\te\nnpm/a\ta\tb\tc\td\te\n", 3),
        ] {
            assert_eq!(Database::read("x", text.into()).unwrap_err().line, line, "{text:?}");
        }
    }

    #[test]
    fn the_built_in_part_reads() {
        assert!(crate::built_in().count(Ecosystem::Npm) > 20);
        assert!(crate::built_in().count(Ecosystem::PyPI) > 20);
        assert!(!crate::built_in().is_whole);
    }
}
