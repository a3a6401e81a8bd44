//! Versions and ranges of both ecosystems: node-semver's for npm, PEP 440's for PyPI. What does not parse is `None`.

use model::deps::{Advisory, Ecosystem, End};
use nodejs_semver::{Range, Version as Npm};
use pep440_rs::{Version as Pep440, VersionSpecifiers};
use std::cmp::Ordering;
use std::str::FromStr;

/// A version of either ecosystem.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Version {
    Npm(Npm),
    PyPI(Pep440),
}

impl Version {
    fn read(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        let text = text.trim();
        match ecosystem {
            // Records and old locks write `1.2` for `1.2.0`.
            Ecosystem::Npm => Npm::parse(text)
                .or_else(|_| Npm::parse(format!("{text}.0")))
                .or_else(|_| Npm::parse(format!("{text}.0.0")))
                .ok()
                .map(Self::Npm),
            Ecosystem::PyPI => Pep440::from_str(text).ok().map(Self::PyPI),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Npm(a), Self::Npm(b)) => a.cmp(b),
            (Self::PyPI(a), Self::PyPI(b)) => a.cmp(b),
            // Never compared: both come of one ecosystem.
            (Self::Npm(_), Self::PyPI(_)) => Ordering::Less,
            (Self::PyPI(_), Self::Npm(_)) => Ordering::Greater,
        }
    }

    fn is_stable(&self) -> bool {
        match self {
            Self::Npm(version) => !version.is_prerelease(),
            Self::PyPI(version) => version.is_stable(),
        }
    }

    /// The three numbers at its head.
    fn numbers(&self) -> (u64, u64, u64) {
        match self {
            Self::Npm(version) => (version.major(), version.minor(), version.patch()),
            Self::PyPI(version) => {
                let part = |at: usize| version.release().get(at).copied().unwrap_or(0);
                (part(0), part(1), part(2))
            }
        }
    }

    fn of(ecosystem: Ecosystem, (major, minor, patch): (u64, u64, u64)) -> Option<Self> {
        Self::read(ecosystem, &format!("{major}.{minor}.{patch}"))
    }

    fn shown(&self) -> String {
        match self {
            Self::Npm(version) => version.to_string(),
            Self::PyPI(version) => version.to_string(),
        }
    }
}

/// How two versions stand to each other; `None` when one cannot be read.
pub fn compare(ecosystem: Ecosystem, a: &str, b: &str) -> Option<Ordering> {
    Some(Version::read(ecosystem, a)?.cmp(&Version::read(ecosystem, b)?))
}

/// Whether an advisory is about this version; `None` when the version cannot be read. An end that cannot be read ends nothing.
pub fn affects(advisory: &Advisory, version: &str) -> Option<bool> {
    if advisory.versions.iter().any(|own| own == version) {
        return Some(true);
    }
    let version = Version::read(advisory.ecosystem, version)?;
    Some(concerns(advisory, &version))
}

fn concerns(advisory: &Advisory, version: &Version) -> bool {
    let read = |text: &str| Version::read(advisory.ecosystem, text);
    let single = || advisory.versions.iter().filter_map(|own| read(own)).any(|own| own.cmp(version) == Ordering::Equal);
    let inside = advisory.ranges.iter().any(|range| {
        let begun = range.from == "0" || read(&range.from).is_none_or(|from| version.cmp(&from) != Ordering::Less);
        let ended = match &range.end {
            End::Open => false,
            End::Before(end) => read(end).is_some_and(|end| version.cmp(&end) != Ordering::Less),
            End::UpTo(end) => read(end).is_some_and(|end| version.cmp(&end) == Ordering::Greater),
        };
        begun && !ended
    });
    inside || single()
}

/// A range of versions.
enum Versions {
    Npm(Range),
    PyPI(VersionSpecifiers),
}

impl Versions {
    fn read(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        let text = text.trim();
        match ecosystem {
            Ecosystem::Npm if is_tag(text) => Some(Self::Npm(Range::any())),
            Ecosystem::Npm => Range::parse(text).ok().map(Self::Npm),
            Ecosystem::PyPI if text.is_empty() || text == "*" => Some(Self::PyPI(VersionSpecifiers::empty())),
            Ecosystem::PyPI => VersionSpecifiers::from_str(text).ok().map(Self::PyPI),
        }
    }

    fn allows(&self, version: &Version) -> bool {
        match (self, version) {
            (Self::Npm(range), Version::Npm(version)) => range.satisfies(version),
            (Self::PyPI(range), Version::PyPI(version)) => range.contains(version),
            _ => false,
        }
    }
}

