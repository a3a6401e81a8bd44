//! How customers come by their tokens. What signed in once signs in again: an attacker who is a customer has as many tokens as it
//! asks for.

use attack::sigv4::{self, Credentials};
use attack::{Client, Disguise};
use base64::Engine as _;
use model::attack::UserSession;
use model::{App, HttpRequest, Node, Time};
use serde_json::{Value, json};

/// Who signs in.
#[derive(Clone, PartialEq, Eq)]
pub enum SignIn {
    /// An app client by its id and secret.
    Client { id: String, secret: String },
    /// A user of a user pool through an app client: the client's id, name and password.
    User { client: String, name: String, password: String },
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
            Self::User { .. } => match self.session(app, client, disguise)? {
                Some(session) => Ok(session.id_token),
                None => Err("no session".into()),
            },
            Self::Token(token) => Ok(token.clone()),
        }
    }

    /// What a user of a user pool gets; `None` for everybody else.
    ///
    /// # Errors
    /// Why there is none.
    pub fn session(&self, app: &App, client: &Client, disguise: &Disguise) -> Result<Option<UserSession>, String> {
        let Self::User { client: id, name, password } = self else { return Ok(None) };
        let parameters = json!({ "USERNAME": name, "PASSWORD": password });
        let body = json!({ "ClientId": id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        let response = client.send(&call(app, "InitiateAuth", &body), disguise).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let token = |kind: &str| answer["AuthenticationResult"][kind].as_str().map(str::to_owned);
        match (token("IdToken"), token("AccessToken")) {
            (Some(id_token), Some(access_token)) => Ok(Some(UserSession { id_token, access_token })),
            _ => Err(format!("{name} cannot sign in: {} {}", response.status, String::from_utf8_lossy(&response.body))),
        }
    }
}

/// The owner of the application, with whose credentials its customers' accounts are looked after.
pub struct Owner<'a> {
    pub app: &'a App,
    pub client: &'a Client,
    pub credentials: &'a Credentials,
    pub now: fn() -> Time,
}

impl Owner<'_> {
    fn ask(&self, operation: &str, body: &Value) -> Result<(u16, Value), String> {
        let mut request = call(self.app, operation, body);
        sigv4::sign(&mut request, self.credentials, &self.app.region, "cognito-idp", (self.now)());
        let response = self.client.send(&request, &Disguise::aws()).map_err(|error| error.to_string())?;
        Ok((response.status, serde_json::from_slice(&response.body).unwrap_or_default()))
    }

    /// The id of an app client of the template, and of its user pool.
    fn declared(&self, logical: &str) -> Result<(String, String), String> {
        let found = self.app.of_kind("AWS::Cognito::UserPoolClient").find(|r| &*r.id.logical == logical);
        let found = found.ok_or_else(|| format!("the application has no app client {logical}"))?;
        let pool = found.properties.get("UserPoolId").and_then(Node::scalar).ok_or("its user pool is not known")?;
        Ok((found.physical_id.clone(), pool))
    }

    /// An app client of the template by its secret.
    ///
    /// # Errors
    /// It is not declared, or has no secret.
    pub fn app_client(&self, logical: &str) -> Result<SignIn, String> {
        let (id, pool) = self.declared(logical)?;
        let (status, body) = self.ask("DescribeUserPoolClient", &json!({"UserPoolId": pool, "ClientId": id}))?;
        let secret = body["UserPoolClient"]["ClientSecret"].as_str().ok_or_else(|| format!("looking up {logical}: {status}"))?;
        Ok(SignIn::Client { id, secret: secret.to_owned() })
    }

    /// A user who comes in through an app client, made with these attributes when there is none of the name.
    ///
    /// # Errors
    /// The client is not declared, or the user pool does not take such a user.
    pub fn user(&self, logical: &str, name: &str, attributes: &[(&str, &str)], password: &str) -> Result<SignIn, String> {
        let (client, pool) = self.declared(logical)?;
        let given: Vec<Value> = attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let made = json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS", "UserAttributes": given });
        let (status, body) = self.ask("AdminCreateUser", &made)?;
        if status != 200 && body["__type"] != "UsernameExistsException" {
            return Err(format!("{name} gets no account: {body}"));
        }
        let set = json!({ "UserPoolId": pool, "Username": name, "Password": password, "Permanent": true });
        match self.ask("AdminSetUserPassword", &set)? {
            (200, _) => Ok(SignIn::User { client, name: name.to_owned(), password: password.to_owned() }),
            (_, body) => Err(format!("{name} gets no password: {body}")),
        }
    }
}

/// A call of Cognito's API, not signed.
pub fn call(app: &App, operation: &str, body: &Value) -> HttpRequest {
    HttpRequest {
        method: "POST".into(),
        path: "/".into(),
        headers: vec![
            ("Host".into(), format!("cognito-idp.{}.amazonaws.com", app.region)),
            ("Content-Type".into(), "application/x-amz-json-1.1".into()),
            ("X-Amz-Target".into(), format!("AWSCognitoIdentityProviderService.{operation}")),
        ],
        body: body.to_string().into_bytes(),
        ..HttpRequest::default()
    }
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
