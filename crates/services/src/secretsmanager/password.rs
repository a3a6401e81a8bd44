//! Random passwords (AWS Secrets Manager API Reference, "GetRandomPassword"; CloudFormation,
//! "AWS::SecretsManager::Secret GenerateSecretString").

use super::invalid;
use crate::ServiceError;
use crate::draw;
use model::World;
use serde_json::{Value, json};

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const MARKS: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// A password by the members of GetRandomPassword.
///
/// # Errors
/// `InvalidParameterException`, `InvalidRequestException`.
pub fn random(world: &dyn World, options: &Value) -> Result<String, ServiceError> {
    let on = |name: &str, default: bool| match &options[name] {
        Value::Bool(value) => *value,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => default,
    };
    let length = match &options["PasswordLength"] {
        Value::Null => 32,
        given => {
            let number = given.as_u64().or_else(|| given.as_str()?.parse().ok()).filter(|length| (1..=4096).contains(length));
            number.ok_or_else(|| invalid("Password length must be between 1 and 4096."))?
        }
    };
    let length = usize::try_from(length).unwrap_or(32);
    let excluded = options["ExcludeCharacters"].as_str().unwrap_or_default();
    let kinds = [
        (LOWER, !on("ExcludeLowercase", false)),
        (UPPER, !on("ExcludeUppercase", false)),
        (DIGITS, !on("ExcludeNumbers", false)),
        (MARKS, !on("ExcludePunctuation", false)),
        (" ", on("IncludeSpace", false)),
    ];
    let letters = |kind: &str| -> Vec<u8> { kind.bytes().filter(|byte| !excluded.as_bytes().contains(byte)).collect() };
    let included: Vec<Vec<u8>> = kinds.iter().filter(|(_, on)| *on).map(|(kind, _)| letters(kind)).filter(|k| !k.is_empty()).collect();
    let alphabet = included.concat();
    if alphabet.is_empty() {
        return Err(invalid("The password can't be generated: all characters are excluded."));
    }
    let each = on("RequireEachIncludedType", true);
    if each && included.len() > length {
        return Err(invalid("The password length is too short for the required character types."));
    }
    let mut password: Vec<u8> =
        if each { included.iter().map(|kind| draw::text(world, kind, 1)).collect::<String>().into_bytes() } else { Vec::new() };
    password.extend(draw::text(world, &alphabet, length - password.len()).into_bytes());
    // Fisher and Yates, so that the required characters stand anywhere.
    for at in (1..password.len()).rev() {
        password.swap(at, draw::below(world, at + 1));
    }
    Ok(String::from_utf8_lossy(&password).into_owned())
}

/// The value by a template's `GenerateSecretString`: the password alone, or put into `SecretStringTemplate` under
/// `GenerateStringKey`.
///
/// # Errors
/// `InvalidParameterException` when the two do not fit.
pub fn generated(world: &dyn World, options: &Value) -> Result<String, ServiceError> {
    let password = random(world, options)?;
    match (options["SecretStringTemplate"].as_str(), options["GenerateStringKey"].as_str()) {
        (None, None) => Ok(password),
        (Some(template), Some(key)) => match serde_json::from_str::<Value>(template) {
            Ok(Value::Object(mut members)) => {
                members.insert(key.to_owned(), json!(password));
                Ok(Value::Object(members).to_string())
            }
            _ => Err(invalid("SecretStringTemplate is not a JSON object.")),
        },
        _ => Err(invalid("GenerateStringKey and SecretStringTemplate must be given together.")),
    }
}
