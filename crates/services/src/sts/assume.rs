//! `AssumeRole`: what a request passes to the session it asks for, and what the session inherits of the caller's (AWS
//! Security Token Service API Reference, "AssumeRole"; IAM User Guide, "Pass session tags in AWS STS").
//!
//! It never decides whether the role may be assumed, tagged or named. How much of the packed size tags and policies take is
//! not documented: it is neither limited nor answered (`PackedPolicySize`).

use super::{issue, user_id};
use crate::{Asked, Done, ServiceError, wire};
use model::{ApiCall, Arn, Identity, Session, World};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Session tags, and keys of transitive ones, of one request.
const TAGS: usize = 50;
/// Managed session policies of one request.
const POLICIES: usize = 10;
/// Characters of a session policy.
const POLICY: usize = 2048;
/// What would bind the session further and is not understood here: a session that ignores it would be wider than asked for.
const REFUSED: [&str; 3] = ["SerialNumber", "TokenCode", "ProvidedContexts"];

fn invalid(says: impl Into<String>) -> ServiceError {
    ServiceError::new(400, "ValidationError", says)
}

fn constraint(value: &str, member: &str, must: &str) -> ServiceError {
    invalid(format!("1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {must}"))
}

/// Reads the parameters.
pub(super) fn asks(p: &Value) -> Result<Asked, ServiceError> {
    let field = |name: &str| p.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let required = |name: &str| field(name).ok_or_else(|| constraint("null", &wire::trail_name(name), "not be null"));
    let (role, name) = (required("RoleArn")?, required("RoleSessionName")?);
    if !Arn::parse(role).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/")) {
        return Err(invalid(format!("{role} is invalid")));
    }
    named(name, "roleSessionName")?;
    let seconds = match field("DurationSeconds") {
        None => 3600,
        Some(text) => match text.parse::<i64>() {
            Ok(seconds @ 900..=43_200) => seconds,
            _ => return Err(constraint(&format!("'{text}'"), "durationSeconds", "have value between 900 and 43200")),
        },
    };
    if let Some(name) = REFUSED.iter().find(|name| p.get(**name).is_some()) {
        return Err(invalid(format!("The parameter {name} is not supported here")));
    }
    let passed = passed(p)?;
    let mut context = BTreeMap::from([("sts:RoleSessionName".to_owned(), vec![name.to_owned()])]);
    let mut logged = json!({ "roleArn": role, "roleSessionName": name, "durationSeconds": seconds });
    if let Some(external) = field("ExternalId") {
        context.insert("sts:ExternalId".into(), vec![external.to_owned()]);
        logged["externalId"] = json!(external);
    }
    if let Some(source) = &passed.source_identity {
        context.insert("sts:SourceIdentity".into(), vec![source.clone()]);
        logged["sourceIdentity"] = json!(source);
    }
    if !passed.tags.is_empty() {
        context.extend(passed.tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![value.clone()])));
        context.insert("aws:TagKeys".into(), passed.tags.keys().cloned().collect());
        logged["tags"] = passed.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    }
    let transitive: Vec<String> = list(p, "TransitiveTagKeys").iter().filter_map(|key| Some(key.as_str()?.to_owned())).collect();
    if !transitive.is_empty() {
        // As they were written: policies compare them with regard to case.
        logged["transitiveTagKeys"] = json!(transitive);
        context.insert("sts:TransitiveTagKeys".into(), transitive);
    }
    if let Some(policy) = passed.policies.first() {
        logged["policy"] = json!(policy);
    }
    if !passed.policy_arns.is_empty() {
        logged["policyArns"] = passed.policy_arns.iter().map(|arn| json!({ "arn": arn })).collect();
    }
    let resource_account = Arn::parse(role).map(|arn| arn.account).unwrap_or_default();
    let need = |action: &str| ApiCall {
        action: action.into(),
        resource: role.into(),
        resource_account: resource_account.clone(),
        context: context.clone(),
        ..ApiCall::default()
    };
    let beside = [(TAG, !passed.tags.is_empty()), (NAME, passed.source_identity.is_some())];
    let beside = beside.into_iter().filter(|(_, needed)| *needed).map(|(action, _)| need(action));
    Ok(Asked {
        operation: "AssumeRole".into(),
        needs: std::iter::once(need("sts:AssumeRole")).chain(beside).collect(),
        public: false,
        parameters: json!({ "RoleArn": role, "RoleSessionName": name, "DurationSeconds": seconds, "Session": passed }),
        logged_parameters: logged,
        read_only: true,
        ..Asked::default()
    })
}

