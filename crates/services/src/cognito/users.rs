//! Users of a pool: what is kept of them, how they are found, and what the pool asks of names, passwords and attributes (Amazon
//! Cognito Developer Guide, "Working with user attributes" and "Passwords, account recovery, and password policies").
//!
//! A password is kept as a salted PBKDF2 hash (RFC 8018) and never leaves this module.

use super::clients::Client;
use super::invalid;
use crate::ServiceError;
use crate::draw;
use hmac::{Hmac, Mac};
use model::{Node, Resource, World};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const TABLE: &str = "users";
/// Rounds of PBKDF2.
const ROUNDS: u32 = 10_000;

/// The standard attributes (OpenID Connect Core 1.0, section 5.1, as Cognito has them).
const STANDARD: [&str; 17] = [
    "address",
    "birthdate",
    "email",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];
/// What Cognito itself writes, and administrators.
const VERIFIED: [&str; 2] = ["email_verified", "phone_number_verified"];

/// A user.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    pub status: Status,
    pub created: i64,
    pub modified: i64,
    salt: String,
    hash: String,
}

/// `UserStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    Unconfirmed,
    Confirmed,
    ForceChangePassword,
}

impl User {
    /// A user who is not saved yet.
    pub fn new(world: &dyn World, name: &str, attributes: BTreeMap<String, String>, status: Status) -> Self {
        let now = world.now().seconds();
        let mut user =
            Self { name: name.to_owned(), attributes, status, created: now, modified: now, salt: String::new(), hash: String::new() };
        user.attributes.insert("sub".into(), draw::uuid(world));
        user
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Sets the password.
    pub fn set_password(&mut self, world: &dyn World, password: &str) {
        self.salt = draw::text(world, draw::BASE36, 20);
        self.hash = stretched(password, &self.salt);
    }

    /// Whether this is the password; hashes are compared, so that the time tells nothing.
    pub fn is_password(&self, password: &str) -> bool {
        !self.hash.is_empty() && Sha256::digest(stretched(password, &self.salt)) == Sha256::digest(&self.hash)
    }

    /// Keeps the user.
    ///
    /// # Errors
    /// The store failed.
    pub fn save(&mut self, world: &dyn World, pool: &str) -> Result<(), ServiceError> {
        self.modified = world.now().seconds();
        let row = serde_json::to_vec(self).unwrap_or_default();
        Ok(world.store("cognito-idp").put(TABLE, &key(pool, &self.name), &row)?)
    }

    /// As GetUser and AdminGetUser show the attributes that may be read.
    pub fn shown(&self, may: impl Fn(&str) -> bool) -> Vec<Value> {
        self.attributes.iter().filter(|(name, _)| may(name)).map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
    }

    /// `UserStatus`.
    pub fn status(&self) -> &'static str {
        match self.status {
            Status::Unconfirmed => "UNCONFIRMED",
            Status::Confirmed => "CONFIRMED",
            Status::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
        }
    }
}

fn key(pool: &str, name: &str) -> String {
    format!("{pool}/{name}")
}

