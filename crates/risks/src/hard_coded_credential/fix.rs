//! The fix: the credential moves to Secrets Manager, the database takes its password from there, and the code
//! reads it at run time.

use model::code::Secret;
use model::{App, Edit, Fix, Operation, Resource, ResourceId, Segment};
use serde_json::json;

/// Added once to the file that built the connection.
const READER: &str = r#"
const { SecretsManagerClient, GetSecretValueCommand } = require("@aws-sdk/client-secrets-manager");

const secretsManager = new SecretsManagerClient({});

/** User and password of the database, from Secrets Manager. */
async function databaseCredentials() {
  const { SecretString } = await secretsManager.send(new GetSecretValueCommand({ SecretId: process.env.DATABASE_SECRET }));
  const { username, password } = JSON.parse(SecretString);
  return { user: username, password };
}
"#;

/// All edits, or `None` where the code has a form that cannot be rewritten safely: a person has to do it then.
pub fn read_from_secrets_manager(app: &App, secret: &Secret, cluster: &Resource, functions: &[ResourceId]) -> Option<Fix> {
    let name = format!("{}/{}", cluster.id.stack, cluster.id.logical);
    let mut edits = code_edits(app, secret)?;
    edits.extend(cluster_edits(app, cluster, &name)?);
    for id in functions {
        edits.extend(function_edits(app, id, &name)?);
    }
    Some(Fix {
        says: format!("keep the credential in Secrets Manager as {name}, generated, and read it at run time"),
        safe: false,
        edits,
        then: Some("Deploy: the database gets a new password. What stands in the source and its history is then worthless.".into()),
    })
}

/// `user: "admin", password: "..."` becomes `...(await databaseCredentials())`.
fn code_edits(app: &App, secret: &Secret) -> Option<Vec<Edit>> {
    let text: &str = &app.sources.get(&secret.place.file)?.text;
    let (object, function) = (secret.object.as_ref()?, secret.function.as_ref()?);
    // `await` needs an async function, and CommonJS is what READER is written in.
    let head = text.get(function.span.start as usize..function.span.end as usize)?;
    if !head.trim_start().starts_with("async") || !text.contains("require(") {
        return None;
    }
    let literal = secret.place.span;
    let (start, end) = (object.span.start as usize, object.span.end as usize);
    let password = member(text, start, literal.start as usize, literal.end as usize, end)?;
    let mut edits = vec![text_edit(secret, password, "...(await databaseCredentials())".into())];
    if let Some(user) = &secret.user {
        let quoted = [format!("\"{user}\""), format!("'{user}'")];
        let body = text.get(start..end)?;
        let (at, length) = quoted.iter().find_map(|literal| body.find(literal.as_str()).map(|at| (start + at, literal.len())))?;
        let (from, to) = member(text, start, at, at + length, end)?;
        // The comma and the space up to the next member go with it.
        let rest = text.get(to..end)?;
        let after = rest.strip_prefix(',').map_or(rest, str::trim_start);
        edits.push(text_edit(secret, (from, end - after.len()), String::new()));
    }
    let first_statement = text.find("require(").and_then(|at| text.get(at..)?.find('\n').map(|line| at + line + 1))?;
    edits.push(text_edit(secret, (first_statement, first_statement), READER.into()));
    Some(edits)
}

/// The bytes of the member `key: literal` whose literal is at `from..to`, inside an object.
fn member(text: &str, object: usize, from: usize, to: usize, end: usize) -> Option<(usize, usize)> {
    let before = text.get(object..from)?;
    let key = before.trim_end().strip_suffix(':')?.trim_end();
    let start = key.rfind(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).map_or(0, |at| at + 1);
    (to <= end).then_some((object + start, to))
}

fn text_edit(secret: &Secret, (start, end): (usize, usize), with: String) -> Edit {
    Edit::Text { file: secret.place.file.clone(), span: model::Span { start: start as u32, end: end as u32 }, with }
}

