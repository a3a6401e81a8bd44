//! The document reader: places to the byte, tags, anchors, JSON, and input that is not what it says.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{Kind, Node};
use sekisho_read::document;

/// Every value's text, by the span of its place.
fn covered<'a>(text: &'a str, node: &Node) -> &'a str {
    &text[node.place.span.start as usize..node.place.span.end as usize]
}

#[test]
fn places_are_exact_in_lines_characters_and_bytes() {
    let text = "# 山\nA: 関所 # gate\nB:\n  - x: 1\n    y: [a, 'b c']\n  - !Ref  N\nC: |\n  one\n  two\n\nD: !Join\n  - ','\n  - [é, f]\n\"E\" : \"g\\n\"\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("\u{feff}{text}")] {
        let (documents, troubles) = document("t.yaml", &text);
        assert!(troubles.is_empty(), "{troubles:?}");
        let root = &documents[0];
        let b = root.get("B").unwrap();
        let table = [
            (root.get("A").unwrap(), 2, 4, "関所"),
            (b, 4, 3, "- x: 1"),
            (&b.items()[0], 4, 5, "x: 1"),
            (b.items()[0].get("y").unwrap(), 5, 8, "[a, 'b c']"),
            (&b.items()[0].get("y").unwrap().items()[1], 5, 12, "'b c'"),
            (&b.items()[1], 6, 5, "!Ref  N"),
            (b.items()[1].get("Ref").unwrap(), 6, 11, "N"),
            (root.get("C").unwrap(), 7, 4, "|"),
            (root.get("D").unwrap(), 11, 4, "!Join"),
            (root.at(&["D", "Fn::Join"]).unwrap(), 12, 3, "- ','"),
            (&root.at(&["D", "Fn::Join"]).unwrap().items()[1].items()[0], 13, 6, "é"),
            (root.get("E").unwrap(), 14, 7, "\"g\\n\""),
        ];
        for (node, line, column, start) in table {
            let found = covered(&text, node);
            assert_eq!((node.place.line, node.place.column), (line, column), "{found}");
            assert!(found.starts_with(start), "{found:?} does not start with {start:?}");
            assert!(!found.ends_with(['\n', '\r', ' ']), "{found:?}");
        }
        assert!(covered(&text, root.get("C").unwrap()).ends_with("two"));
        assert!(covered(&text, b).ends_with("!Ref  N"));
    }
}

#[test]
fn json_has_places_too() {
    let text = "{\n\t\"a\": [1, {\"é\": \"\\ud83e\\udd84\\/\"}],\n\t\"Ref\": null}";
    let (documents, troubles) = document("t.json", text);
    assert!(troubles.is_empty());
    let inner = &documents[0].get("a").unwrap().items()[1];
    assert_eq!(inner.get("é").unwrap().str(), Some("🦄/"));
    assert_eq!((inner.place.line, inner.place.column, covered(text, inner)), (2, 11, "{\"é\": \"\\ud83e\\udd84\\/\"}"));
    assert_eq!(inner.get("é").unwrap().place.column, 17);
}

#[test]
fn short_tags_become_the_long_form() {
    let table = [
        ("!GetAtt A.B.C", r#"{"Fn::GetAtt":["A","B.C"]}"#),
        ("!GetAtt [A, B]", r#"{"Fn::GetAtt":["A","B"]}"#),
        ("!Condition C", r#"{"Condition":"C"}"#),
        ("!If [C, !Ref A, !Ref AWS::NoValue]", r#"{"Fn::If":["C",{"Ref":"A"},{"Ref":"AWS::NoValue"}]}"#),
        ("!Sub\n  - ${x}\n  - {x: !ImportValue y}", r#"{"Fn::Sub":["${x}",{"x":{"Fn::ImportValue":"y"}}]}"#),
        ("!!str 12", r#""12""#),
        ("2012-10-17", r#""2012-10-17""#),
        ("!Base64 true", r#"{"Fn::Base64":"true"}"#),
    ];
    for (text, json) in table {
        let (documents, troubles) = document("t", &format!("a: {text}\n"));
        assert!(troubles.is_empty(), "{text}: {troubles:?}");
        assert_eq!(documents[0].get("a").unwrap().json().to_string(), json, "{text}");
    }
}

#[test]
fn anchors_and_merge_keys() {
    let (documents, troubles) = document("t", "base: &b {x: 1, y: 2}\nother: &c {z: 3}\nd:\n  <<: [*b, *c]\n  y: 9\ne: *b\n---\nf: 1\n");
    assert!(troubles.is_empty());
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[0].get("d").unwrap().json(), serde_json::json!({"x": 1, "z": 3, "y": 9}));
    assert_eq!(documents[0].at(&["e", "y"]).unwrap().place.line, 1);
}

#[test]
fn bombs_and_broken_input_are_one_trouble_each() {
    let bomb = (1..40).fold("a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        let before = n - 1;
        text + &format!("a{n}: &a{n} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}]\n")
    });
    let deep = "[".repeat(100_000);
    let deep_block = (0..5000).fold(String::new(), |text, n| text + &" ".repeat(n) + "a:\n");
    let table = [
        (bomb.as_str(), "aliases expand", 7),
        (deep.as_str(), "nested deeper", 1),
        (deep_block.as_str(), "nested deeper", 0),
        ("a: &a [*a]\n", "names no anchor", 1),
        ("a: b\n c: d\n", "not valid YAML", 2),
        ("a: 'x\n", "not valid YAML", 2),
        ("a: \u{1}\nb: 1", "not valid YAML", 1),
        ("? [a, b]\n: c\n", "must be text", 1),
        ("a: *\n", "not valid YAML", 1),
        ("%TAG ! tag:x\n", "not valid YAML", 0),
        ("\t- a\n", "not valid YAML", 1),
        ("a: [x, !Ref, y]\n", "a tag without a value", 1),
    ];
    for (text, says, line) in table {
        let (_, troubles) = document("t.yaml", text);
        let shown: String = text.chars().take(40).collect();
        assert_eq!(troubles.len(), 1, "{shown}: {troubles:?}");
        assert!(troubles[0].says.contains(says), "{shown}: {}", troubles[0].says);
        assert!(line == 0 || troubles[0].place.line == line, "{shown}: {}", troubles[0].place);
        assert!(!troubles[0].help.is_empty());
    }
}

#[test]
fn keys_stay_as_written_and_duplicates_are_kept() {
    let (documents, _) = document("t", "on: 1\n200: 2\n~: 3\nx: 4\nx: 5\n");
    let keys: Vec<&str> = documents[0].members().iter().map(|member| member.key.as_str()).collect();
    assert_eq!(keys, ["on", "200", "~", "x", "x"]);
    assert_eq!(documents[0].get("x").unwrap().kind, Kind::Number("5".to_owned()));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[ \\n\\t:\\-#!&*|>'\"%@`a{}\\[\\],?~<0é\\\\]{0,80}") {
        let (documents, troubles) = document("t", &text);
        for node in documents.iter().chain(documents.iter().flat_map(Node::items)) {
            let span = node.place.span;
            proptest::prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{:?} of {:?}", span, text);
        }
        proptest::prop_assert!(troubles.len() <= 1);
    }
}
