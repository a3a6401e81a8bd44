//! AWS Security Token Service (API version 2011-06-15): who a caller is, and sessions of roles.
//!
//! It never decides whether a role may be assumed.

mod assume;

use crate::draw;
use crate::{Asked, Done, Issued, Service, ServiceError, wire};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{ApiCall, App, HttpRequest, Identity, IssuedKey, Time, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sts;

impl Service for Sts {
    fn endpoint(&self) -> &'static str {
        "sts"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        let (operation, parameters) = wire::query_parameters(request);
        match operation.as_str() {
            "AssumeRole" => assume::asks(&parameters),
            "GetCallerIdentity" => {
                let need = ApiCall {
                    action: "sts:GetCallerIdentity".into(),
                    resource: "*".into(),
                    resource_account: app.account.clone(),
                    ..ApiCall::default()
                };
                Ok(Asked {
                    operation,
                    needs: vec![need],
                    public: false,
                    parameters,
                    logged_parameters: Value::Null,
                    read_only: true,
                    ..Asked::default()
                })
            }
            _ => {
                let form = wire::form(request);
                let version = form.iter().find(|(key, _)| key == "Version").map_or("NO_VERSION_SPECIFIED", |(_, value)| value);
                Err(ServiceError::new(400, "InvalidAction", format!("Could not find operation {operation} for version {version}")))
            }
        }
    }

    fn asks_as(&self, asked: &mut Asked, caller: &Identity) {
        if asked.operation == "AssumeRole" {
            assume::of_caller(asked, caller);
        }
    }

    fn carry_out(&self, app: &App, asked: &Asked, caller: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        match asked.operation.as_str() {
            "GetCallerIdentity" => {
                let account = caller.account().unwrap_or_else(|| app.account.clone());
                let (id, arn) = (wire::xml_escape(&user_id(caller)), wire::xml_escape(&caller.arn().unwrap_or_default()));
                let result = format!("\n    <Arn>{arn}</Arn>\n    <UserId>{id}</UserId>\n    <Account>{account}</Account>\n  ");
                Ok(Done::new(wire::query_answer("GetCallerIdentity", NAMESPACE, &result), Value::Null))
            }
            _ => assume::carry_out(&asked.parameters, caller, world),
        }
    }
}

/// A new session of this identity, in an answer that begins with `result`.
fn issue(operation: &str, result: &str, elements: Value, identity: Identity, seconds: i64, world: &dyn World) -> Done {
    let expires = Time(world.now().0 + seconds * 1000);
    let access_key_id = format!("ASIA{}", draw::text(world, draw::BASE32, 16));
    let mut bytes = [0; 30];
    world.random(&mut bytes);
    let secret = STANDARD.encode(bytes);
    let mut token = [0; 180];
    world.random(&mut token);
    let token = STANDARD.encode(token);
    let result = format!(
        "{result}\n    <Credentials>\n      <AccessKeyId>{access_key_id}</AccessKeyId>\n      <SecretAccessKey>{secret}</SecretAccessKey>\n      \
         <SessionToken>{token}</SessionToken>\n      <Expiration>{expires}</Expiration>\n    </Credentials>\n  ",
    );
    // CloudTrail's own records carry the session token as well; it is left out here, because logs get shared.
    let mut elements = elements;
    elements["credentials"] = json!({ "accessKeyId": access_key_id, "expiration": trail_date(expires) });
    let key = IssuedKey { secret, session_token: Some(token), identity, expires: Some(expires) };
    let done = Done::new(wire::query_answer(operation, NAMESPACE, &result), elements);
    Done { issued: vec![Issued { access_key_id, key }], ..done }
}

/// `Nov 22, 2026, 2:44:13 PM`, as CloudTrail writes dates inside response elements.
fn trail_date(time: Time) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, second) = time.utc();
    let month = usize::try_from(month).ok().and_then(|m| MONTHS.get(m.wrapping_sub(1))).copied().unwrap_or_default();
    let (half, hour) = (if hour < 12 { "AM" } else { "PM" }, (hour + 11) % 12 + 1);
    format!("{month} {day}, {year}, {hour}:{minute:02}:{second:02} {half}")
}

/// The unique id: the account for its root, `AIDA..` for a user, `AROA..:session` for a session. The part that
/// AWS draws at random is made from the name, so that it stays the same.
fn user_id(identity: &Identity) -> String {
    let unique = |prefix: &str, of: &str| {
        let letters = Sha256::digest(of).into_iter().filter_map(|byte| draw::BASE32.get(usize::from(byte % 32))).take(17);
        prefix.to_owned() + &letters.map(|letter| char::from(*letter)).collect::<String>()
    };
    match identity {
        Identity::Root { account } => account.clone(),
        Identity::User { arn } => unique("AIDA", arn),
        Identity::AssumedRole { role_arn, session_name, .. } => format!("{}:{session_name}", unique("AROA", role_arn)),
        Identity::Anonymous | Identity::Service { .. } => String::new(),
    }
}

#[cfg(test)]
mod tests;
