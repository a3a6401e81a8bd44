//! AWS Security Token Service (API version 2011-06-15): who a caller is, and sessions of roles.
//!
//! It never decides whether a role may be assumed. Session policies would narrow the session; they are refused,
//! because a session that ignores its policy would be wider than was asked for.

use crate::draw;
use crate::{Asked, Done, Issued, Service, ServiceError, wire};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{ApiCall, App, Arn, HttpRequest, Identity, IssuedKey, Time, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sts;

impl Service for Sts {
    fn endpoint(&self) -> &'static str {
        "sts"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        let form = wire::form(request);
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let operation = field("Action").unwrap_or_default().to_owned();
        let (resource, context, parameters, logged) = match operation.as_str() {
            "GetCallerIdentity" => ("*".to_owned(), BTreeMap::new(), json!({}), Value::Null),
            "AssumeRole" => assume(&form, field)?,
            _ => {
                let says =
                    format!("Could not find operation {operation} for version {}", field("Version").unwrap_or("NO_VERSION_SPECIFIED"));
                return Err(ServiceError::new(400, "InvalidAction", says));
            }
        };
        let resource_account = Arn::parse(&resource).map_or_else(|| app.account.clone(), |arn| arn.account);
        let need = ApiCall { action: format!("sts:{operation}"), resource, resource_account, context, invocation: None };
        // IAM User Guide, "Monitor and control actions taken with assumed roles": to set a source identity is a permission of its own.
        let names_itself = need.context.contains_key("sts:SourceIdentity");
        let source = names_itself.then(|| ApiCall { action: "sts:SetSourceIdentity".into(), ..need.clone() });
        Ok(Asked {
            operation,
            needs: std::iter::once(need).chain(source).collect(),
            public: false,
            parameters,
            logged_parameters: logged,
            read_only: true,
            data_event: false,
        })
    }

    fn carry_out(&self, app: &App, asked: &Asked, caller: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        match asked.operation.as_str() {
            "GetCallerIdentity" => {
                let account = caller.account().unwrap_or_else(|| app.account.clone());
                let (id, arn) = (wire::xml_escape(&user_id(caller)), wire::xml_escape(&caller.arn().unwrap_or_default()));
                let result = format!("\n    <Arn>{arn}</Arn>\n    <UserId>{id}</UserId>\n    <Account>{account}</Account>\n  ");
                Ok(Done::new(wire::query_answer("GetCallerIdentity", NAMESPACE, &result), Value::Null))
            }
            _ => {
                chained(&asked.parameters, caller)?;
                assumed(&asked.parameters, world)
            }
        }
    }
}

type Assume = (String, BTreeMap<String, Vec<String>>, Value, Value);

/// Reads AssumeRole's parameters.
fn assume<'a>(form: &[(String, String)], field: impl Fn(&str) -> Option<&'a str>) -> Result<Assume, ServiceError> {
    let invalid = |says: String| ServiceError::new(400, "ValidationError", says);
    let required = |name: &str| {
        let member = wire::trail_name(name);
        field(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            invalid(format!("1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"))
        })
    };
    let (role, session) = (required("RoleArn")?, required("RoleSessionName")?);
    if !Arn::parse(role).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/")) {
        return Err(invalid(format!("{role} is invalid")));
    }
    let fits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
    };
    if !fits(session, 2, 64) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular \
             expression pattern: [\\w+=,.@-]*"
        )));
    }
    let seconds = match field("DurationSeconds") {
        None => 3600,
        Some(text) => match text.parse::<i64>() {
            Ok(seconds @ 900..=43_200) => seconds,
            _ => {
                return Err(invalid(format!(
                    "1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must have value \
                     between 900 and 43200"
                )));
            }
        },
    };
    let narrowing = ["Policy", "PolicyArns.member", "Tags.member", "TransitiveTagKeys.member", "SerialNumber", "ProvidedContexts.member"];
    if let Some((name, _)) = form.iter().find(|(key, _)| narrowing.iter().any(|narrow| key.starts_with(narrow))) {
        return Err(invalid(format!("The parameter {name} is not supported here")));
    }
    let mut context = BTreeMap::from([("sts:RoleSessionName".to_owned(), vec![session.to_owned()])]);
    let mut logged = json!({ "roleArn": role, "roleSessionName": session, "durationSeconds": seconds });
    if let Some(external) = field("ExternalId") {
        context.insert("sts:ExternalId".into(), vec![external.to_owned()]);
        logged["externalId"] = json!(external);
    }
    if let Some(source) = field("SourceIdentity") {
        context.insert("sts:SourceIdentity".into(), vec![source.to_owned()]);
        logged["sourceIdentity"] = json!(source);
    }
    let parameters = json!({ "RoleArn": role, "RoleSessionName": session, "DurationSeconds": seconds });
    Ok((role.to_owned(), context, parameters, logged))
}

