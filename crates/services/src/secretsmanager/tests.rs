//! The service as its clients see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::testing::{self, Memory};

const ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-aBcDeF";

fn app(properties: Value) -> App {
    testing::app([testing::resource("Secret", "AWS::SecretsManager::Secret", ARN, Some(ARN), properties)])
}

fn generated() -> App {
    app(json!({ "Name": "app/db", "GenerateSecretString": {
        "SecretStringTemplate": "{\"username\":\"admin\"}", "GenerateStringKey": "password", "PasswordLength": 20, "ExcludeCharacters": "\"@/\\",
    } }))
}

fn call(app: &App, world: &Memory, operation: &str, parameters: &Value) -> Result<(Asked, Value, Done), ServiceError> {
    let request = testing::json_request(&format!("secretsmanager.{operation}"), parameters);
    testing::call(&SecretsManager, app, world, &request).map(|(asked, done)| (asked, testing::body(&done), done))
}

#[test]
fn a_declared_secret_is_generated_once() {
    let (app, world) = (generated(), Memory::default());
    for id in ["app/db", ARN, &ARN[..ARN.len() - 7]] {
        let (asked, body, done) = call(&app, &world, "GetSecretValue", &json!({ "SecretId": id })).unwrap();
        assert_eq!((asked.needs[0].action.as_str(), asked.needs[0].resource.as_str()), ("secretsmanager:GetSecretValue", ARN), "{id}");
        assert_eq!(asked.needs[0].context["secretsmanager:VersionStage"], [CURRENT]);
        let value: Value = serde_json::from_str(body["SecretString"].as_str().unwrap()).unwrap();
        let password = value["password"].as_str().unwrap();
        assert_eq!((value["username"].as_str(), password.len()), (Some("admin"), 20));
        assert!(!password.contains(['"', '@', '/', '\\']));
        assert_eq!(resolve(&world, &app, "{{resolve:secretsmanager:app/db:SecretString:password}}").unwrap(), password);
        assert_eq!(done.response_elements, Value::Null);
    }
}

#[test]
fn a_changed_template_makes_a_new_version() {
    let world = Memory::default();
    let first = app(json!({ "SecretString": "one" }));
    assert_eq!(call(&first, &world, "GetSecretValue", &json!({ "SecretId": "app/db" })).unwrap().1["SecretString"], "one");
    let second = app(json!({ "SecretString": "two" }));
    assert_eq!(call(&second, &world, "GetSecretValue", &json!({ "SecretId": "app/db" })).unwrap().1["SecretString"], "two");
    let previous = call(&second, &world, "GetSecretValue", &json!({ "SecretId": "app/db", "VersionStage": "AWSPREVIOUS" })).unwrap().1;
    assert_eq!(previous["SecretString"], "one");
    // A value put since stays as long as the template stays.
    call(&second, &world, "PutSecretValue", &json!({ "SecretId": "app/db", "SecretString": "three" })).unwrap();
    assert_eq!(call(&second, &world, "GetSecretValue", &json!({ "SecretId": "app/db" })).unwrap().1["SecretString"], "three");
}

#[test]
fn dynamic_references() {
    let (app, world) = (app(json!({ "SecretString": "{\"user\":\"u\",\"port\":3306}" })), Memory::default());
    let resolved = |text: &str| resolve(&world, &app, text);
    assert_eq!(resolved("plain").unwrap(), "plain");
    assert_eq!(
        resolved("a-{{resolve:secretsmanager:app/db:SecretString:user}}-{{resolve:secretsmanager:app/db:SecretString:port::}}").unwrap(),
        "a-u-3306"
    );
    assert_eq!(resolved(&format!("{{{{resolve:secretsmanager:{ARN}:SecretString:user:AWSCURRENT}}}}")).unwrap(), "u");
    assert_eq!(resolved("{{resolve:secretsmanager:app/db}}").unwrap(), "{\"user\":\"u\",\"port\":3306}");
    for (text, says) in [
        ("{{resolve:ssm:x}}", "not of Secrets Manager"),
        ("{{resolve:secretsmanager:nothing}}", "there is no secret nothing"),
        ("{{resolve:secretsmanager:app/db:SecretString:none}}", "has no key none"),
        ("{{resolve:secretsmanager:app/db", "no end"),
    ] {
        assert!(resolved(text).unwrap_err().contains(says), "{text}");
    }
}

