//! How customers come by their tokens. What signed in once signs in again: an attacker who is a customer has as many tokens as it
//! asks for.

use attack::sigv4::{self, Credentials};
use attack::{Client, Disguise};
use base64::Engine as _;
use model::{App, HttpRequest, Node, Time};
use serde_json::{Value, json};

/// Who signs in.
#[derive(Clone, PartialEq, Eq)]
pub enum SignIn {
    /// An app client by its id and secret.
    Client { id: String, secret: String },
    /// Nobody knows how this token was made.
    Token(String),
}

impl SignIn {
    /// A token, anew where that is possible.
    ///
    /// # Errors
    /// Why there is none.
    pub fn token(&self, app: &App, client: &Client, disguise: &Disguise) -> Result<String, String> {
        match self {
            Self::Client { id, secret } => client_credentials(app, client, (id, secret), disguise),
            Self::Token(token) => Ok(token.clone()),
        }
    }
}

/// An app client of the template, as its owner looks it up.
///
/// # Errors
/// It is not declared, or has no secret.
pub fn app_client(app: &App, client: &Client, (owner, now): (&Credentials, fn() -> Time), logical: &str) -> Result<SignIn, String> {
    let found = app.of_kind("AWS::Cognito::UserPoolClient").find(|r| &*r.id.logical == logical);
    let found = found.ok_or_else(|| format!("the application has no app client {logical}"))?;
    let pool = found.properties.get("UserPoolId").and_then(Node::scalar).ok_or("its user pool is not known")?;
    let mut request = HttpRequest {
        method: "POST".into(),
        path: "/".into(),
        headers: vec![
            ("Host".into(), format!("cognito-idp.{}.amazonaws.com", app.region)),
            ("Content-Type".into(), "application/x-amz-json-1.1".into()),
            ("X-Amz-Target".into(), "AWSCognitoIdentityProviderService.DescribeUserPoolClient".into()),
        ],
        body: json!({"UserPoolId": pool, "ClientId": found.physical_id}).to_string().into_bytes(),
        ..HttpRequest::default()
    };
    sigv4::sign(&mut request, owner, &app.region, "cognito-idp", now());
    let response = client.send(&request, &Disguise::aws()).map_err(|error| error.to_string())?;
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let secret = body["UserPoolClient"]["ClientSecret"].as_str().ok_or_else(|| format!("looking up {logical}: {}", response.status))?;
    Ok(SignIn::Client { id: found.physical_id.clone(), secret: secret.to_owned() })
}

/// An access token by the client credentials grant (RFC 6749, section 4.4).
fn client_credentials(app: &App, client: &Client, (id, secret): (&str, &str), disguise: &Disguise) -> Result<String, String> {
    let domain = app.of_kind("AWS::Cognito::UserPoolDomain").next().ok_or("the application has no user pool domain")?;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
    let request = HttpRequest {
        method: "POST".into(),
        path: "/oauth2/token".into(),
        headers: vec![
            ("Host".into(), format!("{}.auth.{}.amazoncognito.com", domain.physical_id, app.region)),
            ("Authorization".into(), format!("Basic {basic}")),
            ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
        ],
        body: b"grant_type=client_credentials".to_vec(),
        ..HttpRequest::default()
    };
    let response = client.send(&request, disguise).map_err(|error| error.to_string())?;
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    body["access_token"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("no token: {} {}", response.status, String::from_utf8_lossy(&response.body)))
}

/// Whose token it is: the claim `sub` (RFC 7519, section 4.1.2); what is no JSON Web Token is its own.
pub fn subject(token: &str) -> String {
    let claims = || {
        let payload = token.split('.').nth(1)?;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
        Some(serde_json::from_slice::<Value>(&bytes).ok()?.get("sub")?.as_str()?.to_owned())
    };
    claims().unwrap_or_else(|| token.to_owned())
}
