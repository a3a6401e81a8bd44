//! Edits of documents, byte for byte: what is added looks like what is there, and nothing else moves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use model::{Edit, Fix, Operation, Segment};
use sekisho_edit::{EditError, apply, diff};
use serde_json::{Value, json};

fn path(text: &str) -> Vec<Segment> {
    text.split('/')
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<usize>().map_or_else(|_| part.replace('~', "/").as_str().into(), Segment::from))
        .collect()
}

fn fix(says: &str, edits: Vec<Edit>) -> Fix {
    Fix { says: says.to_owned(), safe: true, edits, then: None }
}

fn set(at: &str, value: Value) -> Edit {
    Edit::document("t.yaml", path(at), Operation::Set(value))
}

fn append(at: &str, value: Value) -> Edit {
    Edit::document("t.yaml", path(at), Operation::Append(value))
}

fn remove(at: &str) -> Edit {
    Edit::document("t.yaml", path(at), Operation::Remove)
}

fn applied(before: &str, edits: Vec<Edit>) -> Result<String, EditError> {
    let fixes: Vec<Fix> = edits.into_iter().map(|edit| fix("a fix", vec![edit])).collect();
    let changes = apply(&|_| Some(before.to_owned()), &fixes.iter().collect::<Vec<_>>())?;
    Ok(changes.into_iter().next().map_or_else(|| before.to_owned(), |change| change.after))
}

#[test]
fn edits_of_block_style() {
    let table: Vec<(&str, Vec<Edit>, &str)> = vec![
        ("a: 1 # one\nb: 2\n", vec![set("a", json!(3))], "a: 3 # one\nb: 2\n"),
        ("a: 1\n", vec![set("b", json!("x"))], "a: 1\nb: x\n"),
        ("a: 1", vec![set("b", json!("x"))], "a: 1\nb: x"),
        (
            "a:\n    b: 1\n# end\nc: 2\n",
            vec![set("a/d", json!({"e": [1, {"f": true}]}))],
            "a:\n    b: 1\n    d:\n        e:\n            - 1\n            - f: true\n# end\nc: 2\n",
        ),
        ("a:\n- 1\n- 2 # two\nb: 1\n", vec![append("a", json!({"x": 1, "y": [2]}))], "a:\n- 1\n- 2 # two\n- x: 1\n  y:\n  - 2\nb: 1\n"),
        ("a:\n  - 1\n", vec![append("a", json!("it's: so"))], "a:\n  - 1\n  - 'it''s: so'\n"),
        ("a: \"1\"\nb: \"2\"\n", vec![set("c", json!("yes"))], "a: \"1\"\nb: \"2\"\nc: \"yes\"\n"),
        ("a:\nb: 1\n", vec![set("a", json!({"c": 1}))], "a:\n  c: 1\nb: 1\n"),
        ("a: # why\nb: 1\n", vec![set("a", json!("x"))], "a: x # why\nb: 1\n"),
        ("a: x # why\nb: 1\n", vec![set("a", json!({"c": 1}))], "a: # why\n  c: 1\nb: 1\n"),
        ("a:\n  # inner\n  c: 1\nb: 1\n", vec![set("a", json!("x"))], "a: x\n  # inner\nb: 1\n"),
        ("a:\n  c: 1\nb: 1\n", vec![set("a", json!([1, 2]))], "a:\n  - 1\n  - 2\nb: 1\n"),
        ("a: {}\nb: []\n", vec![set("a/x", json!(1)), append("b", json!(2))], "a:\n  x: 1\nb:\n  - 2\n"),
        ("a: {x: 1, y: 2} # z\n", vec![set("a/w", json!("p, q")), remove("a/x")], "a: {y: 2, w: 'p, q'} # z\n"),
        ("a: [1, 2, 3]\n", vec![remove("a/2"), remove("a/0"), append("a", json!(4))], "a: [2, 4]\n"),
        ("a:\n  # about b\n  b: 1\n  # about c\n  c: 2\n", vec![remove("a/b")], "a:\n  # about b\n  # about c\n  c: 2\n"),
        ("a:\n  b: 1\nc: 2\n", vec![remove("a/b")], "a: {}\nc: 2\n"),
        ("a:\n  - x: 1\n    y: 2\n  - z\n", vec![remove("a/0/x")], "a:\n  - y: 2\n  - z\n"),
        ("a:\n  - x\n  - y # keep\n", vec![remove("a/0")], "a:\n  - y # keep\n"),
        ("a: |\n  line\n  more\nb: 1\n", vec![set("c", json!(2)), set("a", json!("x"))], "a: x\nb: 1\nc: 2\n"),
        ("a:\r\n  b: 1\r\n", vec![set("a/c", json!({"d": 1}))], "a:\r\n  b: 1\r\n  c:\r\n    d: 1\r\n"),
        ("", vec![], ""),
        ("日本: 1\nb: 関所 # 山\n", vec![set("b", json!("鍵")), set("c", json!(1))], "日本: 1\nb: 鍵 # 山\nc: 1\n"),
        ("- a\n- - b\n  - c\n", vec![remove("1/0"), append("", json!({"k": "v"}))], "- a\n- - c\n- k: v\n"),
        ("a: null\nb: ~\n", vec![set("a/b/c", json!(1)), append("b", json!(1))], "a:\n  b:\n    c: 1\nb:\n  - 1\n"),
    ];
    for (before, edits, after) in table {
        assert_eq!(applied(before, edits.clone()).unwrap_or_else(|e| panic!("{before:?} {edits:?}: {e}")), after, "{before:?} {edits:?}");
    }
}

