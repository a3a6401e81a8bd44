//! Users as they meet the service: they sign up, sign in and manage their own accounts, as far as pool and app client let them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::testing::{self, Memory};

const POOL: &str = "us-east-1_AbCdEf123";
const PASSWORD: &str = "Correct-horse-1";

struct Pool {
    app: App,
    world: Memory,
}

impl Pool {
    /// A pool with one app client.
    fn new(pool: Value, client: Value) -> Self {
        let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{POOL}");
        let mut settings = json!({ "UserPoolId": POOL, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] });
        settings.as_object_mut().unwrap().extend(client.as_object().unwrap().clone());
        let app = testing::app([
            testing::resource("Pool", "AWS::Cognito::UserPool", POOL, Some(&arn), pool),
            testing::resource("Web", "AWS::Cognito::UserPoolClient", "web", None, settings),
        ]);
        Self { app, world: Memory::default() }
    }

    fn ask(&self, operation: &str, parameters: Value) -> Result<(Asked, Done), ServiceError> {
        let request = testing::json_request(&format!("AWSCognitoIdentityProviderService.{operation}"), &parameters);
        testing::call(&Cognito, &self.app, &self.world, &request)
    }

    fn says(&self, operation: &str, parameters: Value) -> Value {
        match self.ask(operation, parameters) {
            Ok((_, done)) => testing::body(&done),
            Err(error) => json!(format!("{}: {}", error.code, error.message)),
        }
    }

    fn sign_up(&self, name: &str, attributes: Value) -> Value {
        self.says("SignUp", json!({ "ClientId": "web", "Username": name, "Password": PASSWORD, "UserAttributes": attributes }))
    }

    /// A user whom an administrator made.
    fn made(&self, name: &str) -> Value {
        self.ask("AdminCreateUser", json!({ "UserPoolId": POOL, "Username": name, "MessageAction": "SUPPRESS" })).unwrap();
        let password = json!({ "UserPoolId": POOL, "Username": name, "Password": PASSWORD, "Permanent": true });
        self.ask("AdminSetUserPassword", password).unwrap();
        self.sign_in(name, PASSWORD)["AuthenticationResult"].clone()
    }

    fn sign_in(&self, name: &str, password: &str) -> Value {
        let parameters = json!({ "USERNAME": name, "PASSWORD": password });
        self.says("InitiateAuth", json!({ "ClientId": "web", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters }))
    }
}

