//! App clients: those of the App and those that control operations made. A client's secret is drawn once and
//! kept in the service's store; it never stands in the App, whose changes are journalled.

use super::pools::{self, custom_scopes, declared, named};
use super::{invalid, lists, text};
use crate::ServiceError;
use crate::draw;
use model::{App, Change, Node, Resource, World};
use serde_json::{Map, Value, json};

type Parameters = Map<String, Value>;

const CLIENT: &str = "AWS::Cognito::UserPoolClient";
const TABLE: &str = "clients";

/// Scopes every pool has.
const STANDARD_SCOPES: [&str; 5] = ["phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"];

/// Members that a request, a template and an answer share.
const SETTINGS: [&str; 20] = [
    "ClientName",
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "ReadAttributes",
    "WriteAttributes",
    "ExplicitAuthFlows",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "DefaultRedirectURI",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
    "AllowedOAuthFlowsUserPoolClient",
    "AnalyticsConfiguration",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "AuthSessionValidity",
    "RefreshTokenRotation",
];

/// A client as DescribeUserPoolClient shows it: the members of UserPoolClientType.
#[derive(Clone, Debug, PartialEq)]
pub struct Client(pub Map<String, Value>);

impl Client {
    /// A member that is text.
    pub fn text(&self, member: &str) -> &str {
        self.0.get(member).and_then(Value::as_str).unwrap_or_default()
    }

