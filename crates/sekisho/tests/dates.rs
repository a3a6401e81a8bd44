//! `scan --date`: what changes with the days is judged by the day that is given; without one, a scan says the same on every day.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::fs;
use std::process::{Command, Output};

const TEMPLATE: &str = "Resources:
  Handle:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: nodejs20.x
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/r
      Code: {ZipFile: 'exports.handler = async () => 1;'}
";

fn scan(more: &[&str], clock: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    // The clock of the machine is not asked.
    command.env("SOURCE_DATE_EPOCH", clock).current_dir(folder.path()).args(["scan", ".", "--format", "json"]).args(more);
    command.output().unwrap()
}

fn ended(output: &Output) -> Vec<String> {
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = document["findings"].as_array().unwrap().iter();
    findings.filter(|f| f["risk"] == "runtime-end-of-life").map(|f| f["title"].as_str().unwrap().to_owned()).collect()
}

/// 2026-01-01 and 2026-11-22.
const BEFORE: &str = "1767225600";
const AFTER: &str = "1795305600";

#[test]
fn the_day_that_is_given_decides() {
    let says = "Handle runs on nodejs20.x, which gets no security updates since 2026-04-30, as AWS announced on 2026-02-11";
    for (more, clock, expected) in [
        (&["--date", "2026-11-22"] as &[&str], BEFORE, vec![says]),
        (&["--date", "2026-04-30"], AFTER, vec![]),
        (&["--date", "today"], AFTER, vec![says]),
        (&["--date", "today"], BEFORE, vec![]),
        (&[], AFTER, vec![]),
    ] {
        assert_eq!(ended(&scan(more, clock)), expected, "{more:?}");
    }
}

#[test]
fn without_one_every_day_is_the_same() {
    let (before, after) = (scan(&[], BEFORE), scan(&[], AFTER));
    assert_eq!(before.stdout, after.stdout);
    let talk = |output: &Output| String::from_utf8(output.stderr.clone()).unwrap();
    assert!(talk(&after).contains("1 functions run on what was to end by today") && !talk(&before).contains("was to end"));
}

#[test]
fn what_is_no_day_is_refused() {
    for wrong in ["2026-02-30", "22.11.2026", "yesterday", ""] {
        let output = scan(&["--date", wrong], AFTER);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{wrong}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("write a day as 2026-11-22"));
    }
}
