//! What signed-in users do with their own account: GetUser, UpdateUserAttributes, DeleteUserAttributes, GetUserAttributeVerificationCode,
//! VerifyUserAttribute (Amazon Cognito user pools API Reference). Their access token says who they are.

use super::sign_in::bearer;
use super::sign_up::{verify, without_triggers};
use super::users::{self, User, texts};
use super::{codes, invalid, text};
use crate::ServiceError;
use model::{App, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

/// GetUser.
///
/// # Errors
/// What AWS refuses.
pub fn get(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (_, client, user) = bearer(app, world, p)?;
    Ok(json!({ "Username": user.name, "UserAttributes": user.shown(|name| users::may_read(&client, name)) }))
}

/// UpdateUserAttributes.
///
/// # Errors
/// What AWS refuses.
pub fn update(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, client, mut user) = bearer(app, world, p)?;
    without_triggers(pool, &["CustomMessage"])?;
    let given = users::attributes(p);
    users::check_writes(pool, &client, given.keys())?;
    users::check_change(pool, &given)?;
    let held = texts_at(pool, &["UserAttributeUpdateSettings", "AttributesRequireVerificationBeforeUpdate"]);
    if given.keys().any(|name| held.contains(name)) {
        return Err(invalid("sekisho does not keep attributes until they are verified yet (AttributesRequireVerificationBeforeUpdate)"));
    }
    let mut sent = Vec::new();
    for (name, value) in given {
        let changed = user.attribute(&name) != Some(value.as_str());
        user.attributes.insert(name.clone(), value);
        if changed && matches!(name.as_str(), "email" | "phone_number") {
            user.attributes.insert(format!("{name}_verified"), "false".into());
            if texts(pool, "AutoVerifiedAttributes").contains(&name) {
                sent.push(codes::send(world, pool, &user, &name)?);
            }
        }
    }
    user.save(world, &pool.physical_id)?;
    Ok(json!({ "CodeDeliveryDetailsList": sent }))
}

fn texts_at(pool: &model::Resource, path: &[&str]) -> Vec<String> {
    pool.properties.at(path).map(model::Node::items).unwrap_or_default().iter().filter_map(model::Node::scalar).collect()
}

/// DeleteUserAttributes.
///
/// # Errors
/// What AWS refuses.
pub fn delete(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, client, mut user) = bearer(app, world, p)?;
    let names = p.get("UserAttributeNames").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<String> = names.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    users::check_writes(pool, &client, names.iter())?;
    users::check_change(pool, &names.iter().map(|name| (name.clone(), String::new())).collect())?;
    for name in names {
        user.attributes.remove(&name);
        user.attributes.remove(&format!("{name}_verified"));
    }
    user.save(world, &pool.physical_id)?;
    Ok(json!({}))
}

/// GetUserAttributeVerificationCode.
///
/// # Errors
/// What AWS refuses.
pub fn send_code(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, _, user) = bearer(app, world, p)?;
    without_triggers(pool, &["CustomMessage"])?;
    let attribute = verifiable(p, &user)?;
    Ok(json!({ "CodeDeliveryDetails": codes::send(world, pool, &user, &attribute)? }))
}

/// VerifyUserAttribute.
///
/// # Errors
/// What AWS refuses.
pub fn verify_attribute(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, _, mut user) = bearer(app, world, p)?;
    let attribute = verifiable(p, &user)?;
    codes::take(world, pool, &user, &attribute, text(p, "Code")?)?;
    verify(&mut user, &attribute);
    user.save(world, &pool.physical_id)?;
    Ok(json!({}))
}

fn verifiable(p: &Parameters, user: &User) -> Result<String, ServiceError> {
    let name = text(p, "AttributeName")?;
    match name {
        "email" | "phone_number" if user.attribute(name).is_some() => Ok(name.to_owned()),
        _ => Err(invalid(format!("User does not have a {name} to verify."))),
    }
}
