//! Secrets in templates, settings and data beside the code: found where they stand, once, and never passed over in silence.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

const DATABASE: &str = "Resources:
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: mysql, MasterUsername: app, MasterUserPassword: !Ref Password}
";

/// File and line of the secrets found, and what was not assessed.
fn found(name: &str, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("secrets-in-texts").join(name);
    let _ = fs::remove_dir_all(&folder);
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let app = read::application(&folder, &read::Options::default());
    let scanned = sekisho_scan::scan(&app);
    let secrets = scanned.findings.iter().filter(|finding| finding.risk == "hard-coded-credential");
    let places = secrets.map(|finding| format!("{}:{}", finding.place.file, finding.place.line)).collect();
    (places, scanned.not_assessed.into_iter().map(|trouble| trouble.says).collect())
}

#[test]
fn in_a_template_and_in_settings() {
    let parameter = |default: &str| format!("Parameters:\n  Password: {{Type: String, NoEcho: true, Default: {default}}}\n{DATABASE}");
    let parameter_on_lines =
        |default: &str| format!("Parameters:\n  Password:\n    Type: String\n    NoEcho: true\n    Default: {default}\n{DATABASE}");
    assert_eq!(found("parameter", &[("template.yaml", &parameter_on_lines("kestrel-42-Harbour"))]).0, ["template.yaml:5"]);
    assert_eq!(found("no-default", &[("template.yaml", &parameter_on_lines("''"))]).0, Vec::<String>::new());
    let resolved = parameter("'{{resolve:ssm-secure:/db/password:1}}'");
    assert_eq!(found("resolved", &[("template.yaml", &resolved)]).0, Vec::<String>::new());
    let settings = "DATABASE_HOST=localhost\nDATABASE_PASSWORD=kestrel-42-Harbour\n";
    assert_eq!(found("settings", &[("template.yaml", DATABASE), ("deploy/.env.staging", settings)]).0, ["deploy/.env.staging:2"]);
    let key = "{\n  \"accessKeyId\": \"AKIAIOSFODNN7EXAMPLQ\"\n}\n";
    assert_eq!(found("json", &[("template.yaml", DATABASE), ("config/aws.json", key)]).0, ["config/aws.json:2"]);
}

/// The same value in the code and in a template is one secret, the code's.
#[test]
fn the_same_value_is_one_secret() {
    let template = "Parameters:
  Password:
    Type: String
    Default: kestrel-42-Harbour
Resources:
  Handle:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: a.main, CodeUri: src/}
Transform: AWS::Serverless-2016-10-31
";
    let code = "const options = { host: 'db', user: 'app', password: 'kestrel-42-Harbour' };\nexports.main = async () => options;\n";
    assert_eq!(found("once", &[("template.yaml", template), ("src/a.js", code)]).0, ["src/a.js:1"]);
}

#[test]
fn what_is_too_large_is_said() {
    let large = format!("PASSWORD: kestrel-42-Harbour\n{}", "x: y\n".repeat(500_000));
    let (_, said) = found("large", &[("template.yaml", DATABASE), ("data.yaml", &large)]);
    assert!(said.iter().any(|says| says.contains("data.yaml") && says.contains("not")), "{said:?}");
}
