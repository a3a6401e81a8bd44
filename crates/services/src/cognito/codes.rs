//! Codes that Cognito sends: to confirm an account, or that an address is its user's own (Amazon Cognito Developer Guide, "Signing up
//! and confirming user accounts"). A code reaches nobody but whoever reads that address.

use super::users::{User, texts};
use crate::ServiceError;
use crate::draw;
use model::{Message, Node, Resource, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const TABLE: &str = "codes";
/// Seconds a code holds.
const HOLDS: i64 = 86_400;
/// Wrong codes after which another must be asked for. AWS says that attempts are limited, not how many are left.
const TRIES: u64 = 5;

/// The attribute at which a new user is verified: the telephone where the pool verifies it, else the address of mail.
pub fn verified_at(pool: &Resource, user: &User) -> Option<&'static str> {
    let automatic = texts(pool, "AutoVerifiedAttributes");
    ["phone_number", "email"].into_iter().find(|name| automatic.iter().any(|own| own == name) && user.attribute(name).is_some())
}

/// Sends a code to an attribute of a user; `CodeDeliveryDetails`.
///
/// # Errors
/// The store failed, or the user has no such address.
pub fn send(world: &dyn World, pool: &Resource, user: &User, attribute: &str) -> Result<Value, ServiceError> {
    let missing = || super::invalid("Cannot reset password for the user as there is no registered/verified email or phone_number");
    let to = user.attribute(attribute).ok_or_else(missing)?;
    let code = draw::text(world, b"0123456789", 6);
    let row = json!({ "code": hashed(&code), "until": world.now().seconds() + HOLDS, "tries": 0 });
    world.store("cognito-idp").put(TABLE, &key(pool, user, attribute), row.to_string().as_bytes())?;
    let written = |path: &[&str]| pool.properties.at(path).and_then(Node::scalar);
    let (subject, text) = match attribute {
        "email" => (
            written(&["VerificationMessageTemplate", "EmailSubject"]).or_else(|| written(&["EmailVerificationSubject"])),
            written(&["VerificationMessageTemplate", "EmailMessage"]).or_else(|| written(&["EmailVerificationMessage"])),
        ),
        _ => (None, written(&["VerificationMessageTemplate", "SmsMessage"]).or_else(|| written(&["SmsVerificationMessage"]))),
    };
    world.deliver(&Message {
        to: to.to_owned(),
        subject: subject.unwrap_or_else(|| "Your verification code".into()),
        text: text.unwrap_or_else(|| "Your confirmation code is {####}".into()).replace("{####}", &code),
    });
    let medium = if attribute == "email" { "EMAIL" } else { "SMS" };
    Ok(json!({ "AttributeName": attribute, "DeliveryMedium": medium, "Destination": veiled(to) }))
}

/// Takes a code.
///
/// # Errors
/// `CodeMismatchException`, `ExpiredCodeException`, `LimitExceededException`.
pub fn take(world: &dyn World, pool: &Resource, user: &User, attribute: &str, code: &str) -> Result<(), ServiceError> {
    let store = world.store("cognito-idp");
    let key = key(pool, user, attribute);
    let expired = || ServiceError::new(400, "ExpiredCodeException", "Invalid code provided, please request a code again.");
    let mut row: Value = store.get(TABLE, &key)?.and_then(|row| serde_json::from_slice(&row).ok()).ok_or_else(expired)?;
    if row["until"].as_i64().is_none_or(|until| until < world.now().seconds()) {
        return Err(expired());
    }
    let tries = row["tries"].as_u64().unwrap_or(TRIES);
    if tries >= TRIES {
        return Err(ServiceError::new(400, "LimitExceededException", "Attempt limit exceeded, please try after some time."));
    }
    if row["code"] != hashed(code) {
        row["tries"] = json!(tries + 1);
        store.put(TABLE, &key, row.to_string().as_bytes())?;
        return Err(ServiceError::new(400, "CodeMismatchException", "Invalid verification code provided, please try again."));
    }
    Ok(store.delete(TABLE, &key)?)
}

fn key(pool: &Resource, user: &User, attribute: &str) -> String {
    format!("{}/{}/{attribute}", pool.physical_id, user.name)
}

fn hashed(code: &str) -> String {
    Sha256::digest(code).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `a***@e***`, `+*******1234`.
fn veiled(to: &str) -> String {
    let first = |text: &str| text.chars().take(1).collect::<String>();
    match to.split_once('@') {
        Some((name, host)) => format!("{}***@{}***", first(name), first(host)),
        None => {
            let end: String = to.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            format!("+*******{end}")
        }
    }
}
