//! The service as its clients see it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::testing::{self, Memory};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier as _;
use rsa::{BigUint, RsaPublicKey};
use sha2::Sha256;

const POOL: &str = "us-east-1_AbCdEf123";
const POOL_ARN: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEf123";

fn app() -> App {
    let of_pool = |mut properties: Value| {
        properties["UserPoolId"] = json!(POOL);
        properties
    };
    testing::app([
        testing::resource("Pool", "AWS::Cognito::UserPool", POOL, Some(POOL_ARN), json!({ "UserPoolName": "partners" })),
        testing::resource("Domain", "AWS::Cognito::UserPoolDomain", "rides", None, of_pool(json!({ "Domain": "rides" }))),
        testing::resource(
            "Scopes",
            "AWS::Cognito::UserPoolResourceServer",
            "WildRydes",
            None,
            of_pool(json!({ "Identifier": "WildRydes", "Name": "WildRydes", "Scopes": [
                { "ScopeName": "CustomizeUnicorn", "ScopeDescription": "c" }, { "ScopeName": "ManagePartners", "ScopeDescription": "m" },
            ] })),
        ),
        testing::resource(
            "Admin",
            "AWS::Cognito::UserPoolClient",
            "admin0client0id",
            None,
            of_pool(json!({
                "ClientName": "admin", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
                "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["WildRydes/ManagePartners"],
            })),
        ),
        testing::resource("Browser", "AWS::Cognito::UserPoolClient", "browser0client", None, of_pool(json!({ "ClientName": "browser" }))),
    ])
}

struct Caller {
    app: App,
    world: Memory,
}

impl Caller {
    fn new() -> Self {
        Self { app: app(), world: Memory::default() }
    }

    fn call(&self, operation: &str, parameters: &Value) -> Result<(Asked, Done), ServiceError> {
        let request = testing::json_request(&format!("AWSCognitoIdentityProviderService.{operation}"), parameters);
        testing::call(&Cognito, &self.app, &self.world, &request)
    }

    fn secret(&self) -> String {
        let (_, done) = self.call("DescribeUserPoolClient", &json!({ "UserPoolId": POOL, "ClientId": "admin0client0id" })).unwrap();
        testing::body(&done)["UserPoolClient"]["ClientSecret"].as_str().unwrap().to_owned()
    }

    fn token(&self, form: &str, basic: Option<(&str, &str)>) -> (u16, Value) {
        let mut request = testing::form_request(form);
        request.path = "/oauth2/token".into();
        request.headers = vec![
            ("Host".into(), "rides.auth.us-east-1.amazoncognito.com".into()),
            ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
        ];
        if let Some((id, secret)) = basic {
            request.headers.push(("Authorization".into(), format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))));
        }
        let (asked, done) = testing::call(&Cognito, &self.app, &self.world, &request).unwrap();
        assert!(asked.public && asked.needs.is_empty());
        assert_eq!(asked.logged_parameters, Value::Null, "a secret in the body stays out of the log");
        (done.response.status, testing::body(&done))
    }
}

/// Verifies a token against a key set, as a resource server does.
fn verified(token: &str, jwks: &Value) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    let part = |at: usize| URL_SAFE_NO_PAD.decode(parts[at]).unwrap();
    let header: Value = serde_json::from_slice(&part(0)).unwrap();
    assert_eq!(header["alg"], "RS256");
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).expect("a key with the token's kid");
    let number = |name: &str| BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap());
    let public = RsaPublicKey::new(number("n"), number("e")).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    VerifyingKey::<Sha256>::new(public).verify(signed.as_bytes(), &Signature::try_from(part(2).as_slice()).unwrap()).unwrap();
    serde_json::from_slice(&part(1)).unwrap()
}