/// One block of PBKDF2 with HMAC-SHA-256, in hexadecimal digits.
fn stretched(password: &str, salt: &str) -> String {
    let mac = |bytes: &[u8]| {
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(password.as_bytes()).ok()?;
        mac.update(bytes);
        Some(mac.finalize().into_bytes())
    };
    let mut block = mac(&[salt.as_bytes(), &[0, 0, 0, 1]].concat()).unwrap_or_default();
    let mut sum = block;
    for _ in 1..ROUNDS {
        block = mac(&block).unwrap_or_default();
        sum.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every user of a pool, by name.
///
/// # Errors
/// The store failed.
pub fn all(world: &dyn World, pool: &str) -> Result<Vec<User>, ServiceError> {
    let rows = world.store("cognito-idp").scan(TABLE, &key(pool, ""))?;
    Ok(rows.into_iter().filter_map(|(_, row)| serde_json::from_slice(&row).ok()).collect())
}

/// The user whom somebody names: by username, by `sub`, or by an attribute that the pool takes for a name.
///
/// # Errors
/// `UserNotFoundException`.
pub fn find(world: &dyn World, pool: &Resource, name: &str) -> Result<User, ServiceError> {
    let of = |user: &User| {
        let by = |attribute: &str| user.attribute(attribute).is_some_and(|value| same(pool, value, name));
        let alias = |attribute: &str| by(attribute) && (attribute == "preferred_username" || by_verified(user, attribute));
        same(pool, &user.name, name)
            || by("sub")
            || texts(pool, "UsernameAttributes").iter().any(|attribute| by(attribute))
            || texts(pool, "AliasAttributes").iter().any(|attribute| alias(attribute))
    };
    let found = all(world, &pool.physical_id)?.into_iter().find(of);
    found.ok_or_else(|| ServiceError::new(400, "UserNotFoundException", "User does not exist."))
}

/// An alias is one once it is verified.
fn by_verified(user: &User, attribute: &str) -> bool {
    user.attribute(&format!("{attribute}_verified")) == Some("true")
}

/// Whether two names are one in this pool: pools that templates make look at the case unless they say otherwise (AWS CloudFormation
/// User Guide, "AWS::Cognito::UserPool UsernameConfiguration").
fn same(pool: &Resource, one: &str, other: &str) -> bool {
    match pool.properties.at(&["UsernameConfiguration", "CaseSensitive"]).and_then(Node::bool) {
        Some(false) => one.to_lowercase() == other.to_lowercase(),
        _ => one == other,
    }
}

/// Removes a user.
///
/// # Errors
/// The store failed.
pub fn remove(world: &dyn World, pool: &str, name: &str) -> Result<(), ServiceError> {
    Ok(world.store("cognito-idp").delete(TABLE, &key(pool, name))?)
}

/// A property of the pool that is a list of texts.
pub fn texts(pool: &Resource, property: &str) -> Vec<String> {
    pool.properties.get(property).map(Node::items).unwrap_or_default().iter().filter_map(Node::scalar).collect()
}

/// The name under which a new user is kept; with `UsernameAttributes` Cognito draws one, and what was given is an attribute.
///
/// # Errors
/// A name that the pool does not take.
pub fn name_of(world: &dyn World, pool: &Resource, given: &str, attributes: &mut BTreeMap<String, String>) -> Result<String, ServiceError> {
    let named = texts(pool, "UsernameAttributes");
    if named.is_empty() {
        if texts(pool, "AliasAttributes").iter().any(|alias| alias == "email") && is_email(given) {
            return Err(invalid("Username cannot be of email format, since user pool is configured for email alias."));
        }
        return Ok(given.to_owned());
    }
    let is_phone = given.starts_with('+') && given.len() > 4 && given.bytes().skip(1).all(|b| b.is_ascii_digit());
    let attribute = match (named.iter().any(|n| n == "email") && is_email(given), named.iter().any(|n| n == "phone_number") && is_phone) {
        (true, _) => "email",
        (_, true) => "phone_number",
        _ => {
            return Err(invalid(match named.as_slice() {
                [one] if one == "email" => "Username should be an email.",
                [_] => "Username should be a phone number.",
                _ => "Username should be either an email or a phone number.",
            }));
        }
    };
    attributes.entry(attribute.into()).or_insert_with(|| given.to_owned());
    Ok(draw::uuid(world))
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace))
}

/// The attributes of a request: `[{"Name": ..., "Value": ...}]`.
pub fn attributes(p: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |one: &Value, key: &str| one.get(key).and_then(Value::as_str).map(str::to_owned);
    let given = p.get("UserAttributes").and_then(Value::as_array).into_iter().flatten();
    given.filter_map(|one| Some((text(one, "Name")?, text(one, "Value").unwrap_or_default()))).collect()
}

/// An attribute that the pool's schema defines by itself.
fn declared<'a>(pool: &'a Resource, name: &str) -> Option<&'a Node> {
    let bare = name.strip_prefix("custom:").unwrap_or(name);
    let schema = pool.properties.get("Schema").map(Node::items).unwrap_or_default();
    schema.iter().find(|own| own.get("Name").and_then(Node::scalar).as_deref() == Some(bare))
}

fn exists(pool: &Resource, name: &str) -> bool {
    match name.starts_with("custom:") {
        true => declared(pool, name).is_some(),
        false => STANDARD.contains(&name),
    }
}

