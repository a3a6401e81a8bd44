//! Users sign in and get their tokens: InitiateAuth and AdminInitiateAuth with a password or a refresh token (Amazon Cognito Developer
//! Guide, "Authentication flows", "Understanding the identity (ID) token", "Understanding the access token").
//!
//! SRP, custom challenges and MFA are not served: who would be asked for more is refused, never let in.

use super::clients::{self, Client};
use super::keys::PoolKey;
use super::sign_up::{self, knows_secret, without_triggers};
use super::users::{self, Status, User};
use super::{invalid, pools, text};
use crate::ServiceError;
use crate::draw;
use model::{App, Resource, World};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

type Parameters = Map<String, Value>;

const REFRESH: &str = "refresh";
/// The scope with which a user manages themself (Amazon Cognito Developer Guide, "Scopes, M2M, and resource servers").
const SELF: &str = "aws.cognito.signin.user.admin";

fn refused(says: &str) -> ServiceError {
    ServiceError::new(400, "NotAuthorizedException", says)
}

/// InitiateAuth.
///
/// # Errors
/// What AWS refuses.
pub fn initiate(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, client) = sign_up::client(app, world, text(p, "ClientId")?)?;
    let flow = text(p, "AuthFlow")?;
    match flow {
        "USER_PASSWORD_AUTH" => by_password(app, world, (pool, &client), p, flow),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => by_refresh(app, world, (pool, &client), p),
        "ADMIN_NO_SRP_AUTH" | "ADMIN_USER_PASSWORD_AUTH" => Err(invalid("Initiate Auth method not supported.")),
        _ => Err(invalid(format!("sekisho does not serve the flow {flow} yet"))),
    }
}

/// AdminInitiateAuth.
///
/// # Errors
/// What AWS refuses.
pub fn admin_initiate(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = pools::named(app, p)?;
    let id = text(p, "ClientId")?;
    let missing = || ServiceError::new(400, "ResourceNotFoundException", format!("User pool client {id} does not exist."));
    let client = clients::find(app, world, &pool.physical_id, id)?.ok_or_else(missing)?;
    let flow = text(p, "AuthFlow")?;
    match flow {
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => by_password(app, world, (pool, &client), p, "ADMIN_USER_PASSWORD_AUTH"),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => by_refresh(app, world, (pool, &client), p),
        _ => Err(invalid(format!("sekisho does not serve the flow {flow} yet"))),
    }
}

/// Whether a client allows a flow; without a list: SRP, custom challenges and refresh tokens (CreateUserPoolClient,
/// "ExplicitAuthFlows").
fn allows(client: &Client, flow: &str) -> bool {
    let flows = client.texts("ExplicitAuthFlows");
    let legacy = if flow == "ADMIN_USER_PASSWORD_AUTH" { "ADMIN_NO_SRP_AUTH" } else { flow };
    flows.iter().any(|own| *own == legacy || own.strip_prefix("ALLOW_") == Some(flow))
}

fn parameter<'p>(p: &'p Parameters, name: &str) -> Option<&'p str> {
    p.get("AuthParameters")?.get(name)?.as_str()
}

