//! The token endpoint for machines: `POST /oauth2/token` with `grant_type=client_credentials` (RFC 6749,
//! sections 4.4 and 5.2; Amazon Cognito Developer Guide, "Token endpoint").

use super::clients::{self, Client};
use super::keys::PoolKey;
use super::pools;
use crate::draw;
use crate::{ServiceError, wire};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{App, HttpRequest, HttpResponse, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What a request to the token endpoint says, before anything is known to be true.
pub fn parameters(request: &HttpRequest, domain: &str) -> Value {
    let form = wire::form_pairs(&request.body);
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let form_type = request.header("content-type").is_some_and(|t| t.starts_with("application/x-www-form-urlencoded"));
    json!({
        "domain": domain,
        "method": request.method,
        "form": form_type,
        "authorization": request.header("authorization"),
        "grant_type": field("grant_type"),
        "client_id": field("client_id"),
        "client_secret": field("client_secret"),
        "scope": field("scope"),
    })
}

/// An error of OAuth: always 400 here, as Cognito answers.
fn refused(error: &str) -> HttpResponse {
    answer(400, &json!({ "error": error }))
}

fn answer(status: u16, body: &Value) -> HttpResponse {
    let headers = [("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store"), ("Pragma", "no-cache")];
    HttpResponse { status, headers: headers.map(|(k, v)| (k.into(), v.into())).into(), body: body.to_string().into_bytes() }
}

/// Answers the token endpoint.
///
/// # Errors
/// The store failed.
pub fn token(app: &App, world: &dyn World, p: &Value) -> Result<HttpResponse, ServiceError> {
    let text = |name: &str| p[name].as_str();
    if text("method") != Some("POST") {
        return Ok(HttpResponse { status: 405, headers: vec![("Allow".into(), "POST".into())], body: Vec::new() });
    }
    let Some(grant) = text("grant_type").filter(|_| p["form"] == true) else { return Ok(refused("invalid_request")) };
    let Some((id, secret)) = credentials(p) else { return Ok(refused("invalid_client")) };
    if text("client_id").is_some_and(|named| named != id) {
        return Ok(refused("invalid_request"));
    }
    let pool = pools::domains(app, world)?.into_iter().find(|(domain, _)| Some(domain.as_str()) == text("domain")).map(|(_, pool)| pool);
    let client = match &pool {
        Some(pool) => clients::find(app, world, pool, &id)?,
        None => None,
    };
    let (Some(pool), Some(client)) = (pool, client) else { return Ok(refused("invalid_client")) };
    match (client.0.get("ClientSecret").and_then(Value::as_str), secret) {
        (Some(expected), Some(given)) if same(expected, &given) => {}
        (None, None) => {}
        _ => return Ok(refused("invalid_client")),
    }
    match grant {
        "client_credentials" => {}
        // There is no sign-in page here that could have handed out a code or a refresh token.
        "authorization_code" | "refresh_token" => return Ok(refused("invalid_grant")),
        _ => return Ok(refused("unsupported_grant_type")),
    }
    if !client.oauth() {
        return Ok(refused("invalid_grant"));
    }
    if !client.texts("AllowedOAuthFlows").contains(&"client_credentials") || !client.0.contains_key("ClientSecret") {
        return Ok(refused("unauthorized_client"));
    }
    let Some(scopes) = granted(app, world, &pool, &client, text("scope"))? else { return Ok(refused("invalid_scope")) };
    let token = signed(app, world, &pool, &client, &scopes)?;
    Ok(answer(200, &json!({ "access_token": token, "expires_in": client.access_token_seconds(), "token_type": "Bearer" })))
}

/// Client id and secret: from the `Authorization` header (RFC 7617), else from the body.
fn credentials(p: &Value) -> Option<(String, Option<String>)> {
    let Some(header) = p["authorization"].as_str() else {
        return Some((p["client_id"].as_str()?.to_owned(), p["client_secret"].as_str().map(str::to_owned)));
    };
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), Some(secret.to_owned())))
}

/// Compares hashes, so that the time tells nothing of the texts.
fn same(a: &str, b: &str) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}

/// The scopes of the token: those asked for, when the client may have every one; all of its own scopes when none
/// was asked for. `None` when it may not.
fn granted(app: &App, world: &dyn World, pool: &str, client: &Client, asked: Option<&str>) -> Result<Option<Vec<String>>, ServiceError> {
    let known = pools::custom_scopes(app, world, pool)?;
    let allowed: Vec<&str> = client.texts("AllowedOAuthScopes").into_iter().filter(|scope| known.iter().any(|k| k == scope)).collect();
    let asked: Vec<&str> = asked.map(|scope| scope.split_ascii_whitespace().collect()).unwrap_or_default();
    if asked.iter().any(|scope| !allowed.contains(scope)) || allowed.is_empty() {
        return Ok(None);
    }
    let scopes = if asked.is_empty() { allowed } else { asked };
    Ok(Some(scopes.into_iter().map(str::to_owned).collect()))
}

/// An access token of a client, for these scopes.
fn signed(app: &App, world: &dyn World, pool: &str, client: &Client, scopes: &[String]) -> Result<String, ServiceError> {
    let now = world.now().seconds();
    let id = client.text("ClientId");
    let claims = json!({
        "sub": id,
        "token_use": "access",
        "scope": scopes.join(" "),
        "auth_time": now,
        "iss": super::issuer(app, pool),
        "exp": now + client.access_token_seconds(),
        "iat": now,
        "version": 2,
        "jti": draw::uuid(world),
        "client_id": id,
    });
    Ok(PoolKey::of(world, pool)?.sign(&claims))
}

/// An access token of this client with all its own scopes, as the token endpoint would give it.
///
/// # Errors
/// No such pool or client, or the store failed.
pub fn client_token(app: &App, world: &dyn World, pool: &str, client_id: &str) -> Result<String, ServiceError> {
    let missing = || ServiceError::new(400, "ResourceNotFoundException", format!("User pool client {client_id} does not exist."));
    let client = clients::find(app, world, &pools::pool(app, pool)?.physical_id, client_id)?.ok_or_else(missing)?;
    let scopes = granted(app, world, pool, &client, None)?.unwrap_or_default();
    signed(app, world, pool, &client, &scopes)
}
