//! Amazon Cognito user pools (API version 2016-04-18): pools, app clients, resource servers and domains, the
//! token endpoint for client credentials, the pool's public keys.
//!
//! It never decides whether a caller may do something, and never shows a client secret to a log.

mod clients;
mod keys;
mod pools;
mod token;

pub use clients::Client;
pub use token::client_token;

use crate::wire::{self, Protocol};
use crate::{Asked, Done, Service, ServiceError};
use model::{ApiCall, App, HttpRequest, HttpResponse, Identity, World};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cognito;

/// Name of the token endpoint's record in CloudTrail.
const TOKEN: &str = "Token_POST";

impl Service for Cognito {
    fn endpoint(&self) -> &'static str {
        "cognito-idp"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        if let Some(asked) = public(request) {
            return Ok(asked);
        }
        let operation = wire::target(request, "AWSCognitoIdentityProviderService").unwrap_or_default();
        let read_only = match operation {
            "DescribeUserPool"
            | "ListUserPools"
            | "DescribeUserPoolClient"
            | "ListUserPoolClients"
            | "DescribeResourceServer"
            | "ListResourceServers"
            | "DescribeUserPoolDomain" => true,
            "CreateUserPoolClient" | "UpdateUserPoolClient" | "DeleteUserPoolClient" | "CreateResourceServer" | "CreateUserPoolDomain" => {
                false
            }
            _ => return Err(ServiceError::new(400, "UnknownOperationException", "")),
        };
        let p = wire::json_body(request)?;
        let resource = match operation {
            "ListUserPools" | "DescribeUserPoolDomain" => "*".to_owned(),
            _ => format!("arn:{}:cognito-idp:{}:{}:userpool/{}", app.partition, app.region, app.account, text(&p, "UserPoolId")?),
        };
        let action = format!("cognito-idp:{operation}");
        let need = ApiCall { action, resource, resource_account: app.account.clone(), context: BTreeMap::new(), ..ApiCall::default() };
        let mut logged_parameters = wire::trail_names(&Value::Object(p.clone()));
        if let Some(secret) = logged_parameters.get_mut("clientSecret") {
            *secret = json!("HIDDEN_DUE_TO_SECURITY_REASONS");
        }
        Ok(Asked {
            operation: operation.into(),
            needs: vec![need],
            public: false,
            parameters: Value::Object(p),
            logged_parameters,
            read_only,
            ..Asked::default()
        })
    }

    fn carry_out(&self, app: &App, asked: &Asked, _: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        let empty = Map::new();
        let p = asked.parameters.as_object().unwrap_or(&empty);
        let mut changes = Vec::new();
        let body = match asked.operation.as_str() {
            TOKEN => return Ok(Done::new(token::token(app, world, &asked.parameters)?, Value::Null)),
            "GetJwks" => return document(&keys::PoolKey::of(world, &pools::named(app, p)?.physical_id)?.set()),
            "GetOpenIdConfiguration" => return document(&configuration(app, world, p)?),
            "DescribeUserPool" => pools::describe(app, p, world)?,
            "ListUserPools" => pools::list(app, p)?,
            "CreateUserPoolClient" => clients::create(app, p, world)?,
            "DescribeUserPoolClient" => clients::describe(app, p, world)?,
            "ListUserPoolClients" => clients::list(app, p, world)?,
            "UpdateUserPoolClient" => clients::update(app, p, world, &mut changes)?,
            "DeleteUserPoolClient" => clients::delete(app, p, world, &mut changes)?,
            "CreateResourceServer" => pools::create_server(app, p, world)?,
            "DescribeResourceServer" => pools::describe_server(app, p, world)?,
            "ListResourceServers" => pools::list_servers(app, p, world)?,
            "CreateUserPoolDomain" => pools::create_domain(app, p, world)?,
            "DescribeUserPoolDomain" => pools::describe_domain(app, p, world)?,
            _ => return Err(ServiceError::new(400, "UnknownOperationException", "")),
        };
        let elements = if asked.read_only || body == json!({}) { Value::Null } else { clients::logged(&body) };
        let response = if asked.operation == "DeleteUserPoolClient" {
            HttpResponse { status: 200, headers: vec![("Content-Type".into(), "application/x-amz-json-1.1".into())], body: Vec::new() }
        } else {
            wire::json_answer(Protocol::Json11, &body)
        };
        Ok(Done { changes, ..Done::new(response, elements) })
    }
}

