//! The operations, on a secret that was found.

use super::secret::{self, CURRENT, Content, PREVIOUS, Secret};
use super::{invalid, optional, text};
use crate::ServiceError;
use crate::draw;
use model::{App, World};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

type Parameters = Map<String, Value>;
type Answer = Result<Value, ServiceError>;

fn not_found(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ResourceNotFoundException", message)
}

fn refused(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "InvalidRequestException", message)
}

/// The secret that `SecretId` names, deleted or not.
fn named(app: &App, p: &Parameters, world: &dyn World) -> Result<Secret, ServiceError> {
    let arn = secret::arn_meant(app, text(p, "SecretId")?);
    secret::load(app, world, &arn)?.ok_or_else(|| not_found("Secrets Manager can't find the specified secret."))
}

/// The same, when it is not marked for deletion.
fn living(app: &App, p: &Parameters, world: &dyn World) -> Result<Secret, ServiceError> {
    let secret = named(app, p, world)?;
    match secret.deletion {
        None => Ok(secret),
        Some(_) => Err(refused("You can't perform this operation on the secret because it was marked for deletion.")),
    }
}

/// `SecretString` or `SecretBinary`.
fn content(p: &Parameters) -> Result<Option<Content>, ServiceError> {
    match (optional(p, "SecretString")?, optional(p, "SecretBinary")?) {
        (Some(_), Some(_)) => Err(invalid("You can't specify both a binary secret value and a string secret value in the same secret.")),
        (Some(text), None) => Ok(Some(Content::Text(text.to_owned()))),
        (None, Some(bytes)) => Ok(Some(Content::Binary(bytes.to_owned()))),
        (None, None) => Ok(None),
    }
}

/// The id of a new version: the client's token, or drawn.
fn version_id(p: &Parameters, world: &dyn World) -> Result<String, ServiceError> {
    match optional(p, "ClientRequestToken")? {
        None => Ok(draw::uuid(world)),
        Some(token) if (32..=64).contains(&token.len()) => Ok(token.to_owned()),
        Some(_) => Err(invalid("ClientRequestToken must be 32-64 characters long.")),
    }
}

/// GetSecretValue.
pub fn get_value(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let secret = living(app, p, world)?;
    let stage = optional(p, "VersionStage")?;
    let found = match optional(p, "VersionId")? {
        Some(id) => {
            let missing = || not_found(format!("Secrets Manager can't find the specified secret value for VersionId: {id}"));
            let version = secret.versions.get_key_value(id).ok_or_else(missing)?;
            if stage.is_some_and(|stage| !version.1.stages.iter().any(|label| label == stage)) {
                return Err(refused("You provided a VersionStage that is not associated to the provided VersionId."));
            }
            version
        }
        None => {
            let stage = stage.unwrap_or(CURRENT);
            let missing = || not_found(format!("Secrets Manager can't find the specified secret value for staging label: {stage}"));
            secret.staged(stage).ok_or_else(missing)?
        }
    };
    let (id, version) = found;
    let mut body =
        json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": id, "VersionStages": version.stages, "CreatedDate": version.created });
    match &version.content {
        Some(Content::Text(text)) => body["SecretString"] = json!(text),
        Some(Content::Binary(bytes)) => body["SecretBinary"] = json!(bytes),
        None => return Err(not_found("Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")),
    }
    Ok(body)
}

fn description(secret: &Secret) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("ARN".into(), json!(secret.arn));
    body.insert("Name".into(), json!(secret.name));
    for (name, value) in [("Description", &secret.description), ("KmsKeyId", &secret.key)] {
        if let Some(value) = value {
            body.insert(name.into(), json!(value));
        }
    }
    body.insert("LastChangedDate".into(), json!(secret.changed));
    body.insert("CreatedDate".into(), json!(secret.created));
    if let Some(deletion) = secret.deletion {
        body.insert("DeletedDate".into(), json!(deletion));
    }
    if secret.tags.is_array() {
        body.insert("Tags".into(), secret.tags.clone());
    }
    body
}

fn stages(secret: &Secret) -> Value {
    secret.versions.iter().map(|(id, version)| (id.clone(), json!(version.stages))).collect::<Map<_, _>>().into()
}

/// DescribeSecret.
pub fn describe(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let secret = named(app, p, world)?;
    let mut body = description(&secret);
    body.insert("VersionIdsToStages".into(), stages(&secret));
    Ok(Value::Object(body))
}

/// ListSecrets.
pub fn list(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    if p.get("Filters").and_then(Value::as_array).is_some_and(|filters| !filters.is_empty()) {
        return Err(invalid("Filters are not supported here"));
    }
    let planned = p.get("IncludePlannedDeletion").and_then(Value::as_bool).unwrap_or(false);
    let shown = |secret: Secret| {
        let mut body = description(&secret);
        body.insert("SecretVersionsToStages".into(), stages(&secret));
        Value::Object(body)
    };
    let secrets = secret::all(app, world)?.into_iter().filter(|secret| planned || secret.deletion.is_none());
    Ok(json!({ "SecretList": secrets.map(shown).collect::<Vec<_>>() }))
}

/// ListSecretVersionIds.
pub fn list_versions(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let secret = named(app, p, world)?;
    let shown = secret
        .versions
        .iter()
        .map(|(id, version)| json!({ "VersionId": id, "VersionStages": version.stages, "CreatedDate": version.created }));
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "Versions": shown.collect::<Vec<_>>() }))
}

