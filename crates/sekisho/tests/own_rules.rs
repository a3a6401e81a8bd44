//! `scan --rules`: rules of the user's own fail a scan like any risk, or it is said why they could not be run. Never is a scan clean
//! because its rules were left out.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const TEMPLATE: &str = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties:\n      DisplayName: orders\n";
const RULES: &str =
    "rule TOPIC_NAMED {\n  Resources.*[ Type == 'AWS::SNS::Topic' ].Properties.DisplayName == 'bills' <<topics are bills>>\n}\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("template.yaml", TEMPLATE)].iter().chain(files) {
        fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn scan(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho")).current_dir(folder).args(["scan", "."]).args(more).output().unwrap()
}

/// Without the engine, rules that a flag or a configuration names end the scan: they were not asked.
#[cfg(not(feature = "guard"))]
#[test]
fn without_the_engine_nothing_passes() {
    let named = folder(&[("policies/own.guard", RULES)]);
    let configured = folder(&[("policies/own.guard", RULES), ("sekisho.toml", "rules = [\"policies\"]\n")]);
    for output in [scan(named.path(), &["--rules", "policies"]), scan(configured.path(), &[])] {
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("own.guard:1:1") && said.contains("cargo build --release --features guard"), "{said}");
    }
    assert_eq!(scan(configured.path(), &["--isolated"]).status.code(), Some(0));
}

#[cfg(feature = "guard")]
#[test]
fn rules_fail_a_scan() {
    let named = folder(&[("policies/own.guard", RULES)]);
    let output = scan(named.path(), &["--rules", "policies", "--format", "json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    let finding = &document["findings"][0];
    assert_eq!((&finding["risk"], &finding["title"]), (&"guard:TOPIC_NAMED".into(), &"topics are bills".into()));
    assert_eq!((&finding["place"]["line"], finding["resource"].as_str().unwrap().ends_with("/Topic")), (&5.into(), true));
    for form in ["terminal", "sarif", "junit", "markdown", "html", "ocsf"] {
        let output = scan(named.path(), &["--rules", "policies/own.guard", "--format", form]);
        assert!(String::from_utf8(output.stdout).unwrap().contains("topics are bills"), "{form}");
    }
    scan(named.path(), &["--rules", "policies", "--write-baseline", "known.json"]);
    assert_eq!(scan(named.path(), &["--rules", "policies", "--baseline", "known.json"]).status.code(), Some(0));
    let allowed = folder(&[
        ("policies/own.guard", RULES),
        ("sekisho.toml", "rules = [\"policies\"]\n[[allow]]\nrisk = \"guard:TOPIC_NAMED\"\nreason = \"until the bills move\"\n"),
    ]);
    assert_eq!(scan(allowed.path(), &["--strict"]).status.code(), Some(0));
    let sarif = String::from_utf8(scan(allowed.path(), &["--format", "sarif"]).stdout).unwrap();
    assert!(sarif.contains("\"kind\": \"external\"") && !sarif.contains("inSource"));
    let wrong = folder(&[("own.guard", "rule A {\n  Resources ===\n}\n")]);
    let output = scan(wrong.path(), &["--rules", "own.guard"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("own.guard:2:"));
}

#[test]
fn what_is_not_there_is_refused() {
    let empty = folder(&[("policies/readme.txt", "nothing")]);
    for path in ["nowhere.guard", "policies"] {
        assert_eq!(scan(empty.path(), &["--rules", path]).status.code(), Some(2), "{path}");
    }
}