fn by_password(
    app: &App,
    world: &dyn World,
    (pool, client): (&Resource, &Client),
    p: &Parameters,
    flow: &str,
) -> Result<Value, ServiceError> {
    if !allows(client, flow) {
        return Err(invalid(format!("{flow} flow not enabled for this client")));
    }
    let required = |name: &str| parameter(p, name).ok_or_else(|| invalid(format!("Missing required parameter {name}")));
    let (name, password) = (required("USERNAME")?, required("PASSWORD")?);
    knows_secret(client, name, parameter(p, "SECRET_HASH"))?;
    without_triggers(
        pool,
        &["PreAuthentication", "PreTokenGeneration", "PreTokenGenerationConfig", "UserMigration", "PostAuthentication"],
    )?;
    // What is not known is asked for.
    let mfa = pool.properties.get("MfaConfiguration");
    if mfa.is_some_and(|node| !matches!(node.scalar().as_deref(), Some("OFF" | "OPTIONAL"))) {
        return Err(invalid("sekisho does not serve MFA yet, which this user pool requires"));
    }
    let user = match users::find(world, pool, name) {
        // Whether there is such a user is nobody's business where the client says so.
        Err(error) if error.code == "UserNotFoundException" && client.text("PreventUserExistenceErrors") == "ENABLED" => {
            return Err(refused("Incorrect username or password."));
        }
        found => found?,
    };
    if user.status == Status::Unconfirmed {
        return Err(ServiceError::new(400, "UserNotConfirmedException", "User is not confirmed."));
    }
    if !user.is_password(password) {
        return Err(refused("Incorrect username or password."));
    }
    if user.status == Status::ForceChangePassword {
        return Err(invalid("sekisho does not serve the challenge NEW_PASSWORD_REQUIRED yet: use AdminSetUserPassword with Permanent"));
    }
    let refresh = draw::text(world, draw::BASE36, 64);
    let seconds = client.0.get("RefreshTokenValidity").and_then(Value::as_i64).unwrap_or(30).saturating_mul(86_400);
    let now = world.now().seconds();
    let row =
        json!({ "pool": pool.physical_id, "client": client.text("ClientId"), "user": user.name, "since": now, "until": now + seconds });
    world.store("cognito-idp").put(REFRESH, &hashed(&refresh), row.to_string().as_bytes())?;
    let mut result = tokens(app, world, (pool, client), &user, now)?;
    result["RefreshToken"] = json!(refresh);
    Ok(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
}

fn by_refresh(app: &App, world: &dyn World, (pool, client): (&Resource, &Client), p: &Parameters) -> Result<Value, ServiceError> {
    let listed = client.texts("ExplicitAuthFlows");
    if !listed.is_empty() && listed.iter().all(|flow| flow.starts_with("ALLOW_")) && !allows(client, "REFRESH_TOKEN_AUTH") {
        return Err(invalid("REFRESH_TOKEN_AUTH flow not enabled for this client"));
    }
    without_triggers(pool, &["PreTokenGeneration", "PreTokenGenerationConfig"])?;
    let token = parameter(p, "REFRESH_TOKEN").ok_or_else(|| invalid("Missing required parameter REFRESH_TOKEN"))?;
    let wrong = || refused("Invalid Refresh Token");
    let row = world.store("cognito-idp").get(REFRESH, &hashed(token))?.ok_or_else(wrong)?;
    let row: Value = serde_json::from_slice(&row).map_err(|_| wrong())?;
    let now = world.now().seconds();
    if row["pool"] != pool.physical_id || row["client"] != client.text("ClientId") || row["until"].as_i64().is_none_or(|until| until < now)
    {
        return Err(wrong());
    }
    let user = users::find(world, pool, row["user"].as_str().unwrap_or_default()).map_err(|_| wrong())?;
    let client_secret = !client.text("ClientSecret").is_empty();
    if client_secret {
        knows_secret(client, &user.name, parameter(p, "SECRET_HASH"))?;
    }
    let result = tokens(app, world, (pool, client), &user, row["since"].as_i64().unwrap_or(now))?;
    Ok(json!({ "ChallengeParameters": {}, "AuthenticationResult": result }))
}

fn hashed(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An id token and an access token.
fn tokens(app: &App, world: &dyn World, (pool, client): (&Resource, &Client), user: &User, since: i64) -> Result<Value, ServiceError> {
    let key = PoolKey::of(world, &pool.physical_id)?;
    let (now, seconds) = (world.now().seconds(), client.access_token_seconds());
    let (origin, event) = (draw::uuid(world), draw::uuid(world));
    let common = |kind: &str| {
        let mut claims = json!({
            "sub": user.attribute("sub"), "iss": super::issuer(app, &pool.physical_id), "origin_jti": origin, "event_id": event,
            "token_use": kind, "auth_time": since, "exp": now + seconds, "iat": now, "jti": draw::uuid(world),
        });
        let name = if kind == "id" { "cognito:username" } else { "username" };
        claims[name] = json!(user.name);
        claims
    };
    let mut id = common("id");
    id["aud"] = json!(client.text("ClientId"));
    for (name, value) in user.attributes.iter().filter(|(name, _)| users::may_read(client, name)) {
        id[name] = if name.ends_with("_verified") { json!(value == "true") } else { json!(value) };
    }
    let mut access = common("access");
    access["client_id"] = json!(client.text("ClientId"));
    access["scope"] = json!(SELF);
    Ok(json!({ "AccessToken": key.sign(&access), "ExpiresIn": seconds, "TokenType": "Bearer", "IdToken": key.sign(&id) }))
}

/// Whose access token it is: the pool, the app client and the user.
///
/// # Errors
/// `NotAuthorizedException`.
pub fn bearer<'a>(app: &'a App, world: &dyn World, p: &Parameters) -> Result<(&'a Resource, Client, User), ServiceError> {
    let token = text(p, "AccessToken")?;
    let wrong = || refused("Invalid Access Token");
    for pool in pools::all(app) {
        let Some(claims) = PoolKey::of(world, &pool.physical_id)?.claims(token) else { continue };
        let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if claim("token_use") != "access" || claim("iss") != super::issuer(app, &pool.physical_id) {
            return Err(wrong());
        }
        if claims["exp"].as_i64().is_none_or(|end| end <= world.now().seconds()) {
            return Err(refused("Access Token has expired"));
        }
        if !claim("scope").split(' ').any(|scope| scope == SELF) {
            return Err(refused("Access Token does not have required scopes"));
        }
        let client = clients::find(app, world, &pool.physical_id, claim("client_id"))?.ok_or_else(wrong)?;
        return Ok((pool, client, users::find(world, pool, claim("username"))?));
    }
    Err(wrong())
}