/// Whether a client may write an attribute of its users. A client that names none may write all of them: the console says so
/// ("All attributes are readable and writable by default because none are selected"), and an empty list is none.
pub fn may_write(pool: &Resource, client: &Client, name: &str) -> bool {
    let named = client.texts("WriteAttributes");
    exists(pool, name) && (named.is_empty() || named.contains(&name))
}

/// Whether a client may read one.
pub fn may_read(client: &Client, name: &str) -> bool {
    let named = client.texts("ReadAttributes");
    name == "sub" || named.is_empty() || named.contains(&name)
}

/// What a user may not write by a client.
///
/// # Errors
/// `NotAuthorizedException`.
pub fn check_writes<'n>(pool: &Resource, client: &Client, mut names: impl Iterator<Item = &'n String>) -> Result<(), ServiceError> {
    match names.any(|name| !may_write(pool, client, name)) {
        true => Err(ServiceError::new(400, "NotAuthorizedException", "A client attempted to write unauthorized attribute")),
        false => Ok(()),
    }
}

/// What a change of attributes breaks of the schema; administrators may write what clients may not.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check_change(pool: &Resource, names: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    check_new(pool, names)?;
    for name in names.keys() {
        // Custom attributes are immutable unless they say otherwise; standard ones the other way round.
        let mutable = declared(pool, name).and_then(|own| own.get("Mutable")).and_then(Node::bool);
        if mutable == Some(false) || (mutable.is_none() && name.starts_with("custom:")) {
            return Err(invalid(format!("user.{name}: Attribute cannot be updated.\n")));
        }
    }
    Ok(())
}

/// Attributes that the pool does not have.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check_new(pool: &Resource, names: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    match names.keys().find(|name| !exists(pool, name) && !VERIFIED.contains(&name.as_str())) {
        Some(name) => Err(invalid(format!("Attributes did not conform to the schema: {name}: Attribute does not exist in the schema.\n"))),
        None => Ok(()),
    }
}

/// What a new user lacks.
///
/// # Errors
/// `InvalidParameterException`.
pub fn check_required(pool: &Resource, given: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    let schema = pool.properties.get("Schema").map(Node::items).unwrap_or_default();
    let required = schema.iter().filter(|own| own.get("Required").and_then(Node::bool) == Some(true));
    for name in required.filter_map(|own| own.get("Name").and_then(Node::scalar)) {
        if !given.contains_key(&name) && exists(pool, &name) {
            return Err(invalid(format!("Attributes did not conform to the schema: {name}: The attribute is required\n")));
        }
    }
    Ok(())
}

/// What the pool asks of a password; `policy` is how the operation names it.
///
/// # Errors
/// `InvalidPasswordException`.
pub fn check_password(pool: &Resource, password: &str, policy: &str) -> Result<(), ServiceError> {
    let of = |key: &str| pool.properties.at(&["Policies", "PasswordPolicy", key]);
    // A policy that is written asks for what it names; where none is, for everything (CreateUserPool, "PasswordPolicy").
    let written = pool.properties.at(&["Policies", "PasswordPolicy"]).is_some();
    let asks = |key: &str| of(key).map_or(!written, |node| node.bool() != Some(false));
    let least = of("MinimumLength").and_then(Node::scalar).and_then(|text| text.parse().ok()).unwrap_or(8);
    let has = |what: fn(char) -> bool| password.chars().any(what);
    let symbol = |c: char| c.is_ascii_punctuation() || c == ' ';
    let lacks = if password.chars().count() < least {
        "Password not long enough"
    } else if asks("RequireUppercase") && !has(|c| c.is_ascii_uppercase()) {
        "Password must have uppercase characters"
    } else if asks("RequireLowercase") && !has(|c| c.is_ascii_lowercase()) {
        "Password must have lowercase characters"
    } else if asks("RequireNumbers") && !has(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if asks("RequireSymbols") && !has(symbol) {
        "Password must have symbol characters"
    } else {
        return Ok(());
    };
    Err(ServiceError::new(400, "InvalidPasswordException", format!("Password did not conform with {policy}: {lacks}")))
}