/// Any version, or the one that a tag names today (npm's documentation, "package.json", dependencies).
fn is_tag(text: &str) -> bool {
    let x = matches!(text, "" | "*" | "x" | "X");
    x || text.starts_with(|c: char| c.is_ascii_alphabetic()) && !text.starts_with(['v', 'x', 'X']) && !text.contains([':', '/', ' ', '|'])
}

/// Whether a range allows a version; `None` when one cannot be read.
pub fn allows(ecosystem: Ecosystem, range: &str, version: &str) -> Option<bool> {
    Some(Versions::read(ecosystem, range)?.allows(&Version::read(ecosystem, version)?))
}

/// Whether a range allows every version that is ever published; `None` when it cannot be read.
pub fn float(ecosystem: Ecosystem, range: &str) -> Option<bool> {
    Some(Versions::read(ecosystem, range)?.allows(&Version::of(ecosystem, (999_999, 0, 0))?))
}

/// What a range allows, as seen from advisories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// No version that an advisory is about.
    Unaffected,
    /// Such versions and others.
    Some,
    /// Such versions alone.
    Every,
}

/// What a range allows; `None` when it cannot be read. Which versions were published is not known: one version stands for all
/// between two that the range or an advisory names.
pub fn allowed<'a>(ecosystem: Ecosystem, range: &str, advisories: impl Iterator<Item = &'a Advisory> + Clone) -> Option<Allowed> {
    let versions = Versions::read(ecosystem, range)?;
    let mut named: Vec<Version> = words(range).filter_map(|word| Version::read(ecosystem, word)).collect();
    for range in advisories.clone().flat_map(|advisory| &advisory.ranges) {
        let end = match &range.end {
            End::Open => None,
            End::Before(end) | End::UpTo(end) => Version::read(ecosystem, end),
        };
        named.extend(Version::read(ecosystem, &range.from).into_iter().chain(end));
    }
    named.extend(advisories.clone().flat_map(|advisory| &advisory.versions).filter_map(|version| Version::read(ecosystem, version)));
    let mut candidates: Vec<Version> = Vec::new();
    for version in named {
        let (major, minor, patch) = version.numbers();
        let next = [(major, minor, patch.saturating_add(1)), (major, minor.saturating_add(1), 0), (major.saturating_add(1), 0, 0)];
        candidates.extend([(major, minor, patch)].into_iter().chain(next).filter_map(|numbers| Version::of(ecosystem, numbers)));
        candidates.push(version);
    }
    candidates.extend([(0, 0, 0), (0, 0, 1), (999_999, 0, 0)].into_iter().filter_map(|numbers| Version::of(ecosystem, numbers)));
    let (mut affected, mut free) = (false, false);
    for version in candidates.iter().filter(|version| versions.allows(version)) {
        match advisories.clone().any(|advisory| concerns(advisory, version)) {
            true => affected = true,
            false => free = true,
        }
    }
    Some(match (affected, free) {
        (true, true) => Allowed::Some,
        (true, false) => Allowed::Every,
        (false, _) => Allowed::Unaffected,
    })
}

/// The versions that a range names: `^1.2.x || 2` has `1.2` and `2`.
fn words(range: &str) -> impl Iterator<Item = &str> {
    let words = range.split(|c: char| c.is_whitespace() || matches!(c, '^' | '~' | '<' | '>' | '=' | '!' | '|' | ',' | '(' | ')'));
    words
        .map(|word| {
            word.trim_start_matches('v').trim_end_matches(".*").trim_end_matches(".x").trim_end_matches(".X").trim_end_matches(".*")
        })
        .map(|word| word.trim_end_matches(".x"))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
}

