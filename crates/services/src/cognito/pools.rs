//! User pools, resource servers and domains: what the App declares and what control operations added.

use super::{invalid, lists, missing_pool, text};
use crate::ServiceError;
use model::{App, Node, Resource, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

/// CloudFormation's types.
const POOL: &str = "AWS::Cognito::UserPool";
const SERVER: &str = "AWS::Cognito::UserPoolResourceServer";
const DOMAIN: &str = "AWS::Cognito::UserPoolDomain";

/// Every user pool.
pub fn all(app: &App) -> impl Iterator<Item = &Resource> {
    app.of_kind(POOL)
}

/// The user pool with this id.
///
/// # Errors
/// `ResourceNotFoundException`.
pub fn pool<'a>(app: &'a App, id: &str) -> Result<&'a Resource, ServiceError> {
    app.by_physical(POOL, id).ok_or_else(|| missing_pool(id))
}

/// The pool that `UserPoolId` names.
///
/// # Errors
/// `InvalidParameterException`, `ResourceNotFoundException`.
pub fn named<'a>(app: &'a App, p: &Parameters) -> Result<&'a Resource, ServiceError> {
    pool(app, text(p, "UserPoolId")?)
}

/// The resources of this type that belong to a pool.
pub fn declared<'a>(app: &'a App, kind: &'a str, pool: &'a str) -> impl Iterator<Item = &'a Resource> {
    app.of_kind(kind).filter(move |r| r.properties.get("UserPoolId").and_then(Node::str) == Some(pool))
}

fn name(pool: &Resource) -> Value {
    let name = pool.properties.get("UserPoolName").or_else(|| pool.properties.get("PoolName")).and_then(Node::scalar);
    json!(name.unwrap_or_else(|| pool.id.logical.to_string()))
}

/// ListUserPools.
pub fn list(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    let most = match p.get("MaxResults").and_then(Value::as_u64) {
        Some(most @ 1..=60) => usize::try_from(most).unwrap_or(60),
        Some(most) => {
            return Err(invalid(format!(
                "1 validation error detected: Value '{most}' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 60"
            )));
        }
        None => return Err(super::missing("MaxResults")),
    };
    let shown = |pool: &Resource| json!({ "Id": pool.physical_id, "Name": name(pool), "LambdaConfig": {} });
    Ok(json!({ "UserPools": app.of_kind(POOL).take(most).map(shown).collect::<Vec<_>>() }))
}

/// DescribeUserPool.
pub fn describe(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = named(app, p)?;
    let mut shown = Map::new();
    for key in [
        "Policies",
        "DeletionProtection",
        "AutoVerifiedAttributes",
        "AliasAttributes",
        "UsernameAttributes",
        "MfaConfiguration",
        "AdminCreateUserConfig",
        "UserPoolAddOns",
        "UsernameConfiguration",
        "AccountRecoverySetting",
        "UserPoolTags",
        "UserPoolTier",
    ] {
        if let Some(value) = pool.properties.get(key) {
            shown.insert(key.into(), value.json());
        }
    }
    shown.insert("Id".into(), json!(pool.physical_id));
    shown.insert("Name".into(), name(pool));
    shown.insert("Arn".into(), json!(pool.arn));
    shown.insert("EstimatedNumberOfUsers".into(), json!(super::users::all(world, &pool.physical_id)?.len()));
    shown.entry("MfaConfiguration").or_insert(json!("OFF"));
    if let Some(domain) = domains(app, world)?.into_iter().find(|(_, of)| *of == pool.physical_id) {
        shown.insert("Domain".into(), json!(domain.0));
    }
    Ok(json!({ "UserPool": shown }))
}

/// Every domain prefix with the id of its pool.
pub fn domains(app: &App, world: &dyn World) -> Result<Vec<(String, String)>, ServiceError> {
    let text = |r: &Resource, key: &str| r.properties.get(key).and_then(Node::scalar);
    let mut found: Vec<_> = app.of_kind(DOMAIN).filter_map(|r| Some((text(r, "Domain")?, text(r, "UserPoolId")?))).collect();
    for (domain, row) in world.store("cognito-idp").scan("domains", "")? {
        found.push((domain, String::from_utf8_lossy(&row).into_owned()));
    }
    Ok(found)
}