/// To pass session tags is a permission of its own (IAM User Guide, "Pass session tags in AWS STS", Permissions required to add
/// session tags),
const TAG: &str = "sts:TagSession";
/// and so is to set a source identity (IAM User Guide, "Monitor and control actions taken with assumed roles").
const NAME: &str = "sts:SetSourceIdentity";

/// A list of the parameters.
fn list<'p>(p: &'p Value, name: &str) -> &'p [Value] {
    p.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What the request itself passes.
fn passed(p: &Value) -> Result<Session, ServiceError> {
    let list = |name: &str| list(p, name);
    let most = |name: &str, most: usize| match list(name).len() {
        within if within <= most => Ok(()),
        _ => Err(constraint("", &wire::trail_name(name), &format!("have length less than or equal to {most}"))),
    };
    most("Tags", TAGS)?;
    most("TransitiveTagKeys", TAGS)?;
    most("PolicyArns", POLICIES)?;
    let mut session = Session::default();
    let duplicate = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    for (index, tag) in list("Tags").iter().enumerate() {
        let part = |name: &str| tag.get(name).and_then(Value::as_str).unwrap_or_default();
        let (key, value) = (part("Key"), part("Value"));
        tag_text(key, 1..=128, &format!("tags.{}.member.key", index + 1))?;
        tag_text(value, 0..=256, &format!("tags.{}.member.value", index + 1))?;
        if session.tags.keys().any(|known| same(known, key)) {
            return Err(parameter(duplicate));
        }
        session.tags.insert(key.to_owned(), value.to_owned());
    }
    for key in list("TransitiveTagKeys").iter().filter_map(Value::as_str) {
        let passed = session.tags.keys().find(|passed| same(passed, key));
        let passed = passed.ok_or_else(|| parameter("The specified transitive tag key must be included in the requested tags."))?;
        session.transitive.insert(passed.clone());
    }
    if let Some(source) = p.get("SourceIdentity").and_then(Value::as_str) {
        named(source, "sourceIdentity")?;
        if source.starts_with("aws:") {
            return Err(invalid("A source identity cannot begin with aws:"));
        }
        session.source_identity = Some(source.to_owned());
    }
    if let Some(policy) = p.get("Policy").and_then(Value::as_str) {
        if policy.chars().count() > POLICY {
            return Err(constraint("", "policy", &format!("have length less than or equal to {POLICY}")));
        }
        if !serde_json::from_str::<Map<String, Value>>(policy).is_ok_and(|policy| policy.contains_key("Statement")) {
            return Err(ServiceError::new(400, "MalformedPolicyDocument", "The policy is not in the valid JSON format."));
        }
        session.policies.push(policy.to_owned());
    }
    for arn in list("PolicyArns").iter().map(|policy| policy.get("arn").and_then(Value::as_str).unwrap_or_default()) {
        if !Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("policy/")) {
            return Err(invalid(format!("{arn} is invalid")));
        }
        session.policy_arns.push(arn.to_owned());
    }
    Ok(session)
}

/// A parameter that contradicts another one, in STS's own words.
fn parameter(says: &str) -> ServiceError {
    ServiceError::new(400, "InvalidParameterValue", says)
}

/// Keys of tags of principals and sessions are compared without regard to case.
fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// A session name or source identity.
fn named(text: &str, member: &str) -> Result<(), ServiceError> {
    let value = format!("'{text}'");
    if text.len() > 64 {
        return Err(constraint(&value, member, "have length less than or equal to 64"));
    }
    if text.len() < 2 {
        return Err(constraint(&value, member, "have length greater than or equal to 2"));
    }
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)) {
        return Err(constraint(&value, member, "satisfy regular expression pattern: [\\w+=,.@-]*"));
    }
    Ok(())
}