fn claims(token: &Value) -> Value {
    use base64::Engine as _;
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn email() -> Value {
    json!([{ "Name": "email", "Value": "ann@example.com" }])
}

#[test]
fn an_account_needs_the_code_that_its_address_got() {
    let pool = Pool::new(json!({ "AutoVerifiedAttributes": ["email"] }), json!({}));
    let signed_up = pool.sign_up("ann", email());
    assert_eq!((&signed_up["UserConfirmed"], &signed_up["CodeDeliveryDetails"]["Destination"]), (&json!(false), &json!("a***@e***")));
    assert_eq!(pool.sign_in("ann", PASSWORD), "UserNotConfirmedException: User is not confirmed.");
    let confirm = |code: &str| pool.says("ConfirmSignUp", json!({ "ClientId": "web", "Username": "ann", "ConfirmationCode": code }));
    let mail = pool.world.mail("ann@example.com");
    let code = mail.strip_prefix("Your confirmation code is ").unwrap();
    let other = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(confirm(other), "CodeMismatchException: Invalid verification code provided, please try again.");
    assert_eq!(confirm(code), json!({}));
    assert_eq!(confirm(code), "NotAuthorizedException: User cannot be confirmed. Current status is CONFIRMED");
    let tokens = pool.sign_in("ann", PASSWORD)["AuthenticationResult"].clone();
    let id = claims(&tokens["IdToken"]);
    assert_eq!((&id["aud"], &id["email_verified"], &id["cognito:username"]), (&json!("web"), &json!(true), &json!("ann")));
    assert_eq!(
        (&id["sub"], claims(&tokens["AccessToken"])["scope"].as_str()),
        (&signed_up["UserSub"], Some("aws.cognito.signin.user.admin"))
    );
    assert_eq!(pool.sign_in("ann", "Wrong-horse-1"), "NotAuthorizedException: Incorrect username or password.");
    assert_eq!(pool.sign_up("ann", email()), "UsernameExistsException: User already exists");
    let refresh = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
    let again = pool.says("InitiateAuth", json!({ "ClientId": "web", "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": refresh }));
    assert_eq!(claims(&again["AuthenticationResult"]["IdToken"])["sub"], signed_up["UserSub"]);
}

#[test]
fn a_code_cannot_be_guessed_for_long() {
    let pool = Pool::new(json!({ "AutoVerifiedAttributes": ["email"] }), json!({}));
    pool.sign_up("ann", email());
    let mail = pool.world.mail("ann@example.com");
    let code = mail.strip_prefix("Your confirmation code is ").unwrap();
    let confirm = |code: &str| pool.says("ConfirmSignUp", json!({ "ClientId": "web", "Username": "ann", "ConfirmationCode": code }));
    for _ in 0..5 {
        confirm("no");
    }
    assert_eq!(confirm(code), "LimitExceededException: Attempt limit exceeded, please try after some time.");
    pool.ask("ResendConfirmationCode", json!({ "ClientId": "web", "Username": "ann" })).unwrap();
    let mail = pool.world.mail("ann@example.com");
    assert_eq!(confirm(mail.strip_prefix("Your confirmation code is ").unwrap()), json!({}));
}

#[test]
fn who_may_not_sign_up_does_not() {
    let closed = "NotAuthorizedException: SignUp is not permitted for this user pool";
    for (pool, name, says) in [
        (json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } }), "ann", closed),
        // What is not understood is closed.
        (json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": { "Ref": "Only" } } }), "ann", closed),
        (
            json!({ "LambdaConfig": { "PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:f" } }),
            "ann",
            "UnexpectedLambdaException: sekisho does not run the trigger PreSignUp of Pool yet, and does nothing without it",
        ),
        (json!({ "UsernameAttributes": ["email"] }), "ann", "InvalidParameterException: Username should be an email."),
        (
            json!({ "AliasAttributes": ["email"] }),
            "ann@example.com",
            "InvalidParameterException: Username cannot be of email format, since user pool is configured for email alias.",
        ),
        (
            json!({ "Schema": [{ "Name": "email", "Required": true }] }),
            "ann",
            "InvalidParameterException: Attributes did not conform to the schema: email: The attribute is required\n",
        ),
        (
            json!({ "Policies": { "PasswordPolicy": { "MinimumLength": 20 } } }),
            "ann",
            "InvalidPasswordException: Password did not conform with policy: Password not long enough",
        ),
    ] {
        assert_eq!(Pool::new(pool.clone(), json!({})).sign_up(name, json!([])), says, "{pool}");
    }
    let pool = Pool::new(json!({}), json!({ "GenerateSecret": true }));
    assert_eq!(
        pool.sign_up("ann", json!([])),
        "NotAuthorizedException: Client web is configured with secret but SECRET_HASH was not received"
    );
    let pool = Pool::new(json!({}), json!({ "ExplicitAuthFlows": [] }));
    assert_eq!(pool.sign_in("ann", PASSWORD), "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client");
    let pool = Pool::new(json!({ "MfaConfiguration": "ON" }), json!({}));
    assert!(pool.sign_in("ann", PASSWORD).as_str().unwrap().contains("MFA"));
}

#[test]
fn a_user_writes_what_the_app_client_lets_them() {
    let role = json!({ "Schema": [{ "Name": "role", "Mutable": true }, { "Name": "born" }] });
    let refused = json!("NotAuthorizedException: A client attempted to write unauthorized attribute");
    for (client, name, answer) in [
        (json!({}), "custom:role", json!({ "CodeDeliveryDetailsList": [] })),
        (json!({ "WriteAttributes": [] }), "custom:role", json!({ "CodeDeliveryDetailsList": [] })),
        (json!({ "WriteAttributes": ["name"] }), "custom:role", refused.clone()),
        (json!({ "WriteAttributes": ["name"] }), "name", json!({ "CodeDeliveryDetailsList": [] })),
        (json!({}), "custom:none", refused.clone()),
        (json!({}), "email_verified", refused.clone()),
        (json!({}), "sub", refused.clone()),
        (json!({}), "custom:born", json!("InvalidParameterException: user.custom:born: Attribute cannot be updated.\n")),
    ] {
        let pool = Pool::new(role.clone(), client.clone());
        let tokens = pool.made("bob");
        let written = json!({ "AccessToken": tokens["AccessToken"], "UserAttributes": [{ "Name": name, "Value": "admin" }] });
        assert_eq!(pool.says("UpdateUserAttributes", written), answer, "{client} {name}");
        let id = claims(&pool.sign_in("bob", PASSWORD)["AuthenticationResult"]["IdToken"]);
        assert_eq!(id[name] == "admin", answer.is_object(), "{client} {name}");
    }
}

