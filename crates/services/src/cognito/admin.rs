//! What administrators do with users: AdminCreateUser, AdminSetUserPassword, AdminConfirmSignUp, AdminGetUser, AdminUpdateUserAttributes,
//! AdminDeleteUser, ListUsers (Amazon Cognito user pools API Reference). IAM says who is one.

use super::sign_up::without_triggers;
use super::users::{self, Status, User};
use super::{invalid, lists, pools, text};
use crate::ServiceError;
use crate::draw;
use model::{App, Message, Resource, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

fn named<'a>(app: &'a App, p: &Parameters, world: &dyn World) -> Result<(&'a Resource, User), ServiceError> {
    let pool = pools::named(app, p)?;
    Ok((pool, users::find(world, pool, text(p, "Username")?)?))
}

/// A user as AdminCreateUser and ListUsers show it.
fn shown(user: &User) -> Value {
    json!({
        "Username": user.name, "Attributes": user.shown(|_| true), "UserCreateDate": user.created, "UserLastModifiedDate": user.modified,
        "Enabled": true, "UserStatus": user.status(),
    })
}

/// AdminCreateUser.
///
/// # Errors
/// What AWS refuses.
pub fn create(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = pools::named(app, p)?;
    let given = text(p, "Username")?;
    let says_nothing = match p.get("MessageAction").and_then(Value::as_str) {
        None => false,
        Some("SUPPRESS") => true,
        Some(_) => return Err(invalid("sekisho does not send an invitation again yet (MessageAction RESEND)")),
    };
    without_triggers(pool, if says_nothing { &["PreSignUp"] } else { &["PreSignUp", "CustomMessage"] })?;
    let mut attributes = users::attributes(p);
    let name = users::name_of(world, pool, given, &mut attributes)?;
    users::check_new(pool, &attributes)?;
    if users::find(world, pool, given).is_ok() {
        return Err(ServiceError::new(400, "UsernameExistsException", "User account already exists"));
    }
    let temporary = match p.get("TemporaryPassword").and_then(Value::as_str) {
        Some(password) => {
            users::check_password(pool, password, "password policy")?;
            password.to_owned()
        }
        // One of each kind, for a policy that asks for all.
        None => format!("{}aA1!", draw::text(world, draw::BASE36, 16)),
    };
    let mut user = User::new(world, &name, attributes, Status::ForceChangePassword);
    user.set_password(world, &temporary);
    user.save(world, &pool.physical_id)?;
    if let Some(to) = user.attribute("email").filter(|_| !says_nothing) {
        let text = format!("Your username is {given} and temporary password is {temporary}.");
        world.deliver(&Message { to: to.to_owned(), subject: "Your temporary password".into(), text });
    }
    Ok(json!({ "User": shown(&user) }))
}

/// AdminSetUserPassword.
///
/// # Errors
/// What AWS refuses.
pub fn set_password(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, mut user) = named(app, p, world)?;
    let password = text(p, "Password")?;
    users::check_password(pool, password, "policy")?;
    user.set_password(world, password);
    user.status = if p.get("Permanent") == Some(&json!(true)) { Status::Confirmed } else { Status::ForceChangePassword };
    user.save(world, &pool.physical_id)?;
    Ok(json!({}))
}

/// AdminConfirmSignUp.
///
/// # Errors
/// What AWS refuses.
pub fn confirm(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, mut user) = named(app, p, world)?;
    without_triggers(pool, &["PostConfirmation"])?;
    if user.status != Status::Unconfirmed {
        let says = format!("User cannot be confirmed. Current status is {}", user.status());
        return Err(ServiceError::new(400, "NotAuthorizedException", says));
    }
    user.status = Status::Confirmed;
    user.save(world, &pool.physical_id)?;
    Ok(json!({}))
}

/// AdminGetUser.
///
/// # Errors
/// What AWS refuses.
pub fn get(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let mut shown = shown(&named(app, p, world)?.1);
    if let Some(attributes) = shown.as_object_mut().and_then(|shown| shown.remove("Attributes")) {
        shown["UserAttributes"] = attributes;
    }
    Ok(shown)
}

/// AdminUpdateUserAttributes.
///
/// # Errors
/// What AWS refuses.
pub fn update(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, mut user) = named(app, p, world)?;
    let given = users::attributes(p);
    users::check_change(pool, &given)?;
    user.attributes.extend(given);
    user.save(world, &pool.physical_id)?;
    Ok(json!({}))
}

/// AdminDeleteUser.
///
/// # Errors
/// What AWS refuses.
pub fn delete(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, user) = named(app, p, world)?;
    users::remove(world, &pool.physical_id, &user.name)?;
    Ok(json!({}))
}

/// ListUsers.
///
/// # Errors
/// What AWS refuses.
pub fn list(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = pools::named(app, p)?;
    if p.get("Filter").and_then(Value::as_str).is_some_and(|filter| !filter.is_empty()) {
        return Err(invalid("sekisho does not filter users yet"));
    }
    let users = users::all(world, &pool.physical_id)?.iter().map(shown).collect();
    Ok(json!({ "Users": lists(p, users)? }))
}