/// A key or value of a tag (AWS Security Token Service API Reference, "Tag"; IAM User Guide, "Tags for AWS Identity and Access
/// Management resources": `aws:` is reserved).
fn tag_text(text: &str, length: std::ops::RangeInclusive<usize>, member: &str) -> Result<(), ServiceError> {
    let value = format!("'{text}'");
    let count = text.chars().count();
    if count > *length.end() {
        return Err(constraint(&value, member, &format!("have length less than or equal to {}", length.end())));
    }
    if count < *length.start() {
        return Err(constraint(&value, member, &format!("have length greater than or equal to {}", length.start())));
    }
    let fits = |c: char| c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c);
    if !text.chars().all(fits) {
        return Err(constraint(&value, member, "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*"));
    }
    if text.to_lowercase().starts_with("aws:") {
        return Err(invalid(format!("The tag text {text} begins with aws:, which is reserved")));
    }
    Ok(())
}

/// What a session inherits needs the permissions of what is passed: a role chain with transitive tags or a source identity ends
/// at a role that does not let itself be tagged or named.
pub(super) fn of_caller(asked: &mut Asked, caller: &Identity) {
    let inherited = caller.session().map(Session::inherited).unwrap_or_default();
    let needed = [(TAG, !inherited.tags.is_empty()), (NAME, inherited.source_identity.is_some())];
    for (action, _) in needed.into_iter().filter(|(_, needed)| *needed) {
        if asked.needs.iter().all(|need| need.action != action)
            && let Some(assume) = asked.needs.first().cloned()
        {
            asked.needs.push(ApiCall { action: action.into(), ..assume });
        }
    }
    if !inherited.tags.is_empty() {
        asked.logged_parameters["incomingTransitiveTags"] = json!(inherited.tags);
    }
    if let (Some(source), Value::Null) = (inherited.source_identity, &asked.logged_parameters["sourceIdentity"]) {
        asked.logged_parameters["sourceIdentity"] = json!(source);
    }
}

/// Issues the session.
pub(super) fn carry_out(p: &Value, caller: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
    let text = |name: &str| p[name].as_str().unwrap_or_default().to_owned();
    let (role_arn, session_name, seconds) = (text("RoleArn"), text("RoleSessionName"), p["DurationSeconds"].as_i64().unwrap_or(3600));
    // IAM User Guide, "IAM roles", role chaining.
    if matches!(caller, Identity::AssumedRole { .. }) && seconds > 3600 {
        return Err(invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"));
    }
    let passed = serde_json::from_value(p["Session"].clone()).map_err(|_| ServiceError::new(500, "InternalFailure", ""))?;
    let session = chained(passed, caller, &role_arn)?;
    let source = session.source_identity.clone();
    let identity = Identity::AssumedRole { role_arn, session_name, issued_to: None, session };
    let (arn, id) = (identity.arn().unwrap_or_default(), user_id(&identity));
    let mut user = format!(
        "\n    <AssumedRoleUser>\n      <AssumedRoleId>{}</AssumedRoleId>\n      <Arn>{}</Arn>\n    </AssumedRoleUser>",
        wire::xml_escape(&id),
        wire::xml_escape(&arn),
    );
    let mut elements = json!({ "assumedRoleUser": { "assumedRoleId": id, "arn": arn } });
    if let Some(source) = source {
        user += &format!("\n    <SourceIdentity>{}</SourceIdentity>", wire::xml_escape(&source));
        elements["sourceIdentity"] = json!(source);
    }
    Ok(issue("AssumeRole", &user, elements, identity, seconds, world))
}

/// What is passed, over what the caller's session hands on.
fn chained(passed: Session, caller: &Identity, role: &str) -> Result<Session, ServiceError> {
    let inherited = caller.session().map(Session::inherited).unwrap_or_default();
    if passed.tags.keys().any(|key| inherited.transitive.iter().any(|own| same(own, key))) {
        let says = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.";
        return Err(parameter(says));
    }
    if let (Some(new), Some(set)) = (&passed.source_identity, &inherited.source_identity)
        && new != set
    {
        let says = format!("User: {} is not authorized to perform: {NAME} on resource: {role}", caller.arn().unwrap_or_default());
        return Err(ServiceError::new(403, "AccessDenied", says));
    }
    let transitive: BTreeSet<String> = passed.transitive.into_iter().chain(inherited.transitive).collect();
    Ok(Session {
        tags: passed.tags.into_iter().chain(inherited.tags).collect(),
        transitive,
        source_identity: passed.source_identity.or(inherited.source_identity),
        ..passed
    })
}