#[test]
fn an_access_token_speaks_for_its_own_user_alone() {
    let pool = Pool::new(json!({}), json!({ "ReadAttributes": ["name"] }));
    let tokens = pool.made("bob");
    let shown = pool.says("GetUser", json!({ "AccessToken": tokens["AccessToken"] }));
    assert_eq!((&shown["Username"], shown["UserAttributes"].as_array().unwrap().len()), (&json!("bob"), 1), "{shown}");
    let wrong = "NotAuthorizedException: Invalid Access Token";
    assert_eq!(pool.says("GetUser", json!({ "AccessToken": tokens["IdToken"] })), wrong);
    let (head, _) = tokens["AccessToken"].as_str().unwrap().rsplit_once('.').unwrap();
    assert_eq!(pool.says("GetUser", json!({ "AccessToken": format!("{head}.AAAA") })), wrong);
    pool.ask("AdminDeleteUser", json!({ "UserPoolId": POOL, "Username": "bob" })).unwrap();
    assert_eq!(pool.says("GetUser", json!({ "AccessToken": tokens["AccessToken"] })), "UserNotFoundException: User does not exist.");
}

#[test]
fn a_changed_address_is_verified_anew() {
    let pool = Pool::new(json!({ "AutoVerifiedAttributes": ["email"] }), json!({}));
    let token = pool.made("bob")["AccessToken"].clone();
    let changed = json!({ "AccessToken": token, "UserAttributes": [{ "Name": "email", "Value": "bob@example.org" }] });
    assert_eq!(pool.says("UpdateUserAttributes", changed)["CodeDeliveryDetailsList"][0]["DeliveryMedium"], "EMAIL");
    let mail = pool.world.mail("bob@example.org");
    let code = mail.strip_prefix("Your confirmation code is ").unwrap();
    assert_eq!(claims(&pool.sign_in("bob", PASSWORD)["AuthenticationResult"]["IdToken"])["email_verified"], false);
    assert_eq!(pool.says("VerifyUserAttribute", json!({ "AccessToken": token, "AttributeName": "email", "Code": code })), json!({}));
    assert_eq!(claims(&pool.sign_in("bob", PASSWORD)["AuthenticationResult"]["IdToken"])["email_verified"], true);
}

#[test]
fn the_trail_has_names_and_no_secrets() {
    let pool = Pool::new(json!({ "AutoVerifiedAttributes": ["email"] }), json!({}));
    let request = json!({ "ClientId": "web", "Username": "ann", "Password": PASSWORD, "UserAttributes": email() });
    let (asked, done) = pool.ask("SignUp", request).unwrap();
    assert!(asked.public && asked.needs.is_empty() && !asked.read_only);
    let logged = format!("{}{}", asked.logged_parameters, done.response_elements);
    for secret in [PASSWORD, "ann", "a***@e***"] {
        assert!(!logged.contains(secret), "{logged}");
    }
    assert_eq!(asked.logged_parameters["userAttributes"][0]["name"], "email");
    assert_eq!(asked.logged_parameters["clientId"], "web");
    pool.made("bob");
    let parameters = json!({ "USERNAME": "bob", "PASSWORD": PASSWORD });
    let (asked, done) =
        pool.ask("InitiateAuth", json!({ "ClientId": "web", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters })).unwrap();
    let logged = format!("{}{}", asked.logged_parameters, done.response_elements);
    assert!(!logged.contains(PASSWORD) && !logged.contains("eyJ"), "{logged}");
}

#[test]
fn administrators_need_iam() {
    let pool = Pool::new(json!({}), json!({}));
    let create = json!({ "UserPoolId": POOL, "Username": "ann", "MessageAction": "SUPPRESS" });
    let (asked, _) = pool.ask("AdminCreateUser", create).unwrap();
    assert!(!asked.public);
    assert_eq!(asked.needs[0].action, "cognito-idp:AdminCreateUser");
    assert_eq!(pool.says("ListUsers", json!({ "UserPoolId": POOL }))["Users"][0]["UserStatus"], "FORCE_CHANGE_PASSWORD");
}
