//! Dependencies, through the binary: found by the lock, fixed in the manifest, held against an imported database.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const TEMPLATE: &str = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Check:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs20.x, Handler: index.handler, CodeUri: src/}
";
const CODE: &str = "const jwt = require('jsonwebtoken');\nexports.handler = async (event) => jwt.decode(event.token);\n";
const MANIFEST: &str =
    "{\n  \"name\": \"check\",\n  \"dependencies\": {\n    \"jsonwebtoken\": \"^8.0.1\",\n    \"lodash\": \"^4.17.10\"\n  }\n}\n";
const LOCK: &str = r#"{
  "name": "check",
  "lockfileVersion": 3,
  "packages": {
    "": { "dependencies": { "jsonwebtoken": "^8.0.1", "lodash": "^4.17.10" } },
    "node_modules/jsonwebtoken": { "version": "8.3.0", "dependencies": { "jws": "^3.1.5" } },
    "node_modules/jws": { "version": "3.1.5" },
    "node_modules/lodash": { "version": "4.17.10" },
    "node_modules/minimist": { "version": "0.0.8", "dev": true }
  }
}
"#;

fn application(lock: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/index.js"), CODE).unwrap();
    fs::write(folder.path().join("src/package.json"), MANIFEST).unwrap();
    if let Some(lock) = lock {
        fs::write(folder.path().join("src/package-lock.json"), lock).unwrap();
    }
    folder
}

/// Exit code, stdout, stderr; without the data folder of whoever runs the test.
fn sekisho(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let data = folder.join("data");
    let output =
        Command::new(env!("CARGO_BIN_EXE_sekisho")).args(arguments).current_dir(folder).env("XDG_DATA_HOME", data).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// Risk, severity, file:line and title of each finding about dependencies.
fn found(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let arguments: Vec<&str> = ["scan", "--format", "json"].iter().chain(arguments).copied().collect();
    let (_, out, err) = sekisho(folder, &arguments);
    let scan: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}"));
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let all = scan["findings"].as_array().unwrap().iter().filter(|finding| text(&finding["risk"]).ends_with("-dependency"));
    all.map(|f| {
        format!("{} {} {}:{} {}", text(&f["risk"]), text(&f["severity"]), text(&f["place"]["file"]), f["place"]["line"], text(&f["title"]))
    })
    .collect()
}

#[test]
fn the_lock_decides_and_reach_weighs() {
    let app = application(Some(LOCK));
    let found = found(app.path(), &[]);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(
        found[0].starts_with("vulnerable-dependency high src/package-lock.json:7 jws 3.1.5 is affected by GHSA-869p-cjfg-cm3x"),
        "{found:#?}"
    );
    assert!(
        found[1].starts_with("vulnerable-dependency medium src/package-lock.json:6 jsonwebtoken 8.3.0 is affected by 3 advisories"),
        "{found:#?}"
    );
    assert!(found[2].starts_with("unused-dependency low src/package.json:5 imported by no function: lodash"), "{found:#?}");
    assert!(found[3].starts_with("vulnerable-dependency low src/package-lock.json:8 shipped with known vulnerabilities and imported by no function: lodash 4.17.10"), "{found:#?}");
    let (_, _, err) = sekisho(app.path(), &["scan"]);
    assert!(err.contains("packages were held against") && err.contains("days old"), "{err}");
}

#[test]
fn fixes_raise_force_and_remove() {
    let app = application(Some(LOCK));
    let (code, out, err) = sekisho(app.path(), &["scan", "--fix=unsafe"]);
    assert_eq!(code, 0, "{out}{err}");
    let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(app.path().join("src/package.json")).unwrap()).unwrap();
    assert_eq!(manifest["dependencies"], serde_json::json!({"jsonwebtoken": "^9.0.0"}));
    assert_eq!(manifest["overrides"], serde_json::json!({"jws": "^3.2.3"}));
    assert_eq!(found(app.path(), &[]), Vec::<String>::new());
    // What the lock now holds is not what an install brings, and that is said.
    let (_, out, _) = sekisho(app.path(), &["scan"]);
    assert!(out.contains("which `^9.0.0` does not allow"), "{out}");
}

#[test]
fn a_manifest_alone_speaks_of_its_ranges() {
    let app = application(None);
    let found = found(app.path(), &[]);
    assert!(
        found[0].starts_with("vulnerable-dependency medium src/package.json:4 jsonwebtoken ^8.0.1 is affected by 3 advisories"),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|f| f.contains("low src/package.json:5 may resolve to a version with known vulnerabilities: lodash ^4.17.10")),
        "{found:#?}"
    );
}

const RECORD: &str = r#"{"id": "GHSA-test-test-test", "modified": "2026-01-02T00:00:00Z", "summary": "jsonwebtoken is made of cheese",
  "affected": [{"package": {"ecosystem": "npm", "name": "jsonwebtoken"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "8.3.0"}, {"fixed": "8.3.1"}]}]}],
  "database_specific": {"severity": "CRITICAL"}}"#;

#[test]
fn an_imported_database_is_asked_instead() {
    let app = application(Some(LOCK));
    fs::create_dir_all(app.path().join("dump/deep")).unwrap();
    fs::write(app.path().join("dump/deep/a.json"), RECORD).unwrap();
    fs::write(app.path().join("dump/b.json"), "{\"not\": \"osv\"}").unwrap();
    let (code, out, err) = sekisho(app.path(), &["db", "import", "dump"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("npm: 1 advisories about 1 packages, up to 2026-01-02") && err.contains("1 files gave nothing: no OSV records"),
        "{out}{err}"
    );
    let found = found(app.path(), &[]);
    assert!(found[0].starts_with("vulnerable-dependency high src/package-lock.json:6 jsonwebtoken 8.3.0 is affected by GHSA-test-test-test: jsonwebtoken is made of cheese; 8.3.1 mends it"), "{found:#?}");
    // PyPI is not in it: the built-in part answers.
    assert!(sekisho(app.path(), &["db", "status"]).1.contains("a selection (built in)"));
    let wrong = sekisho(app.path(), &["scan", "--db", "src/package.json"]);
    assert_eq!((wrong.0, wrong.2.contains("line 1")), (2, true), "{}", wrong.2);
    assert_eq!(sekisho(app.path(), &["scan", "--db", "no-such-file"]).0, 2);
    assert_eq!(sekisho(app.path(), &["db", "import", "src"]).0, 3);
}

#[test]
fn archives_are_read_too() {
    let app = application(Some(LOCK));
    let mut archive = zip::ZipWriter::new(fs::File::create(app.path().join("all.zip")).unwrap());
    archive.start_file("GHSA-test.json", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(RECORD.as_bytes()).unwrap();
    archive.finish().unwrap();
    let (code, out, err) = sekisho(app.path(), &["db", "import", "all.zip", "--db", "own.tsv"]);
    assert_eq!((code, out.contains("own.tsv")), (0, true), "{out}{err}");
    assert!(found(app.path(), &["--db", "own.tsv"])[0].contains("made of cheese"));
    fs::write(app.path().join("all.zip"), "no archive").unwrap();
    assert_eq!(sekisho(app.path(), &["db", "import", "all.zip"]).0, 2);
}