#[test]
fn intrinsic_functions_are_written_as_the_document_writes_them() {
    let sub = json!({"Fn::Sub": "arn:${X}"});
    let import = json!({"Fn::ImportValue": {"Fn::Sub": "${S}-x"}});
    let join = json!({"Fn::Join": [",", [{"Ref": "A"}, "b"]]});
    let table: Vec<(&str, Vec<Edit>, &str)> = vec![
        ("a: !Ref X\n", vec![set("b", sub.clone())], "a: !Ref X\nb: !Sub arn:${X}\n"),
        ("a: !Ref X\n", vec![set("b", json!({"Fn::GetAtt": ["R", "Arn"]}))], "a: !Ref X\nb: !GetAtt R.Arn\n"),
        ("a: !Ref X # c\n", vec![set("a", json!({"Fn::GetAtt": "R.Arn"}))], "a: !GetAtt R.Arn # c\n"),
        ("a: !Ref X\n", vec![set("b", import.clone())], "a: !Ref X\nb:\n  Fn::ImportValue: !Sub ${S}-x\n"),
        ("a: !Ref X\n", vec![set("b", join.clone())], "a: !Ref X\nb: !Join\n  - ','\n  - - !Ref A\n    - b\n"),
        ("a:\n  Ref: X\n", vec![set("b", sub.clone())], "a:\n  Ref: X\nb:\n  Fn::Sub: arn:${X}\n"),
        ("a: [!Ref X]\n", vec![append("a", join)], "a: [!Ref X, !Join [',', [!Ref A, b]]]\n"),
        ("a: !If [C, x, y]\n", vec![set("a/Fn::If/1", json!("z"))], "a: !If [C, z, y]\n"),
        ("a: !If\n  - C\n  - b: 1 # one\n  - y\n", vec![set("a/Fn::If/1/d", json!(2))], "a: !If\n  - C\n  - b: 1 # one\n    d: 2\n  - y\n"),
        ("a: !Sub 'x' # c\n", vec![set("a/Fn::Sub", json!("y"))], "a: !Sub y # c\n"),
    ];
    for (before, edits, after) in table {
        assert_eq!(applied(before, edits.clone()).unwrap_or_else(|e| panic!("{before:?} {edits:?}: {e}")), after, "{before:?} {edits:?}");
    }
}

#[test]
fn edits_of_json() {
    let before = "{\n    \"a\": {\"b\": 1},\n    \"c\": [\n        1\n    ],\n    \"d\": {}\n}\n";
    let edits =
        vec![set("a/x", json!({"Ref": "X"})), append("c", json!({"y": "z"})), set("d/e", json!([1])), set("f", json!("2012-10-17"))];
    let after = "{\n    \"a\": {\"b\": 1, \"x\": {\"Ref\":\"X\"}},\n    \"c\": [\n        1,\n        {\n            \"y\": \"z\"\n        }\n    ],\n    \"d\": {\n        \"e\": [\n            1\n        ]\n    },\n    \"f\": \"2012-10-17\"\n}\n";
    assert_eq!(applied(before, edits).unwrap(), after);
    assert_eq!(applied("{\"a\":1,\"b\":2}", vec![remove("a"), set("c", json!("x"))]).unwrap(), "{\"b\":2, \"c\": \"x\"}");
}