#[test]
fn versions_and_labels_move_as_a_rotation_moves_them() {
    let (app, world) = (testing::app([]), Memory::default());
    let (asked, made, done) =
        call(&app, &world, "CreateSecret", &json!({ "Name": "rotated", "SecretString": "v1", "Description": "d" })).unwrap();
    assert!(!asked.logged_parameters.to_string().contains("v1") && !done.response_elements.to_string().contains("v1"));
    let arn = made["ARN"].as_str().unwrap();
    assert_eq!(asked.needs[0].resource, arn, "authorised on the ARN it then gets");
    for id in [arn, &arn[..arn.len() - 7]] {
        assert_eq!(call(&app, &world, "DescribeSecret", &json!({ "SecretId": id })).unwrap().1["Name"], "rotated", "{id}");
    }
    let token = "11111111-2222-3333-4444-555555555555";
    let pending = json!({ "SecretId": "rotated", "ClientRequestToken": token, "SecretString": "v2", "VersionStages": ["AWSPENDING"] });
    call(&app, &world, "PutSecretValue", &pending).unwrap();
    assert_eq!(call(&app, &world, "GetSecretValue", &json!({ "SecretId": "rotated" })).unwrap().1["SecretString"], "v1");
    let move_to = |from: Option<&str>| {
        let mut parameters = json!({ "SecretId": "rotated", "VersionStage": "AWSCURRENT", "MoveToVersionId": token });
        if let Some(from) = from {
            parameters["RemoveFromVersionId"] = json!(from);
        }
        call(&app, &world, "UpdateSecretVersionStage", &parameters)
    };
    assert!(move_to(None).unwrap_err().message.starts_with("The parameter RemoveFromVersionId can't be empty."));
    move_to(made["VersionId"].as_str()).unwrap();
    assert_eq!(call(&app, &world, "GetSecretValue", &json!({ "SecretId": "rotated" })).unwrap().1["SecretString"], "v2");
    let described = call(&app, &world, "DescribeSecret", &json!({ "SecretId": "rotated" })).unwrap().1;
    assert_eq!(described["VersionIdsToStages"][token], json!(["AWSPENDING", "AWSCURRENT"]));
    assert_eq!(described["VersionIdsToStages"][made["VersionId"].as_str().unwrap()], json!(["AWSPREVIOUS"]));
    assert!(described.get("SecretString").is_none());
}

#[test]
fn errors_are_secrets_managers() {
    let (app, world) = (generated(), Memory::default());
    let cases = [
        (
            "GetSecretValue",
            json!({ "SecretId": "nothing" }),
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        ),
        (
            "GetSecretValue",
            json!({ "SecretId": "app/db", "VersionStage": "AWSPENDING" }),
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
        ),
        (
            "CreateSecret",
            json!({ "Name": "app/db", "SecretString": "x" }),
            "ResourceExistsException",
            "The operation failed because the secret app/db already exists.",
        ),
        (
            "PutSecretValue",
            json!({ "SecretId": "app/db" }),
            "InvalidParameterException",
            "You must provide either SecretString or SecretBinary.",
        ),
        (
            "GetSecretValue",
            json!({}),
            "ValidationException",
            "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null",
        ),
        ("RotateSecret", json!({ "SecretId": "app/db" }), "UnknownOperationException", ""),
    ];
    for (operation, parameters, code, message) in cases {
        let error = call(&app, &world, operation, &parameters).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, message), "{operation}");
    }
    call(&app, &world, "DeleteSecret", &json!({ "SecretId": "app/db" })).unwrap();
    let error = call(&app, &world, "GetSecretValue", &json!({ "SecretId": "app/db" })).unwrap_err();
    assert_eq!(error.message, "You can't perform this operation on the secret because it was marked for deletion.");
    assert_eq!(call(&app, &world, "ListSecrets", &json!({})).unwrap().1["SecretList"], json!([]));
}

#[test]
fn passwords_hold_what_is_required() {
    let world = Memory::default();
    for _ in 0..50 {
        let password = password::random(&world, &json!({ "PasswordLength": 4, "ExcludeCharacters": "\"'@/\\" })).unwrap();
        let has = |test: fn(&char) -> bool| password.chars().any(|c| test(&c));
        assert!(
            has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase) && has(char::is_ascii_digit) && has(char::is_ascii_punctuation),
            "{password}"
        );
    }
    let digits = json!({ "ExcludeLowercase": true, "ExcludeUppercase": true, "ExcludePunctuation": true, "PasswordLength": 6 });
    assert!(password::random(&world, &digits).unwrap().bytes().all(|b| b.is_ascii_digit()));
    assert!(password::random(&world, &json!({ "PasswordLength": 2 })).is_err());
}
