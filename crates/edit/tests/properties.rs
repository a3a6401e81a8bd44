//! What holds for every edit of every document: it reads back as asked, untouched lines stay, comments survive.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{Edit, Fix, Operation, Segment};
use proptest::prelude::*;
use sekisho_edit::apply;
use serde_json::{Map, Value};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zA-Z0-9:#'\" ,\\[\\]{}&*!|>%@`~=+./\\-é関🦄]{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["yes", "null", "~", "2012-10-17", "012", "1e3", "0x1F", "a: b", "a #b", "- x", "<<", "${A}", "x\ny", ""])
            .prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(("[a-zA-Z][a-zA-Z0-9/]{0,5}", inner.clone()), 0..4)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
            inner.prop_map(|argument| serde_json::json!({ "Fn::Base64": argument })),
        ]
    })
}

const DOCUMENT: &str = "# head\nFormat: '2010-09-09'\n\nA: # about A\n  B: 1 # one\n  C:\n    # about D\n    D: text\n  E: !Ref X # ref\n\n# about L\nL:\n  - p # first\n  - q: 1 # second\n    r: 2\nF: {x: 1, y: [1, 2]} # flow\nT: |\n  literal\n   text\nZ: end # last\n";

fn paths() -> impl Strategy<Value = Vec<Segment>> {
    let of = |parts: &[&str]| {
        parts.iter().map(|part| part.parse::<usize>().map_or_else(|_| Segment::from(*part), Segment::from)).collect::<Vec<_>>()
    };
    prop::sample::select(vec![
        of(&["A", "B"]),
        of(&["A", "C"]),
        of(&["A", "C", "D"]),
        of(&["A", "N"]),
        of(&["A", "C", "N", "M"]),
        of(&["A", "E"]),
        of(&["L", "0"]),
        of(&["L", "1"]),
        of(&["L", "1", "q"]),
        of(&["L", "1", "n"]),
        of(&["F", "x"]),
        of(&["F", "n"]),
        of(&["F", "y", "0"]),
        of(&["T"]),
        of(&["Z"]),
        of(&["N"]),
        of(&["N", "M"]),
        of(&["A"]),
        of(&["L"]),
        of(&["F"]),
    ])
}

fn edit(text: &str, path: &[Segment], operation: Operation) -> Option<String> {
    let fix = Fix { says: "a fix".to_owned(), safe: true, edits: vec![Edit::document("t", path.to_vec(), operation)], then: None };
    let changes = apply(&|_| Some(text.to_owned()), &[&fix]).ok()?;
    Some(changes.into_iter().next().map_or_else(|| text.to_owned(), |change| change.after))
}

fn at<'a>(value: &'a Value, path: &[Segment]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        Segment::Key(key) => value.get(key.as_str()),
        Segment::Index(index) => value.get(*index),
    })
}

/// Lines of `before` that are lines of `after` too, in order.
fn kept(before: &str, after: &str) -> usize {
    let mut rest = after.lines();
    before.lines().filter(|line| rest.clone().any(|l| l == *line) && rest.by_ref().any(|l| l == *line)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_that_is_set_reads_back(path in paths(), value in value(), json in any::<bool>()) {
        let (documents, _) = read::document("t", DOCUMENT);
        let text = if json { serde_json::to_string_pretty(&documents[0].json()).unwrap() } else { DOCUMENT.to_owned() };
        let after = edit(&text, &path, Operation::Set(value.clone()));
        let after = after.unwrap_or_else(|| panic!("refused {path:?} {value}"));
        let (read_back, troubles) = read::document("t", &after);
        prop_assert!(troubles.is_empty(), "{after}");
        prop_assert_eq!(at(&read_back[0].json(), &path).cloned(), Some(value), "{}", after);
    }

    #[test]
    fn other_lines_stay_and_comments_survive(path in paths(), value in value()) {
        let after = edit(DOCUMENT, &path, Operation::Set(value.clone())).unwrap_or_else(|| panic!("refused {path:?} {value}"));
        for line in ["# head", "Format: '2010-09-09'", "# about L"] {
            prop_assert!(after.lines().any(|l| l == line), "{line} in {after}");
        }
        // Comments above and behind what was not replaced.
        let whole = path.len() == 1 && ["A", "L"].iter().any(|key| path[0] == Segment::from(*key));
        if !whole {
            for comment in ["# about A", "# about D", "# first", "# second", "# last", "# ref", "# flow"] {
                let inside = comment == "# about D" && path == ["A".into(), "C".into()] || comment == "# second" && path == ["L".into(), 1.into()];
                prop_assert!(inside || after.contains(comment), "{comment} in {after}");
            }
            prop_assert!(kept(DOCUMENT, &after) + 4 >= DOCUMENT.lines().count(), "{}", after);
        }
    }

    #[test]
    fn what_was_added_can_be_removed_to_the_byte(key in "[a-z]{5,8}", value in value()) {
        let after = edit(DOCUMENT, &["A".into(), key.as_str().into()], Operation::Set(value)).unwrap();
        let back = edit(&after, &["A".into(), key.as_str().into()], Operation::Remove).unwrap();
        prop_assert_eq!(back, DOCUMENT);
    }

    #[test]
    fn an_item_that_is_appended_comes_last(value in value()) {
        let after = edit(DOCUMENT, &["L".into()], Operation::Append(value.clone())).unwrap();
        let (read_back, _) = read::document("t", &after);
        prop_assert_eq!(read_back[0].get("L").and_then(|list| list.items().last()).map(model::Node::json), Some(value));
        prop_assert_eq!(kept(DOCUMENT, &after), DOCUMENT.lines().count());
    }
}
