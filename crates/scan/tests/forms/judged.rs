//! Templates in which a risk must be found, and templates in which it must not.
use crate::support::saw;
use std::fs;
use std::path::Path;

/// What functions with local code run: a member of the body goes into a query.
pub const CODE: &str = "const m = require('mysql2/promise');
exports.handler = async (e) => {
  const b = JSON.parse(e.body);
  const c = await m.createConnection({});
  await c.query('SELECT ' + b.x);
};
";

/// The findings of one risk in a template (YAML, or JSON when it begins with `{`): titles.
pub fn found(risk: &str, template: &str) -> Vec<String> {
    let number = template.bytes().fold(7u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("posture-{risk}-{number:x}"));
    fs::create_dir_all(&folder).unwrap();
    let file = if template.starts_with('{') { "template.json" } else { "template.yaml" };
    fs::write(folder.join(file), template).unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/index.js"), CODE).unwrap();
    let app = read::application(&folder, &read::Options::default());
    let read: Vec<_> = app.troubles.iter().filter(|t| !t.says.contains("code")).collect();
    assert!(read.is_empty(), "{read:?}");
    let findings = sekisho_scan::scan(&app).findings;
    let own = findings.iter().filter(|finding| finding.risk == risk);
    own.inspect(|finding| saw(finding.risk, &template)).map(|finding| finding.title.clone()).collect()
}

/// Each of these has the risk, each of those has not.
pub fn judged(risk: &str, bad: &[&str], good: &[&str]) {
    for (at, template) in bad.iter().enumerate() {
        assert!(!found(risk, template).is_empty(), "{risk}: silent on bad {at}: {template}");
    }
    for (at, template) in good.iter().enumerate() {
        assert_eq!(found(risk, template), Vec::<String>::new(), "{risk}: good {at}: {template}");
    }
}

/// One resource.
pub fn one(kind: &str, properties: &str) -> String {
    format!("Resources:\n  Thing: {{Type: 'AWS::{kind}', Properties: {{{properties}}}}}\n")
}

/// The same over a table of bad and good properties of one type.
pub fn property(risk: &str, kind: &str, bad: &[&str], good: &[&str]) {
    let make = |list: &[&str]| -> Vec<String> { list.iter().map(|properties| one(kind, properties)).collect() };
    let (bad, good) = (make(bad), make(good));
    judged(risk, &bad.iter().map(String::as_str).collect::<Vec<_>>(), &good.iter().map(String::as_str).collect::<Vec<_>>());
}

pub const SAM: &str = "Transform: AWS::Serverless-2016-10-31\n";
pub const FUNCTION: &str =
    "Runtime: python3.13, Handler: app.handler, Role: 'arn:aws:iam::123456789012:role/r', Code: {S3Bucket: b, S3Key: k}";