#[test]
fn fixes_compose_and_contradictions_name_both() {
    let before = "a:\n  x: 1\n";
    let one = fix("first", vec![set("a/y", json!(2)), append("l", json!("p"))]);
    let two = fix("second", vec![set("a/z", json!(3)), append("l", json!("q")), append("l", json!("p"))]);
    let files = |_: &str| Some(before.to_owned());
    let both = apply(&files, &[&one, &two]).unwrap();
    assert_eq!(both[0].after, "a:\n  x: 1\n  y: 2\n  z: 3\nl:\n  - p\n  - q\n");
    let merged =
        apply(&files, &[&fix("m", vec![set("n", json!({"p": 1}))]), &fix("o", vec![set("n", json!({"q": 2})), set("n/r", json!(3))])])
            .unwrap();
    assert_eq!(merged[0].after, "a:\n  x: 1\nn:\n  p: 1\n  q: 2\n  r: 3\n");
    for (left, right) in [
        (set("a/x", json!(2)), set("a/x", json!(3))),
        (remove("a"), set("a/x", json!(3))),
        (set("a", json!({"x": 9})), set("a/x", json!(3))),
        (set("a/x", json!([])), append("a/x", json!(3))),
    ] {
        let (one, two) = (fix("first", vec![left]), fix("second", vec![right]));
        for order in [[&one, &two], [&two, &one]] {
            let error = apply(&files, &order).unwrap_err().to_string();
            assert!(error.contains("first") && error.contains("second"), "{error}");
        }
    }
}

#[test]
fn what_cannot_be_written_exactly_is_refused() {
    let table = [
        ("a: &x {b: 1}\nc: *x\n", set("c/b", json!(2))),
        ("a: &x {b: 1}\nc: *x\n", set("a", json!(2))),
        ("a: 1\n", remove("b")),
        ("a: 1\n", append("a", json!(2))),
        ("a: [1]\n", set("a/5", json!(2))),
        ("a: 1\n", set("a/b", json!(2))),
        ("a: [1\n", set("b", json!(2))),
    ];
    for (before, edit) in table {
        assert!(applied(before, vec![edit.clone()]).is_err(), "{before:?} {edit:?}");
    }
}

#[test]
fn values_by_place_and_texts_by_span() {
    let text = "Resources:\n  R:\n    Type: T\n    L:\n      - a: 1\n      - !Ref B\n";
    let (documents, _) = read::document("t.yaml", text);
    let list = documents[0].at(&["Resources", "R", "L"]).unwrap();
    let by_place = |place: &model::Place, operation| applied(text, vec![Edit::Value { place: place.clone(), operation }]).unwrap();
    assert!(by_place(&list.items()[1].place, Operation::Set(json!("x"))).contains("      - x\n"));
    assert!(by_place(&list.items()[0].place, Operation::Set(json!({"a": 2}))).contains("      - a: 2\n"));
    let key = &documents[0].get("Resources").unwrap().members()[0].key_place;
    assert!(by_place(key, Operation::Set(json!({"Type": "U"}))).contains("  R:\n    Type: U\n"));
    assert!(by_place(&list.place, Operation::Append(json!("y"))).ends_with("      - y\n"));

    let span = |start, end| model::Span { start, end };
    let edit = |start, end, with: &str| Edit::Text { file: "t.yaml".into(), span: span(start, end), with: with.to_owned() };
    assert_eq!(applied("hello world", vec![edit(0, 5, "bye"), edit(5, 5, ","), edit(6, 11, "all")]).unwrap(), "bye, all");
    assert!(matches!(applied("hello", vec![edit(0, 3, "a"), edit(2, 4, "b")]), Err(EditError::Conflict { .. })));
    assert!(matches!(applied("é", vec![edit(0, 1, "a")]), Err(EditError::NoSpan { .. })));
    assert!(matches!(applied("e", vec![edit(0, 9, "a")]), Err(EditError::NoSpan { .. })));
}

#[test]
fn the_diff_shows_what_changed() {
    let one = fix("f", vec![set("a", json!(2)), Edit::Create { file: "new.txt".into(), text: "x\n".to_owned() }]);
    let changes = apply(&|file| (file == "t.yaml").then(|| "a: 1\nb: 2\n".to_owned()), &[&one]).unwrap();
    assert_eq!(
        diff(&changes),
        "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+x\n--- a/t.yaml\n+++ b/t.yaml\n@@ -1,2 +1,2 @@\n-a: 1\n+a: 2\n b: 2\n"
    );
}