/// A session that assumes a role gets an hour at most, whatever the role allows (IAM User Guide, "IAM roles", role chaining).
fn chained(p: &Value, caller: &Identity) -> Result<(), ServiceError> {
    let seconds = p["DurationSeconds"].as_i64().unwrap_or(3600);
    if matches!(caller, Identity::AssumedRole { .. }) && seconds > 3600 {
        let says = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
        return Err(ServiceError::new(400, "ValidationError", says));
    }
    Ok(())
}

/// Issues a session of the role.
fn assumed(p: &Value, world: &dyn World) -> Result<Done, ServiceError> {
    let (role, session) = (p["RoleArn"].as_str().unwrap_or_default(), p["RoleSessionName"].as_str().unwrap_or_default());
    let identity = Identity::AssumedRole { role_arn: role.into(), session_name: session.into(), issued_to: None };
    let expires = Time(world.now().0 + p["DurationSeconds"].as_i64().unwrap_or(3600) * 1000);
    let access_key_id = format!("ASIA{}", draw::text(world, draw::BASE32, 16));
    let mut bytes = [0; 30];
    world.random(&mut bytes);
    let secret = STANDARD.encode(bytes);
    let mut token = [0; 180];
    world.random(&mut token);
    let token = STANDARD.encode(token);
    let (arn, id) = (identity.arn().unwrap_or_default(), user_id(&identity));
    let result = format!(
        "\n    <AssumedRoleUser>\n      <AssumedRoleId>{id}</AssumedRoleId>\n      <Arn>{arn}</Arn>\n    </AssumedRoleUser>\n    <Credentials>\n      \
         <AccessKeyId>{access_key_id}</AccessKeyId>\n      <SecretAccessKey>{secret}</SecretAccessKey>\n      <SessionToken>{token}</SessionToken>\n      \
         <Expiration>{expires}</Expiration>\n    </Credentials>\n  ",
        id = wire::xml_escape(&id),
        arn = wire::xml_escape(&arn),
    );
    // CloudTrail's own records carry the session token as well; it is left out here, because logs get shared.
    let elements = json!({
        "credentials": { "accessKeyId": access_key_id, "expiration": trail_date(expires) },
        "assumedRoleUser": { "assumedRoleId": id, "arn": arn },
    });
    let key = IssuedKey { secret, session_token: Some(token), identity, expires: Some(expires) };
    let done = Done::new(wire::query_answer("AssumeRole", NAMESPACE, &result), elements);
    Ok(Done { issued: vec![Issued { access_key_id, key }], ..done })
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::testing::{Memory, app, call, form_request};

    const ROLE: &str = "arn:aws:iam::123456789012:role/path/Worker";

    #[test]
    fn a_caller_learns_who_it_is() {
        let (asked, done) = call(&Sts, &app([]), &Memory::default(), &form_request("Action=GetCallerIdentity&Version=2011-06-15")).unwrap();
        assert_eq!(asked.needs[0].action, "sts:GetCallerIdentity");
        let answered = wire::answered("sts", done.response, "id-7");
        let text = String::from_utf8(answered.body).unwrap();
        assert!(text.contains("<Arn>arn:aws:iam::123456789012:root</Arn>") && text.contains("<Account>123456789012</Account>"), "{text}");
        assert!(text.contains("<RequestId>id-7</RequestId>"));
    }

    #[test]
    fn a_session_is_issued_and_its_secrets_stay_out_of_the_log() {
        let form = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=me%40x&DurationSeconds=900&ExternalId=e");
        let (asked, done) = call(&Sts, &app([]), &Memory::default(), &form_request(&form)).unwrap();
        assert_eq!((asked.needs[0].resource.as_str(), &asked.needs[0].context["sts:ExternalId"]), (ROLE, &vec!["e".to_owned()]));
        let issued = &done.issued[0];
        assert_eq!(issued.key.identity.arn().unwrap(), "arn:aws:sts::123456789012:assumed-role/Worker/me@x");
        assert_eq!(issued.key.expires, Some(Time(1_795_355_053_999 + 900_000)));
        assert!(issued.access_key_id.starts_with("ASIA") && issued.access_key_id.len() == 20);
        let text = String::from_utf8(done.response.body.clone()).unwrap();
        let token = issued.key.session_token.clone().unwrap();
        assert!(text.contains(&issued.key.secret) && text.contains(&token));
        let logged = done.response_elements.to_string();
        assert!(!logged.contains(&issued.key.secret) && !logged.contains(&token) && logged.contains(&issued.access_key_id));
    }

    #[test]
    fn a_source_identity_needs_its_own_permission() {
        let needs = |more: &str| {
            let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me{more}");
            let asked = Sts.asks(&app([]), &form_request(&form)).unwrap();
            asked.needs.into_iter().map(|need| (need.action, need.resource)).collect::<Vec<_>>()
        };
        let need = |action: &str| (action.to_owned(), ROLE.to_owned());
        assert_eq!(needs(""), [need("sts:AssumeRole")]);
        assert_eq!(needs("&SourceIdentity=ann"), [need("sts:AssumeRole"), need("sts:SetSourceIdentity")]);
    }

    #[test]
    fn a_session_that_assumes_a_role_gets_an_hour_at_most() {
        let session = Identity::AssumedRole { role_arn: ROLE.into(), session_name: "s".into(), issued_to: None };
        let root = Identity::Root { account: "123456789012".into() };
        let assume = |seconds: u32, caller: &Identity| {
            let form = format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me&DurationSeconds={seconds}");
            let asked = Sts.asks(&app([]), &form_request(&form)).unwrap();
            Sts.carry_out(&app([]), &asked, caller, &Memory::default()).map_err(|error| error.to_string())
        };
        assert!(assume(3600, &session).is_ok() && assume(7200, &root).is_ok());
        assert!(assume(3601, &session).unwrap_err().contains("1 hour session limit for roles assumed by role chaining"));
    }

    #[test]
    fn what_would_narrow_a_session_is_refused() {
        for (form, says) in [
            ("Action=AssumeRole&RoleSessionName=me", "Value null at 'roleArn'"),
            ("Action=AssumeRole&RoleArn=nothing&RoleSessionName=me", "nothing is invalid"),
            (&format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=a/b"), "at 'roleSessionName'"),
            (&format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me&Policy=%7B%7D"), "Policy is not supported"),
            (&format!("Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=me&DurationSeconds=1"), "between 900 and 43200"),
        ] {
            let error = Sts.asks(&app([]), &form_request(form)).unwrap_err();
            assert!(error.code == "ValidationError" && error.message.contains(says), "{error}");
        }
        assert_eq!(Sts.asks(&app([]), &form_request("Action=Frob")).unwrap_err().code, "InvalidAction");
    }

    #[test]
    fn dates_in_response_elements() {
        assert_eq!(trail_date(Time(1_795_355_053_999)), "Nov 22, 2026, 1:44:13 PM");
        assert_eq!(trail_date(Time(0)), "Jan 1, 1970, 12:00:00 AM");
    }
}