/// CreateSecret.
pub fn create(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let name = text(p, "Name")?;
    if name.len() > 512 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/_+=.@!".contains(&b)) {
        let says = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
        return Err(ServiceError::new(400, "ValidationException", says));
    }
    let id = version_id(p, world)?;
    if let Some(known) = secret::load(app, world, &secret::arn_meant(app, name))? {
        let same = known.versions.get(&id).is_some_and(|version| version.content == content(p).unwrap_or_default());
        return match (known.deletion, same) {
            (Some(_), _) => Err(refused("You can't create this secret because a secret with this name is already scheduled for deletion.")),
            (None, true) => Ok(json!({ "ARN": known.arn, "Name": known.name, "VersionId": id })),
            (None, false) => Err(ServiceError::new(
                400,
                "ResourceExistsException",
                format!("The operation failed because the secret {name} already exists."),
            )),
        };
    }
    let now = world.now().seconds();
    let mut made = Secret {
        arn: secret::arn_of(app, name),
        name: name.to_owned(),
        description: optional(p, "Description")?.map(str::to_owned),
        key: optional(p, "KmsKeyId")?.map(str::to_owned),
        tags: p.get("Tags").cloned().unwrap_or_default(),
        created: now,
        changed: now,
        deletion: None,
        versions: BTreeMap::new(),
        declared: None,
    };
    let mut body = json!({ "ARN": made.arn, "Name": made.name });
    if let Some(content) = content(p)? {
        made.add(&id, content, &[CURRENT.to_owned()], now);
        body["VersionId"] = json!(id);
    }
    made.save(world)?;
    Ok(body)
}

/// PutSecretValue.
pub fn put_value(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let mut secret = living(app, p, world)?;
    let content = content(p)?.ok_or_else(|| invalid("You must provide either SecretString or SecretBinary."))?;
    let id = version_id(p, world)?;
    let labels: Vec<String> = match p.get("VersionStages") {
        None | Some(Value::Null) => vec![CURRENT.into()],
        Some(list) => list.as_array().into_iter().flatten().filter_map(|label| label.as_str().map(str::to_owned)).collect(),
    };
    if labels.is_empty() {
        return Err(invalid("VersionStages must have at least one staging label."));
    }
    if secret.versions.get(&id).and_then(|version| version.content.as_ref()).is_some_and(|known| *known != content) {
        let says = "You can't use ClientRequestToken ".to_owned()
            + &id
            + " because that value is already in use for a version of secret "
            + &secret.arn
            + ".";
        return Err(ServiceError::new(400, "ResourceExistsException", says));
    }
    secret.add(&id, content, &labels, world.now().seconds());
    secret.save(world)?;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": id, "VersionStages": labels }))
}

/// UpdateSecret.
pub fn update(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let mut secret = living(app, p, world)?;
    if let Some(description) = optional(p, "Description")? {
        secret.description = Some(description.to_owned());
    }
    if let Some(key) = optional(p, "KmsKeyId")? {
        secret.key = Some(key.to_owned());
    }
    let mut body = json!({ "ARN": secret.arn, "Name": secret.name });
    secret.changed = world.now().seconds();
    if let Some(content) = content(p)? {
        let id = version_id(p, world)?;
        let now = secret.changed;
        secret.add(&id, content, &[CURRENT.to_owned()], now);
        body["VersionId"] = json!(id);
    }
    secret.save(world)?;
    Ok(body)
}

/// DeleteSecret: marked for deletion, or gone at once when that is forced.
pub fn delete(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let mut secret = named(app, p, world)?;
    let force = p.get("ForceDeleteWithoutRecovery").and_then(Value::as_bool).unwrap_or(false);
    let days = match (p.get("RecoveryWindowInDays").filter(|days| !days.is_null()), force) {
        (Some(_), true) => {
            return Err(invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."));
        }
        (None, true) => 0,
        (None, false) => 30,
        (Some(days), false) => days
            .as_i64()
            .filter(|days| (7..=30).contains(days))
            .ok_or_else(|| invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."))?,
    };
    let deletion = world.now().seconds() + days * 86_400;
    // A declared secret stays marked: the template would make it anew.
    if force && secret.declared.is_none() {
        secret.remove(world)?;
    } else {
        secret.deletion = Some(deletion);
        secret.save(world)?;
    }
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": deletion }))
}

/// RestoreSecret.
pub fn restore(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let mut secret = named(app, p, world)?;
    secret.deletion = None;
    secret.save(world)?;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

/// UpdateSecretVersionStage.
pub fn move_stage(app: &App, p: &Parameters, world: &dyn World) -> Answer {
    let mut secret = living(app, p, world)?;
    let stage = text(p, "VersionStage")?;
    let (from, to) = (optional(p, "RemoveFromVersionId")?, optional(p, "MoveToVersionId")?);
    for id in [from, to].into_iter().flatten() {
        if !secret.versions.contains_key(id) {
            return Err(not_found(format!("Secrets Manager can't find the specified secret value for VersionId: {id}")));
        }
    }
    let holder = secret.staged(stage).map(|(id, _)| id.clone());
    match (&holder, from) {
        (Some(holder), None) if to != Some(holder.as_str()) => {
            return Err(invalid(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version {holder}, so you must \
                 explicitly reference that version in RemoveFromVersionId."
            )));
        }
        (holder, Some(from)) if holder.as_deref() != Some(from) => {
            return Err(invalid(format!("The staging label {stage} is not attached to version {from}.")));
        }
        _ => {}
    }
    if stage == CURRENT && to.is_none() {
        return Err(invalid(format!(
            "You can only move staging label {CURRENT} to a different secret version. It can't be completely removed."
        )));
    }
    if stage == PREVIOUS && to.is_none() && from.is_none() {
        return Err(invalid("MoveToVersionId and RemoveFromVersionId can't both be empty."));
    }
    secret.move_label(stage, to);
    secret.save(world)?;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}