/// The secret, and the cluster that takes its password from it.
fn cluster_edits(app: &App, cluster: &Resource, name: &str) -> Option<Vec<Edit>> {
    let file = cluster.place.file.clone();
    let user = cluster.properties.get("MasterUsername").and_then(model::Node::scalar)?;
    let property = |key: &str| -> Vec<Segment> { ["Resources", &cluster.id.logical, "Properties", key].map(Segment::from).to_vec() };
    let secret = format!("{}Secret", cluster.id.logical);
    let declared = json!({
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "Name": name,
            "GenerateSecretString": {
                "SecretStringTemplate": json!({ "username": user }).to_string(),
                "GenerateStringKey": "password",
                "PasswordLength": 32,
                "ExcludePunctuation": true,
            },
        },
    });
    let resolve = |key: &str| json!({"Fn::Sub": format!("{{{{resolve:secretsmanager:${{{secret}}}:SecretString:{key}}}}}")});
    let mut edits = vec![
        Edit::document(file.clone(), [Segment::from("Resources"), Segment::from(secret.as_str())], Operation::Set(declared)),
        Edit::document(file.clone(), property("MasterUserPassword"), Operation::Set(resolve("password"))),
    ];
    // A parameter whose default was the password must not keep it.
    let password = cluster.properties.get("MasterUserPassword").and_then(model::Node::str)?;
    if let Some(parameter) = parameter_with_default(&app.sources.get(&file)?.text, password) {
        let only = parameter_count(&app.sources.get(&file)?.text) == 1;
        let path: Vec<Segment> = if only { vec!["Parameters".into()] } else { vec!["Parameters".into(), parameter.as_str().into()] };
        edits.push(Edit::document(file, path, Operation::Remove));
    }
    Some(edits)
}

/// The parameter of a YAML template whose default is this value. Parameters stand two levels deep, as YAML
/// templates are written; another form is left to a person.
fn parameter_with_default(text: &str, value: &str) -> Option<String> {
    let mut inside = false;
    let mut current = None;
    for line in text.lines() {
        if !line.starts_with([' ', '#']) && !line.trim().is_empty() {
            inside = line.trim_end() == "Parameters:";
        } else if inside {
            let indent = line.len() - line.trim_start().len();
            let trimmed = line.trim();
            if indent > 0 && indent <= 4 && trimmed.ends_with(':') && !trimmed.contains(' ') {
                current = trimmed.strip_suffix(':').map(str::to_owned);
            } else if trimmed.strip_prefix("Default:").is_some_and(|default| default.trim().trim_matches(['"', '\'']) == value) {
                return current;
            }
        }
    }
    None
}

/// How many parameters a YAML template has.
fn parameter_count(text: &str) -> usize {
    let section = text
        .lines()
        .skip_while(|line| line.trim_end() != "Parameters:")
        .skip(1)
        .take_while(|line| line.starts_with(' ') || line.trim().is_empty());
    let lines: Vec<&str> = section.filter(|line| !line.trim().is_empty()).collect();
    let least = lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    lines.iter().filter(|line| line.len() - line.trim_start().len() == least && !line.trim_start().starts_with('#')).count()
}

/// The function learns the secret's name and may read it, and only it.
fn function_edits(app: &App, id: &ResourceId, name: &str) -> Option<Vec<Edit>> {
    let resource = app.resource(id)?;
    resource.generated_from.as_ref()?;
    let file = resource.place.file.clone();
    let property = |keys: &[&str]| -> Vec<Segment> {
        ["Resources", &id.logical, "Properties"].iter().chain(keys).map(|key| Segment::from(*key)).collect()
    };
    let arn = format!("arn:${{AWS::Partition}}:secretsmanager:${{AWS::Region}}:${{AWS::AccountId}}:secret:{name}-??????");
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": {"Fn::Sub": arn}}],
    });
    Some(vec![
        Edit::document(file.clone(), property(&["Environment", "Variables", "DATABASE_SECRET"]), Operation::Set(json!(name))),
        Edit::document(file, property(&["Policies"]), Operation::Append(policy)),
    ])
}