/// What AWS serves to anyone: the token endpoint at a pool's domain, and the pool's documents.
fn public(request: &HttpRequest) -> Option<Asked> {
    let host = request.header("host").unwrap_or_default();
    let asked = |operation: &str, parameters: Value, read_only: bool| Asked {
        operation: operation.into(),
        needs: Vec::new(),
        public: true,
        parameters,
        logged_parameters: Value::Null,
        read_only,
        ..Asked::default()
    };
    if let Some((domain, _)) = host.split_once(".auth.").filter(|(_, rest)| rest.contains(".amazoncognito.com")) {
        return (request.path == "/oauth2/token").then(|| asked(TOKEN, token::parameters(request, domain), false));
    }
    let (pool, document) = request.path.strip_prefix('/')?.split_once('/')?;
    let operation = match document {
        ".well-known/jwks.json" => "GetJwks",
        ".well-known/openid-configuration" => "GetOpenIdConfiguration",
        _ => return None,
    };
    Some(asked(operation, json!({ "UserPoolId": pool }), true))
}

fn document(body: &Value) -> Result<Done, ServiceError> {
    let mut response = HttpResponse::json(200, body);
    response.headers.push(("Cache-Control".into(), "public, max-age=86400".into()));
    response.headers.push(("Access-Control-Allow-Origin".into(), "*".into()));
    Ok(Done::new(response, Value::Null))
}

/// The issuer of a pool's tokens.
pub fn issuer(app: &App, pool: &str) -> String {
    format!("https://cognito-idp.{}.amazonaws.com/{pool}", app.region)
}

/// The public keys of a pool, as `/<pool>/.well-known/jwks.json` serves them; `None` when there is no such pool or
/// the store failed.
pub fn jwks(world: &dyn World, app: &App, pool_id: &str) -> Option<Value> {
    let pool = pools::pool(app, pool_id).ok()?;
    keys::PoolKey::of(world, &pool.physical_id).ok().map(|key| key.set())
}

fn configuration(app: &App, world: &dyn World, p: &Map<String, Value>) -> Result<Value, ServiceError> {
    let pool = &pools::named(app, p)?.physical_id;
    let issuer = issuer(app, pool);
    let domain = pools::domains(app, world)?.into_iter().find(|(_, of)| of == pool).map(|(domain, _)| domain);
    let mut body = json!({
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    });
    if let Some(domain) = domain {
        let base = format!("https://{domain}.auth.{}.amazoncognito.com", app.region);
        for (name, path) in
            [("authorization_endpoint", "oauth2/authorize"), ("token_endpoint", "oauth2/token"), ("userinfo_endpoint", "oauth2/userInfo")]
        {
            body[name] = json!(format!("{base}/{path}"));
        }
    }
    Ok(body)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "InvalidParameterException", message)
}

fn missing(name: &str) -> ServiceError {
    let name = wire::trail_name(name);
    invalid(format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"))
}

fn missing_pool(id: &str) -> ServiceError {
    ServiceError::new(400, "ResourceNotFoundException", format!("User pool {id} does not exist."))
}

/// A required text parameter; a pool id must look like one.
fn text<'a>(p: &'a Map<String, Value>, name: &str) -> Result<&'a str, ServiceError> {
    let value = match p.get(name) {
        None | Some(Value::Null) => return Err(missing(name)),
        Some(Value::String(text)) => text.as_str(),
        Some(_) => return Err(ServiceError::new(400, "SerializationException", "")),
    };
    let is_pool_id = value.split_once('_').is_some_and(|(region, id)| {
        !region.is_empty()
            && !id.is_empty()
            && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && id.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if name == "UserPoolId" && !is_pool_id {
        return Err(invalid(format!(
            "1 validation error detected: Value '{value}' at 'userPoolId' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [\\w-]+_[0-9a-zA-Z]+"
        )));
    }
    Ok(value)
}

/// The first `MaxResults` (60) of a list.
fn lists(p: &Map<String, Value>, mut items: Vec<Value>) -> Result<Vec<Value>, ServiceError> {
    let most = match p.get("MaxResults").filter(|most| !most.is_null()) {
        None => 60,
        Some(most) => match most.as_u64() {
            Some(most @ 1..=60) => most,
            _ => {
                return Err(invalid(format!(
                    "1 validation error detected: Value '{most}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60"
                )));
            }
        },
    };
    items.truncate(usize::try_from(most).unwrap_or(60));
    Ok(items)
}

#[cfg(test)]
mod tests;
