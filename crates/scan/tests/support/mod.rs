//! Applications of a few files, scanned for the risks that are judged from code.
#![allow(clippy::unwrap_used, dead_code)]

use model::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The applications in which each risk was found, by their hash.
pub static FORMS: Mutex<BTreeMap<&'static str, BTreeSet<u64>>> = Mutex::new(BTreeMap::new());

/// Remembers that a risk was found in an application.
pub fn saw(risk: &'static str, application: &impl Hash) {
    let mut hasher = DefaultHasher::new();
    application.hash(&mut hasher);
    FORMS.lock().unwrap().entry(risk).or_default().insert(hasher.finish());
}

/// The risks that are judged from code.
const RISKS: [&str; 20] = [
    "command-injection",
    "cross-execution-persistency",
    "cross-site-scripting",
    "insecure-deserialization",
    "nosql-injection",
    "path-traversal",
    "s3-key-traversal",
    "sensitive-data-in-logs",
    "server-side-request-forgery",
    "sql-injection",
    "substring-authorization",
    "template-injection",
    "tenant-override",
    "unguarded-identity",
    "unsafe-post-policy",
    "verbose-error",
    "weak-token-check",
    "wide-authorizer-policy",
    "writable-attribute-authorization",
    "xml-external-entity",
];

/// The findings of these risks in an application.
pub fn scan(name: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let folder = folder(name);
    let _ = fs::remove_dir_all(&folder);
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let app = read::application(&folder, &read::Options::default());
    let findings = sekisho_scan::scan(&app).findings;
    findings.into_iter().filter(|finding| RISKS.contains(&finding.risk)).inspect(|finding| saw(finding.risk, &files)).collect()
}

/// An API before one function, in a runtime.
pub fn api(runtime: &str, handler: &str) -> String {
    format!(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Handle:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: {runtime}
      Handler: {handler}
      CodeUri: .
      Events:
        Call: {{Type: Api, Properties: {{Path: '/things/{{id}}', Method: any}}}}
"
    )
}

/// Where an application of this name is written.
pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("code-risks").join(name.replace([' ', '/', '.'], "-"))
}
