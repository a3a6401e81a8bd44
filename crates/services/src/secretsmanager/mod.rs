//! AWS Secrets Manager (API version 2017-10-17): secrets, versions and staging labels.
//!
//! It never decides whether a caller may do something, and no value of a secret ever goes where CloudTrail looks.

mod operations;
mod password;
mod secret;

use crate::wire::{self, Protocol};
use crate::{Asked, Done, Service, ServiceError};
use model::{ApiCall, App, Arn, HttpRequest, Identity, World};
use secret::{CURRENT, Content};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// One request is carried out at a time, here and in [`resolve`]: versions move together or not at all.
static WORKING: Mutex<()> = Mutex::new(());

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct SecretsManager;

impl Service for SecretsManager {
    fn endpoint(&self) -> &'static str {
        "secretsmanager"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        let operation = wire::target(request, "secretsmanager").unwrap_or_default();
        let read_only = match operation {
            "GetSecretValue" | "DescribeSecret" | "ListSecrets" | "ListSecretVersionIds" | "GetRandomPassword" => true,
            "CreateSecret" | "PutSecretValue" | "UpdateSecret" | "DeleteSecret" | "RestoreSecret" | "UpdateSecretVersionStage" => false,
            _ => return Err(ServiceError::new(400, "UnknownOperationException", "")),
        };
        let p = wire::json_body(request)?;
        let mut context = BTreeMap::new();
        let resource = match operation {
            "ListSecrets" | "GetRandomPassword" => "*".to_owned(),
            "CreateSecret" => {
                let name = text(&p, "Name")?;
                context.insert("secretsmanager:Name".to_owned(), vec![name.to_owned()]);
                secret::arn_of(app, name)
            }
            _ => {
                let arn = secret::arn_meant(app, text(&p, "SecretId")?);
                context.insert("secretsmanager:SecretId".to_owned(), vec![arn.clone()]);
                arn
            }
        };
        for (parameter, key) in [
            ("VersionStage", "secretsmanager:VersionStage"),
            ("VersionId", "secretsmanager:VersionId"),
            ("Description", "secretsmanager:Description"),
            ("KmsKeyId", "secretsmanager:KmsKeyId"),
        ] {
            if let Some(value) = optional(&p, parameter)? {
                context.insert(key.into(), vec![value.into()]);
            }
        }
        if operation == "GetSecretValue" && !p.contains_key("VersionId") {
            context.entry("secretsmanager:VersionStage".into()).or_insert_with(|| vec![CURRENT.into()]);
        }
        let resource_account = Arn::parse(&resource).map_or_else(|| app.account.clone(), |arn| arn.account);
        let action = format!("secretsmanager:{operation}");
        Ok(Asked {
            operation: operation.into(),
            needs: vec![ApiCall { action, resource, resource_account, context, ..ApiCall::default() }],
            public: false,
            logged_parameters: logged(&p),
            parameters: Value::Object(p),
            read_only,
            ..Asked::default()
        })
    }

    fn carry_out(&self, app: &App, asked: &Asked, _: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        let _working = WORKING.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = Map::new();
        let p = asked.parameters.as_object().unwrap_or(&empty);
        let body = match asked.operation.as_str() {
            "GetSecretValue" => operations::get_value(app, p, world)?,
            "DescribeSecret" => operations::describe(app, p, world)?,
            "ListSecrets" => operations::list(app, p, world)?,
            "ListSecretVersionIds" => operations::list_versions(app, p, world)?,
            "GetRandomPassword" => json!({ "RandomPassword": password::random(world, &asked.parameters)? }),
            "CreateSecret" => operations::create(app, p, world)?,
            "PutSecretValue" => operations::put_value(app, p, world)?,
            "UpdateSecret" => operations::update(app, p, world)?,
            "DeleteSecret" => operations::delete(app, p, world)?,
            "RestoreSecret" => operations::restore(app, p, world)?,
            "UpdateSecretVersionStage" => operations::move_stage(app, p, world)?,
            _ => return Err(ServiceError::new(400, "UnknownOperationException", "")),
        };
        let elements = if asked.read_only { Value::Null } else { wire::trail_names(&body) };
        Ok(Done::new(wire::json_answer(Protocol::Json11, &body), elements))
    }
}

