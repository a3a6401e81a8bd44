//! Versions held against ranges, against a slow second way: OSV's own evaluation algorithm ("OSV schema", Evaluation), with
//! versions ordered by hand.

#![allow(clippy::unwrap_used)]

use model::deps::{Advisory, Ecosystem, End, Interval};
use proptest::prelude::*;

/// Three numbers and a pre-release number, ordered as both ecosystems order them.
type Plain = (u8, u8, u8, Option<u8>);

fn order(a: Plain) -> (u8, u8, u8, u16) {
    (a.0, a.1, a.2, a.3.map_or(u16::MAX, u16::from))
}

fn text(ecosystem: Ecosystem, (a, b, c, pre): Plain) -> String {
    match (ecosystem, pre) {
        (_, None) => format!("{a}.{b}.{c}"),
        (Ecosystem::Npm, Some(pre)) => format!("{a}.{b}.{c}-rc.{pre}"),
        (Ecosystem::PyPI, Some(pre)) => format!("{a}.{b}.{c}rc{pre}"),
    }
}

fn plain() -> impl Strategy<Value = Plain> {
    (0u8..4, 0u8..4, 0u8..4, prop::option::weighted(0.2, 1u8..4))
}

/// Events in order, and whether the last one is the last affected version.
fn events() -> impl Strategy<Value = (Vec<Plain>, bool)> {
    (prop::collection::vec(plain(), 1..6), any::<bool>()).prop_map(|(mut versions, last)| {
        versions.sort_by_key(|version| order(*version));
        versions.dedup();
        (versions, last)
    })
}

proptest! {
    #[test]
    fn as_the_schema_evaluates((events, last) in events(), version in plain(), npm in any::<bool>()) {
        let ecosystem = if npm { Ecosystem::Npm } else { Ecosystem::PyPI };
        // Even events introduce, odd ones mend.
        let mut expected = false;
        for (index, event) in events.iter().enumerate() {
            let is_end = index % 2 == 1;
            if is_end && last && index + 1 >= events.len() {
                if order(version) > order(*event) { expected = false; }
            } else if order(version) >= order(*event) {
                expected = !is_end;
            }
        }
        let ranges = events.chunks(2).enumerate().map(|(index, pair)| Interval {
            from: text(ecosystem, pair[0]),
            end: match pair.get(1) {
                None => End::Open,
                Some(end) if last && index * 2 + 2 == events.len() => End::UpTo(text(ecosystem, *end)),
                Some(end) => End::Before(text(ecosystem, *end)),
            },
        }).collect();
        let advisory = Advisory { id: "A".into(), aliases: vec![], ecosystem, package: "p".into(), severity: None, ranges, versions: vec![], summary: String::new() };
        prop_assert_eq!(sekisho_advisories::affects(&advisory, &text(ecosystem, version)), Some(expected));
    }

    /// What is said of a range agrees with every version of a small world.
    #[test]
    fn ranges_agree_with_their_versions((events, _) in events(), operator in 0usize..6, bound in (0u8..4, 0u8..4, 0u8..4), npm in any::<bool>()) {
        let ecosystem = if npm { Ecosystem::Npm } else { Ecosystem::PyPI };
        let ranges: Vec<Interval> = events.chunks(2).map(|pair| Interval {
            from: text(ecosystem, pair[0]),
            end: pair.get(1).map_or(End::Open, |end| End::Before(text(ecosystem, *end))),
        }).collect();
        let advisory = Advisory { id: "A".into(), aliases: vec![], ecosystem, package: "p".into(), severity: None, ranges, versions: vec![], summary: String::new() };
        let (a, b, c) = bound;
        let range = match (npm, operator) {
            (true, 0) => format!("^{a}.{b}.{c}"),
            (true, 1) => format!("~{a}.{b}.{c}"),
            (true, 2) => format!("{a}.{b}.x"),
            (false, 0) => format!("~={a}.{b}.{c}"),
            (false, 1) => format!("=={a}.{b}.*"),
            (false, 2) => format!("!={a}.{b}.{c}"),
            (_, 3) => format!(">={a}.{b}.{c}"),
            (_, 4) => format!("<{a}.{b}.{c}"),
            _ => format!(">={a}.{b}.{c},<{}", a + 1).replace(',', if npm { " " } else { "," }),
        };
        let said = sekisho_advisories::allowed(ecosystem, &range, [&advisory].into_iter()).unwrap();
        let mut seen = (false, false);
        for a in 0..5u8 { for b in 0..6u8 { for c in 0..6u8 {
            let version = format!("{a}.{b}.{c}");
            if sekisho_advisories::allows(ecosystem, &range, &version).unwrap() {
                match sekisho_advisories::affects(&advisory, &version).unwrap() { true => seen.0 = true, false => seen.1 = true }
            }
        }}}
        use sekisho_advisories::Allowed;
        // A small world is a part of all versions: what it shows must be said, and nothing that it rules out.
        match said {
            Allowed::Unaffected => prop_assert!(!seen.0, "{range}"),
            Allowed::Every => prop_assert!(!seen.1, "{range}"),
            Allowed::Some => prop_assert!(true),
        }
    }

    #[test]
    fn no_text_breaks_it(version in ".{0,30}", range in ".{0,40}") {
        let advisory = Advisory { id: "A".into(), aliases: vec![], ecosystem: Ecosystem::Npm, package: "p".into(), severity: None,
            ranges: vec![Interval { from: "0".into(), end: End::Before("1.0.0".into()) }], versions: vec![], summary: String::new() };
        for ecosystem in Ecosystem::ALL {
            let advisory = Advisory { ecosystem, ..advisory.clone() };
            let _ = sekisho_advisories::affects(&advisory, &version);
            let _ = sekisho_advisories::allows(ecosystem, &range, &version);
            let _ = sekisho_advisories::allowed(ecosystem, &range, [&advisory].into_iter());
            let _ = sekisho_advisories::lowest_fixed(ecosystem, &version, [&advisory].into_iter());
            let _ = sekisho_advisories::float(ecosystem, &range);
        }
    }
}