/// CreateUserPoolDomain.
pub fn create_domain(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, domain) = (named(app, p)?, text(p, "Domain")?);
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = [domain.as_bytes().first(), domain.as_bytes().last()];
    if domain.len() > 63 || !domain.bytes().all(|b| allowed(b) || b == b'-') || !edges.iter().all(|b| b.is_some_and(|b| allowed(*b))) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{domain}' at 'domain' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: ^[a-z0-9](?:[a-z0-9\\-]{{0,61}}[a-z0-9])?$"
        )));
    }
    if ["aws", "amazon", "cognito"].iter().any(|reserved| domain.contains(reserved)) {
        return Err(invalid(
            "Domain cannot contain reserved word: ".to_owned() + if domain.contains("cognito") { "cognito" } else { "aws" },
        ));
    }
    let domains = domains(app, world)?;
    if domains.iter().any(|(known, _)| known == domain) {
        return Err(invalid("Domain already associated with another user pool."));
    }
    if domains.iter().any(|(_, of)| *of == pool.physical_id) {
        return Err(invalid(format!("User pool {} already has a domain configured.", pool.physical_id)));
    }
    world.store("cognito-idp").put("domains", domain, pool.physical_id.as_bytes())?;
    Ok(json!({}))
}

/// DescribeUserPoolDomain: an empty description for a domain that nobody has.
pub fn describe_domain(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let domain = text(p, "Domain")?;
    Ok(match domains(app, world)?.into_iter().find(|(known, _)| known == domain) {
        Some((domain, pool)) => {
            json!({ "DomainDescription": { "UserPoolId": pool, "AWSAccountId": app.account, "Domain": domain, "Status": "ACTIVE", "CustomDomainConfig": {} } })
        }
        None => json!({ "DomainDescription": {} }),
    })
}

/// The resource servers of a pool, as the API shows them.
pub fn servers(app: &App, world: &dyn World, pool: &str) -> Result<Vec<Value>, ServiceError> {
    let shown = |r: &Resource| {
        json!({
            "UserPoolId": pool,
            "Identifier": r.properties.get("Identifier").and_then(Node::scalar),
            "Name": r.properties.get("Name").and_then(Node::scalar),
            "Scopes": r.properties.get("Scopes").map_or(json!([]), Node::json),
        })
    };
    let mut found: Vec<Value> = declared(app, SERVER, pool).map(shown).collect();
    for (_, row) in world.store("cognito-idp").scan("servers", &format!("{pool}/"))? {
        found.extend(serde_json::from_slice::<Value>(&row));
    }
    Ok(found)
}

/// Every scope that the resource servers of a pool define: `Identifier/ScopeName`.
pub fn custom_scopes(app: &App, world: &dyn World, pool: &str) -> Result<Vec<String>, ServiceError> {
    let of = |server: &Value| -> Vec<String> {
        let identifier = server["Identifier"].as_str().unwrap_or_default();
        let scopes = server["Scopes"].as_array().into_iter().flatten();
        scopes.filter_map(|scope| Some(format!("{identifier}/{}", scope["ScopeName"].as_str()?))).collect()
    };
    Ok(servers(app, world, pool)?.iter().flat_map(of).collect())
}

/// CreateResourceServer.
pub fn create_server(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = named(app, p)?;
    let (identifier, name) = (text(p, "Identifier")?, text(p, "Name")?);
    let scopes = p.get("Scopes").cloned().unwrap_or_else(|| json!([]));
    for scope in scopes.as_array().into_iter().flatten() {
        for member in ["ScopeName", "ScopeDescription"] {
            if scope[member].as_str().is_none_or(str::is_empty) {
                return Err(super::missing(&format!("scopes.1.member.{}", crate::wire::trail_name(member))));
            }
        }
        if scope["ScopeName"].as_str().is_some_and(|name| name.contains('/')) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{}' at 'scopes.1.member.scopeName' failed to satisfy constraint: Member must satisfy \
                 regular expression pattern: [\\x21\\x23-\\x2E\\x30-\\x5B\\x5D-\\x7E]+",
                scope["ScopeName"].as_str().unwrap_or_default()
            )));
        }
    }
    if servers(app, world, &pool.physical_id)?.iter().any(|server| server["Identifier"] == identifier) {
        return Err(invalid(format!("{identifier} already exists in user pool {}.", pool.physical_id)));
    }
    let server = json!({ "UserPoolId": pool.physical_id, "Identifier": identifier, "Name": name, "Scopes": scopes });
    let row = server.to_string();
    world.store("cognito-idp").put("servers", &format!("{}/{identifier}", pool.physical_id), row.as_bytes())?;
    Ok(json!({ "ResourceServer": server }))
}

/// DescribeResourceServer.
pub fn describe_server(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let (pool, identifier) = (named(app, p)?, text(p, "Identifier")?);
    let found = servers(app, world, &pool.physical_id)?.into_iter().find(|server| server["Identifier"] == identifier);
    match found {
        Some(server) => Ok(json!({ "ResourceServer": server })),
        None => Err(ServiceError::new(400, "ResourceNotFoundException", format!("Resource server {identifier} does not exist."))),
    }
}

/// ListResourceServers.
pub fn list_servers(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = named(app, p)?;
    Ok(json!({ "ResourceServers": lists(p, servers(app, world, &pool.physical_id)?)? }))
}