#[test]
fn the_token_endpoint_gives_a_token_that_the_published_key_verifies() {
    let caller = Caller::new();
    let secret = caller.secret();
    let (status, answer) = caller.token("grant_type=client_credentials", Some(("admin0client0id", &secret)));
    assert_eq!((status, &answer["expires_in"], &answer["token_type"]), (200, &json!(3600), &json!("Bearer")));
    let jwks = jwks(&caller.world, &caller.app, POOL).unwrap();
    let claims = verified(answer["access_token"].as_str().unwrap(), &jwks);
    assert_eq!(claims["scope"], "WildRydes/ManagePartners");
    assert_eq!(claims["iss"], format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL}"));
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("admin0client0id"), &json!("admin0client0id")));
    assert_eq!((&claims["token_use"], &claims["version"]), (&json!("access"), &json!(2)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    // The same key the next time, and over HTTP.
    let request = HttpRequest { method: "GET".into(), path: format!("/{POOL}/.well-known/jwks.json"), ..HttpRequest::default() };
    let (_, done) = testing::call(&Cognito, &caller.app, &caller.world, &request).unwrap();
    assert_eq!(testing::body(&done), jwks);
    let token = client_token(&caller.app, &caller.world, POOL, "admin0client0id").unwrap();
    assert_eq!(verified(&token, &jwks)["scope"], "WildRydes/ManagePartners");
    // And credentials in the body.
    let form = format!("grant_type=client_credentials&client_id=admin0client0id&client_secret={secret}&scope=WildRydes%2FManagePartners");
    assert_eq!(caller.token(&form, None).0, 200);
}

#[test]
fn the_token_endpoint_refuses_in_oauths_words() {
    let caller = Caller::new();
    let secret = caller.secret();
    let admin = Some(("admin0client0id", secret.as_str()));
    let cases = [
        ("grant_type=client_credentials", Some(("admin0client0id", "wrong")), "invalid_client"),
        ("grant_type=client_credentials", Some(("nobody", secret.as_str())), "invalid_client"),
        ("grant_type=client_credentials", None, "invalid_client"),
        ("grant_type=client_credentials&client_id=admin0client0id", None, "invalid_client"),
        ("grant_type=client_credentials&client_id=other", admin, "invalid_request"),
        ("grant_type=client_credentials&scope=WildRydes/CustomizeUnicorn", admin, "invalid_scope"),
        ("grant_type=client_credentials&scope=openid", admin, "invalid_scope"),
        ("grant_type=client_credentials&client_id=browser0client", None, "invalid_grant"),
        ("grant_type=authorization_code&code=x", admin, "invalid_grant"),
        ("grant_type=password", admin, "unsupported_grant_type"),
        ("scope=x", admin, "invalid_request"),
    ];
    for (form, basic, error) in cases {
        assert_eq!(caller.token(form, basic), (400, json!({ "error": error })), "{form}");
    }
}

#[test]
fn a_client_made_at_run_time_gets_its_own_token() {
    let caller = Caller::new();
    let parameters = json!({
        "ClientName": "Company A", "UserPoolId": POOL, "GenerateSecret": true, "RefreshTokenValidity": 1, "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["WildRydes/CustomizeUnicorn"], "AllowedOAuthFlowsUserPoolClient": true,
    });
    let (asked, done) = caller.call("CreateUserPoolClient", &parameters).unwrap();
    assert_eq!((asked.needs[0].action.as_str(), asked.needs[0].resource.as_str()), ("cognito-idp:CreateUserPoolClient", POOL_ARN));
    let client = testing::body(&done)["UserPoolClient"].clone();
    let (id, secret) = (client["ClientId"].as_str().unwrap(), client["ClientSecret"].as_str().unwrap());
    assert_eq!((id.len(), secret.len()), (26, 52));
    assert!(!done.response_elements.to_string().contains(secret));
    assert_eq!(done.response_elements["userPoolClient"]["clientSecret"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert!(done.changes.is_empty(), "the App's changes are journalled; secrets are not");
    let (_, list) = caller.call("ListUserPoolClients", &json!({ "UserPoolId": POOL, "MaxResults": 10 })).unwrap();
    assert_eq!(testing::body(&list)["UserPoolClients"].as_array().unwrap().len(), 3);
    assert_eq!(caller.token("grant_type=client_credentials", Some((id, secret))).0, 200);
    caller.call("DeleteUserPoolClient", &json!({ "UserPoolId": POOL, "ClientId": id })).unwrap();
    assert_eq!(caller.token("grant_type=client_credentials", Some((id, secret))).1, json!({ "error": "invalid_client" }));
}

#[test]
fn errors_are_cognitos() {
    let caller = Caller::new();
    let cases = [
        (
            "CreateUserPoolClient",
            json!({ "UserPoolId": "us-east-1_Nowhere00", "ClientName": "x" }),
            "ResourceNotFoundException",
            "User pool us-east-1_Nowhere00 does not exist.",
        ),
        (
            "DescribeUserPoolClient",
            json!({ "UserPoolId": POOL, "ClientId": "x" }),
            "ResourceNotFoundException",
            "User pool client x does not exist.",
        ),
        (
            "CreateUserPoolClient",
            json!({ "UserPoolId": POOL, "ClientName": "x", "GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["WildRydes/Nope"] }),
            "ScopeDoesNotExistException",
            "Invalid scope requested: WildRydes/Nope",
        ),
        (
            "CreateUserPoolClient",
            json!({ "UserPoolId": POOL, "ClientName": "x", "AllowedOAuthFlows": ["client_credentials"] }),
            "InvalidOAuthFlowException",
            "client_credentials flow can not be selected if client does not have a client secret.",
        ),
        (
            "CreateUserPoolClient",
            json!({ "UserPoolId": POOL, "ClientName": "x", "GenerateSecret": true, "AllowedOAuthFlows": ["client_credentials", "code"] }),
            "InvalidOAuthFlowException",
            "client_credentials flow can not be selected along with code flow or implicit flow.",
        ),
        (
            "CreateUserPoolClient",
            json!({ "UserPoolId": POOL }),
            "InvalidParameterException",
            "1 validation error detected: Value null at 'clientName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateResourceServer",
            json!({ "UserPoolId": POOL, "Identifier": "WildRydes", "Name": "x" }),
            "InvalidParameterException",
            "WildRydes already exists in user pool us-east-1_AbCdEf123.",
        ),
        ("AssociateSoftwareToken", json!({}), "UnknownOperationException", ""),
    ];
    for (operation, parameters, code, message) in cases {
        let error = caller.call(operation, &parameters).unwrap_err();
        assert_eq!((error.code.as_str(), error.message.as_str()), (code, message), "{operation}");
    }
}

#[test]
fn servers_and_domains_can_be_added() {
    let pool = testing::resource("Pool", "AWS::Cognito::UserPool", POOL, Some(POOL_ARN), json!({}));
    let caller = Caller { app: testing::app([pool]), world: Memory::default() };
    let server =
        json!({ "UserPoolId": POOL, "Identifier": "Rides", "Name": "Rides", "Scopes": [{ "ScopeName": "Go", "ScopeDescription": "go" }] });
    caller.call("CreateResourceServer", &server).unwrap();
    caller.call("CreateUserPoolDomain", &json!({ "UserPoolId": POOL, "Domain": "rides" })).unwrap();
    let client = json!({
        "UserPoolId": POOL, "ClientName": "c", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["Rides/Go"],
    });
    let (_, done) = caller.call("CreateUserPoolClient", &client).unwrap();
    let client = testing::body(&done)["UserPoolClient"].clone();
    let (status, answer) = caller
        .token("grant_type=client_credentials", Some((client["ClientId"].as_str().unwrap(), client["ClientSecret"].as_str().unwrap())));
    assert_eq!(status, 200, "{answer}");
    let (_, described) = caller.call("DescribeUserPool", &json!({ "UserPoolId": POOL })).unwrap();
    assert_eq!(testing::body(&described)["UserPool"]["Domain"], "rides");
}
