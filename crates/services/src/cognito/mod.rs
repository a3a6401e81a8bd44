//! Amazon Cognito user pools (API version 2016-04-18): pools, app clients, resource servers and domains, the
//! token endpoint for client credentials, the pool's public keys; users who sign up, sign in and manage themselves.
//!
//! It never decides whether a caller may do something, and never shows a client secret to a log.

mod admin;
mod clients;
mod codes;
mod keys;
mod own;
mod pools;
mod sign_in;
mod sign_up;
mod token;
mod users;

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
        if PUBLIC.contains(&operation) {
            let p = wire::json_body(request)?;
            return Ok(Asked {
                operation: operation.into(),
                needs: Vec::new(),
                public: true,
                logged_parameters: hidden(&Value::Object(p.clone())),
                parameters: Value::Object(p),
                read_only: operation == "GetUser",
                ..Asked::default()
            });
        }
        let read_only = match operation {
            "DescribeUserPool"
            | "ListUserPools"
            | "DescribeUserPoolClient"
            | "ListUserPoolClients"
            | "DescribeResourceServer"
            | "ListResourceServers"
            | "DescribeUserPoolDomain"
            | "AdminGetUser"
            | "ListUsers" => true,
            "CreateUserPoolClient"
            | "UpdateUserPoolClient"
            | "DeleteUserPoolClient"
            | "CreateResourceServer"
            | "CreateUserPoolDomain"
            | "AdminCreateUser"
            | "AdminSetUserPassword"
            | "AdminConfirmSignUp"
            | "AdminUpdateUserAttributes"
            | "AdminDeleteUser"
            | "AdminInitiateAuth" => false,
            _ => return Err(ServiceError::new(400, "UnknownOperationException", "")),
        };
        let p = wire::json_body(request)?;
        let resource = match operation {
            "ListUserPools" | "DescribeUserPoolDomain" => "*".to_owned(),
            _ => format!("arn:{}:cognito-idp:{}:{}:userpool/{}", app.partition, app.region, app.account, text(&p, "UserPoolId")?),
        };
        let action = format!("cognito-idp:{operation}");
        let need = ApiCall { action, resource, resource_account: app.account.clone(), context: BTreeMap::new(), ..ApiCall::default() };
        let logged_parameters = hidden(&Value::Object(p.clone()));
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
            "SignUp" => sign_up::sign_up(app, p, world)?,
            "ConfirmSignUp" => sign_up::confirm(app, p, world)?,
            "ResendConfirmationCode" => sign_up::resend(app, p, world)?,
            "InitiateAuth" => sign_in::initiate(app, p, world)?,
            "GetUser" => own::get(app, p, world)?,
            "UpdateUserAttributes" => own::update(app, p, world)?,
            "DeleteUserAttributes" => own::delete(app, p, world)?,
            "GetUserAttributeVerificationCode" => own::send_code(app, p, world)?,
            "VerifyUserAttribute" => own::verify_attribute(app, p, world)?,
            "AdminCreateUser" => admin::create(app, p, world)?,
            "AdminSetUserPassword" => admin::set_password(app, p, world)?,
            "AdminConfirmSignUp" => admin::confirm(app, p, world)?,
            "AdminGetUser" => admin::get(app, p, world)?,
            "AdminUpdateUserAttributes" => admin::update(app, p, world)?,
            "AdminDeleteUser" => admin::delete(app, p, world)?,
            "AdminInitiateAuth" => sign_in::admin_initiate(app, p, world)?,
            "ListUsers" => admin::list(app, p, world)?,
            _ => return Err(ServiceError::new(400, "UnknownOperationException", "")),
        };
        let elements = if asked.read_only || body == json!({}) { Value::Null } else { hidden(&body) };
        let response = if matches!(asked.operation.as_str(), "DeleteUserPoolClient" | "AdminDeleteUser") {
            HttpResponse { status: 200, headers: vec![("Content-Type".into(), "application/x-amz-json-1.1".into())], body: Vec::new() }
        } else {
            wire::json_answer(Protocol::Json11, &body)
        };
        Ok(Done { changes, ..Done::new(response, elements) })
    }
}

/// Operations that Cognito serves without a signature (Amazon Cognito Developer Guide, "List of API operations grouped by
/// authorization model"): what they need, an app client or an access token, they are sent.
const PUBLIC: [&str; 9] = [
    "SignUp",
    "ConfirmSignUp",
    "ResendConfirmationCode",
    "InitiateAuth",
    "GetUser",
    "UpdateUserAttributes",
    "DeleteUserAttributes",
    "GetUserAttributeVerificationCode",
    "VerifyUserAttribute",
];

/// What CloudTrail does not write of a request or an answer; of attributes it writes the names.
const SECRET: [&str; 15] = [
    "clientSecret",
    "username",
    "password",
    "temporaryPassword",
    "secretHash",
    "confirmationCode",
    "code",
    "accessToken",
    "idToken",
    "refreshToken",
    "authParameters",
    "session",
    "value",
    "destination",
    "clientMetadata",
];

/// A request or an answer as CloudTrail writes it (Amazon Cognito Developer Guide, "Amazon Cognito logging in AWS CloudTrail").
fn hidden(value: &Value) -> Value {
    fn hide(value: &mut Value) {
        match value {
            Value::Object(members) => members.iter_mut().for_each(|(name, value)| match SECRET.contains(&name.as_str()) {
                true => *value = json!("HIDDEN_DUE_TO_SECURITY_REASONS"),
                false => hide(value),
            }),
            Value::Array(items) => items.iter_mut().for_each(hide),
            _ => {}
        }
    }
    let mut shown = wire::trail_names(value);
    hide(&mut shown);
    shown
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
#[cfg(test)]
mod user_tests;
