//! A secret with its versions and their staging labels, and where it is kept: the service's store. What a template
//! declares is made real the first time anybody looks, and again when the template's value changes.

use super::password;
use crate::ServiceError;
use crate::draw;
use model::{App, Arn, Node, Resource, World};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// CloudFormation's type.
const KIND: &str = "AWS::SecretsManager::Secret";
const TABLE: &str = "secrets";

/// The label of the version that is in use.
pub const CURRENT: &str = "AWSCURRENT";
/// The label of the version that was in use before.
pub const PREVIOUS: &str = "AWSPREVIOUS";

/// A value: text or bytes (base64).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// `SecretString`.
    Text(String),
    /// `SecretBinary`, in base64.
    Binary(String),
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its value; `None` until one is put.
    pub content: Option<Content>,
    /// Seconds since the epoch.
    pub created: i64,
    /// Staging labels.
    pub stages: Vec<String>,
}

/// A secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// ARN with its six-letter suffix.
    pub arn: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// KMS key.
    pub key: Option<String>,
    /// Tags as given.
    pub tags: Value,
    /// Seconds since the epoch.
    pub created: i64,
    /// Seconds since the epoch.
    pub changed: i64,
    /// When it will be gone, once it was deleted.
    pub deletion: Option<i64>,
    /// Versions by id.
    pub versions: BTreeMap<String, Version>,
    /// Hash of the template's declaration of the value; `None` for a secret made by an API call.
    pub declared: Option<String>,
}

impl Secret {
    /// The id and the version that has this label.
    pub fn staged(&self, stage: &str) -> Option<(&String, &Version)> {
        self.versions.iter().find(|(_, version)| version.stages.iter().any(|label| label == stage))
    }

    /// Adds a version and moves these labels to it. The version that loses AWSCURRENT becomes AWSPREVIOUS; a version
    /// that loses its last label goes.
    pub fn add(&mut self, id: &str, content: Content, stages: &[String], now: i64) {
        let version = self.versions.entry(id.to_owned()).or_insert(Version { content: None, created: now, stages: Vec::new() });
        version.content = Some(content);
        for stage in stages {
            self.move_label(stage, Some(id));
        }
        self.changed = now;
    }

    /// Moves a label to a version, or takes it away.
    pub fn move_label(&mut self, stage: &str, to: Option<&str>) {
        let from = self.staged(stage).map(|(id, _)| id.clone());
        if from.as_deref() == to {
            return;
        }
        for version in self.versions.values_mut() {
            version.stages.retain(|label| label != stage);
        }
        if let Some(version) = to.and_then(|id| self.versions.get_mut(id)) {
            version.stages.push(stage.to_owned());
        }
        if stage == CURRENT
            && let Some(from) = &from
        {
            self.move_label(PREVIOUS, Some(from));
        }
        self.versions.retain(|_, version| !version.stages.is_empty());
    }

    /// Writes it to the store.
    ///
    /// # Errors
    /// The store failed.
    pub fn save(&self, world: &dyn World) -> Result<(), ServiceError> {
        let row = serde_json::to_vec(self).map_err(|_| super::internal())?;
        Ok(world.store("secretsmanager").put(TABLE, &self.arn, &row)?)
    }

    /// Removes it from the store.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove(&self, world: &dyn World) -> Result<(), ServiceError> {
        Ok(world.store("secretsmanager").delete(TABLE, &self.arn)?)
    }
}

/// The name in a secret's ARN, without the suffix.
pub fn name_of(arn: &str) -> Option<String> {
    let arn = Arn::parse(arn)?;
    let named = arn.resource.strip_prefix("secret:")?;
    named.len().checked_sub(7).and_then(|at| named.get(..at)).map(str::to_owned)
}

/// The ARN that a new secret of this name gets. The suffix, which AWS draws at random, is made from the name, so
/// that a request can be authorised before the secret is looked up.
pub fn arn_of(app: &App, name: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digest = Sha256::digest(format!("{}\n{}\n{name}", app.account, app.region));
    let letters = digest.iter().take(6).filter_map(|byte| LETTERS.get(usize::from(*byte) % LETTERS.len()));
    let suffix: String = letters.map(|letter| char::from(*letter)).collect();
    format!("arn:{}:secretsmanager:{}:{}:secret:{name}-{suffix}", app.partition, app.region, app.account)
}