    /// A member that is a list of texts.
    pub fn texts(&self, member: &str) -> Vec<&str> {
        self.0.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Whether OAuth is on for it and this flow allowed.
    pub fn oauth(&self) -> bool {
        self.0.get("AllowedOAuthFlowsUserPoolClient").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Seconds an access token holds.
    pub fn access_token_seconds(&self) -> i64 {
        let units = self.0.get("TokenValidityUnits").and_then(|units| units.get("AccessToken")).and_then(Value::as_str);
        let unit = match units {
            Some("seconds") => 1,
            Some("minutes") => 60,
            Some("days") => 86_400,
            _ => 3600,
        };
        let validity = self.0.get("AccessTokenValidity").and_then(number).filter(|v| *v > 0);
        validity.map_or(3600, |validity| validity.saturating_mul(unit)).min(86_400)
    }

    fn of_settings(pool: &str, id: &str, settings: &Map<String, Value>) -> Self {
        let mut client = Map::new();
        client.insert("UserPoolId".into(), json!(pool));
        client.insert("ClientId".into(), json!(id));
        for name in SETTINGS {
            if let Some(value) = settings.get(name).filter(|value| !value.is_null()) {
                client.insert(name.into(), value.clone());
            }
        }
        for (name, value) in [
            ("RefreshTokenValidity", json!(30)),
            ("TokenValidityUnits", json!({})),
            ("AllowedOAuthFlowsUserPoolClient", json!(false)),
            ("EnableTokenRevocation", json!(true)),
            ("EnablePropagateAdditionalUserContextData", json!(false)),
            ("AuthSessionValidity", json!(3)),
        ] {
            client.entry(name).or_insert(value);
        }
        // CloudFormation hands booleans on as text too.
        if let Some(on) = client.get_mut("AllowedOAuthFlowsUserPoolClient") {
            *on = json!(on == &json!(true) || on.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true")));
        }
        Self(client)
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Every client of a pool.
///
/// # Errors
/// The store failed.
pub fn all(app: &App, world: &dyn World, pool: &str) -> Result<Vec<Client>, ServiceError> {
    let mut clients = Vec::new();
    for resource in declared(app, CLIENT, pool) {
        clients.push(of_resource(resource, world, pool)?);
    }
    for (_, row) in world.store("cognito-idp").scan(TABLE, &format!("{pool}/"))? {
        if let Ok(Value::Object(client)) = serde_json::from_slice(&row) {
            clients.push(Client(client));
        }
    }
    Ok(clients)
}

/// The client with this id in a pool.
///
/// # Errors
/// The store failed.
pub fn find(app: &App, world: &dyn World, pool: &str, id: &str) -> Result<Option<Client>, ServiceError> {
    Ok(all(app, world, pool)?.into_iter().find(|client| client.text("ClientId") == id))
}

fn of_resource(resource: &Resource, world: &dyn World, pool: &str) -> Result<Client, ServiceError> {
    let settings = match resource.properties.json() {
        Value::Object(settings) => settings,
        _ => Map::new(),
    };
    let mut client = Client::of_settings(pool, &resource.physical_id, &settings);
    client.0.entry("ClientName").or_insert(json!(&*resource.id.logical));
    if resource.properties.get("GenerateSecret").and_then(Node::bool) == Some(true) {
        let (store, key) = (world.store("cognito-idp"), format!("{pool}/{}", resource.physical_id));
        let secret = match store.get("secrets", &key)? {
            Some(row) => String::from_utf8_lossy(&row).into_owned(),
            None => {
                let secret = draw::text(world, draw::BASE36, 52);
                store.put("secrets", &key, secret.as_bytes())?;
                secret
            }
        };
        client.0.insert("ClientSecret".into(), json!(secret));
    }
    Ok(client)
}

/// What AWS refuses in a client's settings.
fn check(app: &App, world: &dyn World, pool: &str, client: &Client) -> Result<(), ServiceError> {
    let name = client.text("ClientName");
    if name.is_empty()
        || name.chars().count() > 128
        || !name.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_+=,.@-".contains(c))
    {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'clientName' failed to satisfy constraint: Member must satisfy regular expression \
             pattern: [\\w\\s+=,.@-]+"
        )));
    }
    let flows = client.texts("AllowedOAuthFlows");
    if flows.iter().any(|flow| !["implicit", "client_credentials", "code"].contains(flow)) {
        return Err(invalid(format!(
            "1 validation error detected: Value '[{}]' at 'allowedOAuthFlows' failed to satisfy constraint: Member must satisfy constraint: \
             [Member must satisfy enum value set: [implicit, client_credentials, code]]",
            flows.join(", ")
        )));
    }
    let flow_error = |says: &str| Err(ServiceError::new(400, "InvalidOAuthFlowException", says));
    if flows.contains(&"client_credentials") {
        if flows.len() > 1 {
            return flow_error("client_credentials flow can not be selected along with code flow or implicit flow.");
        }
        if !client.0.contains_key("ClientSecret") {
            return flow_error("client_credentials flow can not be selected if client does not have a client secret.");
        }
    }
    let scopes = client.texts("AllowedOAuthScopes");
    if client.oauth() && (flows.is_empty() || scopes.is_empty()) {
        return Err(invalid("AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."));
    }
    let custom = custom_scopes(app, world, pool)?;
    match scopes.iter().find(|scope| !STANDARD_SCOPES.contains(scope) && !custom.iter().any(|known| known == *scope)) {
        Some(scope) => Err(ServiceError::new(400, "ScopeDoesNotExistException", format!("Invalid scope requested: {scope}"))),
        None => Ok(()),
    }
}

/// CreateUserPoolClient.
pub fn create(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = named(app, p)?.physical_id.clone();
    text(p, "ClientName")?;
    let id = draw::text(world, draw::BASE36, 26);
    let mut client = Client::of_settings(&pool, &id, p);
    if p.get("GenerateSecret").and_then(Value::as_bool) == Some(true) {
        client.0.insert("ClientSecret".into(), json!(draw::text(world, draw::BASE36, 52)));
    }
    check(app, world, &pool, &client)?;
    let now = world.now().seconds();
    client.0.insert("CreationDate".into(), json!(now));
    client.0.insert("LastModifiedDate".into(), json!(now));
    save(world, &pool, &client)?;
    Ok(json!({ "UserPoolClient": client.0 }))
}

fn save(world: &dyn World, pool: &str, client: &Client) -> Result<(), ServiceError> {
    let row = Value::Object(client.0.clone()).to_string();
    Ok(world.store("cognito-idp").put(TABLE, &format!("{pool}/{}", client.text("ClientId")), row.as_bytes())?)
}

fn existing(app: &App, p: &Parameters, world: &dyn World) -> Result<(String, Client), ServiceError> {
    let pool = named(app, p)?.physical_id.clone();
    let id = text(p, "ClientId")?;
    let missing = || ServiceError::new(400, "ResourceNotFoundException", format!("User pool client {id} does not exist."));
    let client = find(app, world, &pool, id)?.ok_or_else(missing)?;
    Ok((pool, client))
}

/// DescribeUserPoolClient.
pub fn describe(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    Ok(json!({ "UserPoolClient": existing(app, p, world)?.1.0 }))
}

/// ListUserPoolClients.
pub fn list(app: &App, p: &Parameters, world: &dyn World) -> Result<Value, ServiceError> {
    let pool = &pools::named(app, p)?.physical_id;
    let shown =
        |client: Client| json!({ "ClientId": client.text("ClientId"), "UserPoolId": pool, "ClientName": client.text("ClientName") });
    Ok(json!({ "UserPoolClients": lists(p, all(app, world, pool)?.into_iter().map(shown).collect())? }))
}

/// UpdateUserPoolClient: what the request leaves out takes its default again, as in AWS.
pub fn update(app: &App, p: &Parameters, world: &dyn World, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let (pool, old) = existing(app, p, world)?;
    let mut settings = p.clone();
    settings.entry("ClientName").or_insert_with(|| json!(old.text("ClientName")));
    let mut client = Client::of_settings(&pool, old.text("ClientId"), &settings);
    for kept in ["ClientSecret", "CreationDate"] {
        if let Some(value) = old.0.get(kept) {
            client.0.insert(kept.into(), value.clone());
        }
    }
    check(app, world, &pool, &client)?;
    client.0.insert("LastModifiedDate".into(), json!(world.now().seconds()));
    match app.by_physical(CLIENT, client.text("ClientId")) {
        None => save(world, &pool, &client)?,
        Some(resource) => {
            for name in SETTINGS {
                if let Some(value) = client.0.get(name) {
                    let value = Node::from_json(value, &resource.place);
                    changes.push(Change::Set { resource: resource.id.clone(), path: vec![name.into()], value });
                }
            }
        }
    }
    Ok(json!({ "UserPoolClient": client.0 }))
}

/// DeleteUserPoolClient.
pub fn delete(app: &App, p: &Parameters, world: &dyn World, changes: &mut Vec<Change>) -> Result<Value, ServiceError> {
    let (pool, client) = existing(app, p, world)?;
    let (id, store) = (client.text("ClientId"), world.store("cognito-idp"));
    let key = format!("{pool}/{id}");
    store.delete(TABLE, &key)?;
    store.delete("secrets", &key)?;
    changes.extend(app.by_physical(CLIENT, id).map(|resource| Change::Remove(resource.id.clone())));
    Ok(json!({}))
}