/// The parameters without values of secrets. What CloudTrail leaves out is left out; what is not known to be harmless
/// is left out as well.
fn logged(p: &Map<String, Value>) -> Value {
    const HARMLESS: [&str; 18] = [
        "SecretId",
        "Name",
        "Description",
        "KmsKeyId",
        "ClientRequestToken",
        "VersionId",
        "VersionStage",
        "VersionStages",
        "RemoveFromVersionId",
        "MoveToVersionId",
        "RecoveryWindowInDays",
        "ForceDeleteWithoutRecovery",
        "MaxResults",
        "IncludePlannedDeletion",
        "Filters",
        "SortOrder",
        "Tags",
        "PasswordLength",
    ];
    let shown = p.iter().filter(|(name, _)| HARMLESS.contains(&name.as_str()));
    Value::Object(shown.map(|(name, value)| (wire::trail_name(name), wire::trail_names(value))).collect())
}

/// Replaces every dynamic reference `{{resolve:secretsmanager:id:SecretString:key:stage:version}}` in a text by what it
/// refers to (AWS CloudFormation User Guide, "Get a secret or secret value from Secrets Manager").
///
/// # Errors
/// A sentence for the user, without the value of any secret: a reference that leads nowhere, or of another service.
pub fn resolve(world: &dyn World, app: &App, text: &str) -> Result<String, String> {
    let _working = WORKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{resolve:") {
        let (reference, after) = after.split_once("}}").ok_or("a dynamic reference has no end `}}`")?;
        out.push_str(before);
        out.push_str(&referred(world, app, reference)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn referred(world: &dyn World, app: &App, reference: &str) -> Result<String, String> {
    let rest = reference
        .strip_prefix("secretsmanager:")
        .ok_or_else(|| format!("the dynamic reference `{reference}` is not of Secrets Manager, the one service resolved here"))?;
    let mut parts = rest.split(':');
    let id = if rest.starts_with("arn:") {
        parts.by_ref().take(7).collect::<Vec<_>>().join(":")
    } else {
        parts.next().unwrap_or_default().to_owned()
    };
    let mut next = || parts.next().filter(|part| !part.is_empty());
    if next().is_some_and(|kind| kind != "SecretString") {
        return Err(format!("the dynamic reference to {id} may only name SecretString"));
    }
    let (key, stage, version) = (next(), next(), next());
    let missing = || format!("there is no secret {id} with a value; declare it as AWS::SecretsManager::Secret");
    let secret = secret::load(app, world, &secret::arn_meant(app, &id)).map_err(|e| e.message)?.ok_or_else(missing)?;
    let found = match version {
        Some(version) => secret.versions.get(version),
        None => secret.staged(stage.unwrap_or(CURRENT)).map(|(_, version)| version),
    };
    let Some(Content::Text(value)) = found.and_then(|version| version.content.as_ref()) else { return Err(missing()) };
    let Some(key) = key else { return Ok(value.clone()) };
    let member = serde_json::from_str::<Value>(value).ok().and_then(|value| value.get(key).cloned());
    match member {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Null) | None => Err(format!("the secret {id} has no key {key}")),
        Some(other) => Ok(other.to_string()),
    }
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "InvalidParameterException", message)
}

fn internal() -> ServiceError {
    ServiceError::new(500, "InternalServiceError", "An error occurred on the server side.")
}

/// A required text parameter.
fn text<'a>(p: &'a Map<String, Value>, name: &str) -> Result<&'a str, ServiceError> {
    match optional(p, name)? {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(ServiceError::new(
            400,
            "ValidationException",
            format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                wire::trail_name(name)
            ),
        )),
    }
}

/// A text parameter.
fn optional<'a>(p: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ServiceError> {
    match p.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ServiceError::new(400, "SerializationException", "")),
    }
}

#[cfg(test)]
mod tests;