/// The lowest version after this one that none of the advisories is about, of those they name as mended; a stable one when
/// there is one. `None` when nobody mended it, or the version cannot be read.
pub fn lowest_fixed<'a>(ecosystem: Ecosystem, after: &str, advisories: impl Iterator<Item = &'a Advisory> + Clone) -> Option<String> {
    let after = Version::read(ecosystem, after)?;
    let ends = advisories.clone().flat_map(|advisory| &advisory.ranges).filter_map(|range| match &range.end {
        End::Before(version) => Version::read(ecosystem, version),
        _ => None,
    });
    let mut fixed: Vec<Version> = ends.filter(|version| version.cmp(&after) == Ordering::Greater).collect();
    fixed.retain(|version| !advisories.clone().any(|advisory| concerns(advisory, version)));
    fixed.sort_by(|a, b| b.is_stable().cmp(&a.is_stable()).then(a.cmp(b)));
    fixed.first().map(Version::shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::deps::Interval;

    fn about(ecosystem: Ecosystem, ranges: &[(&str, &str)]) -> Advisory {
        let interval = |(from, end): &(&str, &str)| Interval {
            from: (*from).into(),
            end: match end.strip_prefix('=') {
                Some(last) => End::UpTo(last.into()),
                None if end.is_empty() => End::Open,
                None => End::Before((*end).into()),
            },
        };
        Advisory {
            id: "A".into(),
            aliases: Vec::new(),
            ecosystem,
            package: "p".into(),
            severity: None,
            ranges: ranges.iter().map(interval).collect(),
            versions: Vec::new(),
            summary: String::new(),
        }
    }

    #[test]
    fn npm_versions_in_and_out() {
        let advisory = about(Ecosystem::Npm, &[("0", "2.5.4"), ("3.0.0", "=3.0.3"), ("4.0.0", "")]);
        for (version, expected) in
            [("2.3.2", true), ("2.5.4-rc.1", true), ("2.5.4", false), ("3.0.3", true), ("3.0.4", false), ("4.9.0", true), ("1.2", true)]
        {
            assert_eq!(affects(&advisory, version), Some(expected), "{version}");
        }
        assert_eq!(affects(&advisory, "git+ssh://x"), None);
    }

    #[test]
    fn python_versions_in_and_out() {
        let advisory = about(Ecosystem::PyPI, &[("2.3.0", "2.31.0")]);
        for (version, expected) in [("2.4", true), ("2.31.0rc1", true), ("2.31", false), ("2.2.1.post1", false), ("1!1.0", false)] {
            assert_eq!(affects(&advisory, version), Some(expected), "{version}");
        }
        assert_eq!(affects(&advisory, "not a version"), None);
    }

    #[test]
    fn an_unreadable_end_ends_nothing() {
        assert_eq!(affects(&about(Ecosystem::PyPI, &[("0", "soon")]), "99"), Some(true));
    }

    #[test]
    fn what_ranges_allow() {
        use Allowed::{Every, Some as Part, Unaffected};
        let minimatch = about(Ecosystem::Npm, &[("0", "3.0.5")]);
        let cases = [
            ("^2.0.10", Every),
            ("^3.0.0", Part),
            ("*", Part),
            ("latest", Part),
            ("^3.0.5", Unaffected),
            ("3.x", Part),
            ("2.x || 1", Every),
            (">=3.0.5", Unaffected),
            ("~3.0.4", Part),
            ("3.0.4", Every),
            ("<4", Part),
            ("1.0.0 - 3.0.4", Every),
        ];
        for (range, expected) in cases {
            assert_eq!(allowed(Ecosystem::Npm, range, [&minimatch].into_iter()), Some(expected), "{range}");
        }
        let requests = about(Ecosystem::PyPI, &[("2.3.0", "2.31.0")]);
        let cases = [
            ("==2.22.0", Every),
            ("~=2.22", Part),
            (">=2.31,<3", Unaffected),
            ("<2.31.0,>=2.4", Every),
            ("", Part),
            ("==2.22.*", Every),
            ("==2.*", Part),
            ("!=2.22.0", Part),
        ];
        for (range, expected) in cases {
            assert_eq!(allowed(Ecosystem::PyPI, range, [&requests].into_iter()), Some(expected), "{range}");
        }
        assert_eq!(allowed(Ecosystem::Npm, "git+https://host/x", [&minimatch].into_iter()), None);
    }

    #[test]
    fn the_lowest_mended_version_is_free_of_all() {
        let npm = [about(Ecosystem::Npm, &[("0", "3.0.2")]), about(Ecosystem::Npm, &[("0", "3.0.5"), ("4.0.0", "4.0.1")])];
        assert_eq!(lowest_fixed(Ecosystem::Npm, "2.0.10", npm.iter()).as_deref(), Some("3.0.5"));
        assert_eq!(lowest_fixed(Ecosystem::Npm, "4.0.0", npm.iter()).as_deref(), Some("4.0.1"));
        assert_eq!(lowest_fixed(Ecosystem::Npm, "2.88.0", [about(Ecosystem::Npm, &[("0", "=2.88.2")])].iter()), None);
        assert_eq!(lowest_fixed(Ecosystem::PyPI, "2.19.1", [about(Ecosystem::PyPI, &[("0", "2.20.0")])].iter()).as_deref(), Some("2.20.0"));
    }

    #[test]
    fn floating_ranges() {
        for (range, expected) in
            [("*", true), ("latest", true), ("", true), (">=1.0", true), ("^1", false), ("1.x", false), ("x", true), ("~2.3.4", false)]
        {
            assert_eq!(float(Ecosystem::Npm, range), Some(expected), "{range}");
        }
        for (range, expected) in [("", true), (">=2", true), ("==2.1", false), (">=2,<3", false), ("~=2.1", false)] {
            assert_eq!(float(Ecosystem::PyPI, range), Some(expected), "{range}");
        }
    }
}
