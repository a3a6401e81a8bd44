//! People make accounts themselves: SignUp, ConfirmSignUp, ResendConfirmationCode (Amazon Cognito user pools API Reference).
//!
//! A pool whose triggers would have a say is not signed up in here: they are not run, and nobody passes for that.

use super::clients::{self, Client};
use super::users::{self, Status, User};
use super::{codes, invalid, pools, text};
use crate::ServiceError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use model::{App, Resource, World};
use serde_json::{Map, Value, json};
use sha2::Sha256;

type Parameters = Map<String, Value>;

/// The pool and the app client that a public request names, after the client's secret is proved where it has one.
///
/// # Errors
/// `ResourceNotFoundException`, `NotAuthorizedException`.
pub fn client<'a>(app: &'a App, world: &dyn World, id: &str) -> Result<(&'a Resource, Client), ServiceError> {
    for pool in pools::all(app) {
        if let Some(client) = clients::find(app, world, &pool.physical_id, id)? {
            return Ok((pool, client));
        }
    }
    Err(ServiceError::new(400, "ResourceNotFoundException", format!("User pool client {id} does not exist.")))
}

/// Whether the request knows the client's secret: a keyed hash over the username and the client id (Amazon Cognito Developer Guide,
/// "Computing secret hash values").
///
/// # Errors
/// `NotAuthorizedException`.
pub fn knows_secret(client: &Client, username: &str, hash: Option<&str>) -> Result<(), ServiceError> {
    let refused = |says: String| Err(ServiceError::new(400, "NotAuthorizedException", says));
    let (id, secret) = (client.text("ClientId"), client.text("ClientSecret"));
    match (secret.is_empty(), hash) {
        (true, None) => Ok(()),
        (true, Some(_)) => refused(format!("Client {id} is not configured for secret but secret hash was received")),
        (false, None) => refused(format!("Client {id} is configured with secret but SECRET_HASH was not received")),
        (false, Some(given)) => {
            let right = STANDARD.decode(given).ok().and_then(|given| {
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
                mac.update(username.as_bytes());
                mac.update(id.as_bytes());
                mac.verify_slice(&given).ok()
            });
            if right.is_some() { Ok(()) } else { refused(format!("Unable to verify secret hash for client {id}")) }
        }
    }
}

/// Triggers that decide or change what is asked for; not run, they would be missing.
///
/// # Errors
/// `UnexpectedLambdaException`.
pub fn without_triggers(pool: &Resource, triggers: &[&str]) -> Result<(), ServiceError> {
    let set = |name: &&&str| pool.properties.at(&["LambdaConfig", name]).is_some();
    match triggers.iter().find(set) {
        None => Ok(()),
        Some(name) => {
            let says = format!("sekisho does not run the trigger {name} of {} yet, and does nothing without it", pool.id.logical);
            Err(ServiceError::new(400, "UnexpectedLambdaException", says))
        }
    }
}

/// SignUp.
///
/// # Errors
/// What AWS refuses.
pub fn sign_up(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, client) = client(app, world, text(p, "ClientId")?)?;
    let (given, password) = (text(p, "Username")?, text(p, "Password")?);
    knows_secret(&client, given, p.get("SecretHash").and_then(Value::as_str))?;
    match pool.properties.at(&["AdminCreateUserConfig", "AllowAdminCreateUserOnly"]) {
        None => {}
        // What is not known is closed.
        Some(node) if node.bool() == Some(false) => {}
        Some(_) => return Err(ServiceError::new(400, "NotAuthorizedException", "SignUp is not permitted for this user pool")),
    }
    without_triggers(pool, &["PreSignUp", "CustomMessage", "PostConfirmation"])?;
    users::check_password(pool, password, "policy")?;
    let mut attributes = users::attributes(p);
    users::check_writes(pool, &client, attributes.keys())?;
    let name = users::name_of(world, pool, given, &mut attributes)?;
    users::check_required(pool, &attributes)?;
    if users::find(world, pool, given).is_ok() {
        let says = if name == given { "User already exists" } else { "An account with the given email already exists." };
        return Err(ServiceError::new(400, "UsernameExistsException", says));
    }
    let mut user = User::new(world, &name, attributes, Status::Unconfirmed);
    user.set_password(world, password);
    user.save(world, &pool.physical_id)?;
    let mut answer = json!({ "UserConfirmed": false, "UserSub": user.attribute("sub") });
    if let Some(attribute) = codes::verified_at(pool, &user) {
        answer["CodeDeliveryDetails"] = codes::send(world, pool, &user, attribute)?;
    }
    Ok(answer)
}

/// ConfirmSignUp.
///
/// # Errors
/// What AWS refuses.
pub fn confirm(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, client) = client(app, world, text(p, "ClientId")?)?;
    let (name, code) = (text(p, "Username")?, text(p, "ConfirmationCode")?);
    knows_secret(&client, name, p.get("SecretHash").and_then(Value::as_str))?;
    without_triggers(pool, &["PostConfirmation"])?;
    let mut user = users::find(world, pool, name)?;
    if user.status != Status::Unconfirmed {
        let says = format!("User cannot be confirmed. Current status is {}", user.status());
        return Err(ServiceError::new(400, "NotAuthorizedException", says));
    }
    let expired = || ServiceError::new(400, "ExpiredCodeException", "Invalid code provided, please request a code again.");
    let attribute = codes::verified_at(pool, &user).ok_or_else(expired)?;
    codes::take(world, pool, &user, attribute, code)?;
    verify(&mut user, attribute);
    user.status = Status::Confirmed;
    user.save(world, &pool.physical_id)?;
    Ok(json!({}))
}

/// ResendConfirmationCode.
///
/// # Errors
/// What AWS refuses.
pub fn resend(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, client) = client(app, world, text(p, "ClientId")?)?;
    let name = text(p, "Username")?;
    knows_secret(&client, name, p.get("SecretHash").and_then(Value::as_str))?;
    without_triggers(pool, &["CustomMessage"])?;
    let user = users::find(world, pool, name)?;
    if user.status != Status::Unconfirmed {
        return Err(invalid("User is already confirmed."));
    }
    let nowhere = || invalid("Auto verification not turned on.");
    let attribute = codes::verified_at(pool, &user).ok_or_else(nowhere)?;
    Ok(json!({ "CodeDeliveryDetails": codes::send(world, pool, &user, attribute)? }))
}

/// Notes that an address is its user's own.
pub fn verify(user: &mut User, attribute: &str) {
    user.attributes.insert(format!("{attribute}_verified"), "true".into());
}