/// The ARN that a `SecretId` means: a whole ARN, one without its suffix, or a name.
pub fn arn_meant(app: &App, id: &str) -> String {
    let declared = app.of_kind(KIND).find(|resource| {
        let arn = resource.physical_id.as_str();
        arn == id || name_of(arn).as_deref() == Some(id) || arn.len().checked_sub(7).and_then(|at| arn.get(..at)) == Some(id)
    });
    if let Some(resource) = declared {
        return resource.physical_id.clone();
    }
    let Some(named) = Arn::parse(id).and_then(|arn| arn.resource.strip_prefix("secret:").map(str::to_owned)) else {
        return arn_of(app, id);
    };
    // Whole, or without its suffix: then the last part is the name itself. A name may end like a suffix.
    let whole = name_of(id).is_some_and(|name| arn_of(app, &name) == id);
    let completed = arn_of(app, &named);
    if !whole && completed.strip_prefix(id).is_some() { completed } else { id.to_owned() }
}

/// The secret with this ARN.
///
/// # Errors
/// The store failed, or the template's value of it is not known.
pub fn load(app: &App, world: &dyn World, arn: &str) -> Result<Option<Secret>, ServiceError> {
    let row = world.store("secretsmanager").get(TABLE, arn)?;
    let kept = row.map(|row| serde_json::from_slice::<Secret>(&row)).transpose().map_err(|_| super::internal())?;
    match app.by_physical(KIND, arn) {
        Some(resource) => materialised(resource, kept, world).map(Some),
        None => Ok(kept),
    }
}

/// Every secret, by ARN.
///
/// # Errors
/// The store failed, or a template's value is not known.
pub fn all(app: &App, world: &dyn World) -> Result<Vec<Secret>, ServiceError> {
    let mut arns: Vec<String> = world.store("secretsmanager").scan(TABLE, "")?.into_iter().map(|(arn, _)| arn).collect();
    arns.extend(app.of_kind(KIND).map(|resource| resource.physical_id.clone()));
    arns.sort();
    arns.dedup();
    arns.iter().filter_map(|arn| load(app, world, arn).transpose()).collect()
}

/// A declared secret as the template now wants it.
fn materialised(resource: &Resource, kept: Option<Secret>, world: &dyn World) -> Result<Secret, ServiceError> {
    let p = &resource.properties;
    let value = [p.get("SecretString"), p.get("GenerateSecretString")].into_iter().flatten().next();
    if let Some(unknown) = value.and_then(Node::first_unknown) {
        return Err(ServiceError::new(
            400,
            "InvalidRequestException",
            format!("the template does not tell the value of the secret: {unknown:?}"),
        ));
    }
    let declared: String =
        Sha256::digest(value.map_or(Value::Null, Node::json).to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
    let now = world.now().seconds();
    let text = |key: &str| p.get(key).and_then(Node::scalar);
    let mut secret = match kept {
        Some(kept) if kept.declared.as_ref() == Some(&declared) => return Ok(kept),
        Some(kept) => kept,
        None => Secret {
            arn: resource.physical_id.clone(),
            name: text("Name").or_else(|| name_of(&resource.physical_id)).unwrap_or_else(|| resource.id.logical.to_string()),
            description: text("Description"),
            key: text("KmsKeyId"),
            tags: p.get("Tags").map_or(Value::Null, Node::json),
            created: now,
            changed: now,
            deletion: None,
            versions: BTreeMap::new(),
            declared: None,
        },
    };
    let content = match (text("SecretString"), p.get("GenerateSecretString").map(Node::json)) {
        (Some(text), _) => Some(text),
        (None, Some(options)) => Some(password::generated(world, &options)?),
        (None, None) => None,
    };
    if let Some(content) = content {
        secret.add(&draw::uuid(world), Content::Text(content), &[CURRENT.to_owned()], now);
    }
    secret.declared = Some(declared);
    secret.save(world)?;
    Ok(secret)
}
