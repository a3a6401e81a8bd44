//! `scan --history`: what git's history holds is found with its commit, accepted like any finding, and its value is never printed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Written by this test alone, and no secret anywhere.
const VALUE: &str = "kestrel-42-Harbour-of-old";
const KEY: &str = "AKIAQ3EGRJVYTU7ZXKLM";

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(arguments);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_AUTHOR_DATE", "2024-02-03T04:05:06Z").env("GIT_COMMITTER_DATE", "2024-02-03T04:05:06Z");
    let output = command.output().expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
        fs::write(folder.join(path), text).unwrap();
    }
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "work"]);
}

/// A credential that was taken out, one that moved, one that was a README's.
fn application() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    git(at, &["init", "-q", "-b", "main"]);
    let template = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n";
    let code = format!("exports.options = {{\n  host: process.env.HOST,\n  password: \"{VALUE}\",\n}};\n");
    commit(at, &[("template.yaml", template), ("src/db.js", &code), ("README.md", "password: TestPassword123!\n")]);
    commit(at, &[("src/db.js", "exports.options = {};\n"), ("lib/old.env", &format!("DB_PASSWORD={VALUE}\n"))]);
    commit(at, &[("lib/old.env", "DB_PASSWORD=\n"), ("notes.txt", &format!("the key is {KEY}\n"))]);
    folder
}

fn scan(at: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sekisho")).arg("scan").arg(at).args(more).output().unwrap()
}

fn found(output: &Output) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = document["findings"].as_array().unwrap().clone();
    findings.into_iter().filter(|finding| finding["risk"] == "hard-coded-credential").collect()
}

#[test]
fn history_is_searched_when_asked() {
    let folder = application();
    assert_eq!(found(&scan(folder.path(), &["--format", "json"])).len(), 0);
    let output = scan(folder.path(), &["--history", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let findings = found(&output);
    assert_eq!(findings.len(), 2, "{findings:#?}");
    let at = |n: usize| findings[n]["place"]["file"].as_str().unwrap().to_owned();
    let password = usize::from(at(0).starts_with("notes.txt@"));
    assert!(at(password).starts_with("src/db.js@") && findings[password]["place"]["line"] == 3);
    let says: Vec<&str> = findings[password]["path"].as_array().unwrap().iter().map(|step| step["says"].as_str().unwrap()).collect();
    assert!(says[0].ends_with("of 2024-02-03") && says[1] == "another file held it too", "{says:?}");
    assert!(says[2].starts_with("later commits took it out") && says[2].contains("rotate it first"));
    let key = &findings[1 - password]["path"][1]["says"];
    assert!(key.as_str().unwrap().starts_with("the commit that is checked out still holds it"));
}

#[test]
fn no_form_prints_the_value() {
    let folder = application();
    for form in ["terminal", "json", "sarif", "junit", "markdown", "ocsf", "html"] {
        let output = scan(folder.path(), &["--history", "--format", form]);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("history"), "{form} says nothing of it");
        assert!(!said.contains(VALUE) && !said.contains(KEY), "{form} prints a secret");
    }
}

#[test]
fn allows_and_baselines_take_it() {
    let folder = application();
    let baseline = folder.path().join("known.json");
    scan(folder.path(), &["--history", "--write-baseline", baseline.to_str().unwrap()]);
    let known = scan(folder.path(), &["--history", "--baseline", baseline.to_str().unwrap(), "--format", "json"]);
    assert_eq!((known.status.code(), found(&known).iter().filter(|finding| finding["status"] == "known").count()), (Some(0), 2));
    assert!(!fs::read_to_string(&baseline).unwrap().contains(VALUE));
    let allow = "[[allow]]\nrisk = \"hard-coded-credential\"\nresource = \"src/db.js\"\nreason = \"rotated in 2024\"\n";
    fs::write(folder.path().join("sekisho.toml"), allow).unwrap();
    let findings = found(&scan(folder.path(), &["--history", "--format", "json"]));
    assert_eq!(findings.iter().filter(|finding| finding["status"] == "suppressed").count(), 1);
}

/// Unknown is never protection: what is not there is said and counted.
#[test]
fn without_a_repository_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n").unwrap();
    let output = scan(folder.path(), &["--history", "--strict", "--format", "json"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(String::from_utf8(output.stdout).unwrap().contains("there is no git repository"));
}
