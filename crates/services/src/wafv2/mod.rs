//! AWS WAF (API version 2019-07-29): web ACLs, rule groups, IP sets, regex pattern sets, their association with stages,
//! logging configurations, sampled requests.
//!
//! It keeps nothing of its own: everything is a resource of the App, so that a web ACL of a template and one of the API
//! are the same thing. It never judges a request; the gate does.

mod association;
mod control;
mod entity;
mod error;
mod logging;
mod managed;
mod sampled;
mod tags;

use crate::wire::{self, Protocol};
use crate::{Asked, Done, Service, ServiceError};
use entity::{KINDS, Kind, WEB_ACL};
use gate::web_acl::Refused;
use model::{ApiCall, App, HttpRequest, Identity, World};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The service.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wafv2;

/// A request's members.
type Parameters = Map<String, Value>;

/// What is done with an entity of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Get,
    Update,
    Delete,
    List,
}

/// `CreateWebACL` as a verb and a kind.
fn of_kind(operation: &str) -> Option<(Verb, &'static Kind)> {
    let verbs = [("Create", Verb::Create), ("Get", Verb::Get), ("Update", Verb::Update), ("Delete", Verb::Delete), ("List", Verb::List)];
    let (rest, verb) = verbs.into_iter().find_map(|(name, verb)| Some((operation.strip_prefix(name)?, verb)))?;
    let rest = if verb == Verb::List { rest.strip_suffix('s')? } else { rest };
    Some((verb, KINDS.iter().find(|kind| kind.name == rest)?))
}

impl Service for Wafv2 {
    fn endpoint(&self) -> &'static str {
        "wafv2"
    }

    fn asks(&self, app: &App, request: &HttpRequest) -> Result<Asked, ServiceError> {
        let operation = wire::target(request, "AWSWAF_20190729").unwrap_or_default();
        let p = wire::json_body(request)?;
        let needs = needs(app, operation, &p)?;
        Ok(Asked {
            operation: operation.into(),
            needs,
            public: false,
            logged_parameters: wire::trail_names(&Value::Object(p.clone())),
            parameters: Value::Object(p),
            read_only: ["Get", "List", "Describe", "Check"].iter().any(|verb| operation.starts_with(verb)),
            ..Asked::default()
        })
    }

    fn carry_out(&self, app: &App, asked: &Asked, _: &Identity, world: &dyn World) -> Result<Done, ServiceError> {
        let empty = Map::new();
        let p = asked.parameters.as_object().unwrap_or(&empty);
        let mut changes = Vec::new();
        let body = match (asked.operation.as_str(), of_kind(&asked.operation)) {
            (_, Some((Verb::Create, kind))) => control::create(kind, app, p, world, &mut changes)?,
            (_, Some((Verb::Get, kind))) => control::get(kind, app, p)?,
            (_, Some((Verb::Update, kind))) => control::update(kind, app, p, &mut changes)?,
            (_, Some((Verb::Delete, kind))) => control::delete(kind, app, p, &mut changes)?,
            (_, Some((Verb::List, kind))) => control::list(kind, app, p)?,
            ("AssociateWebACL", _) => association::associate(app, p, &mut changes)?,
            ("DisassociateWebACL", _) => association::disassociate(app, p, &mut changes)?,
            ("GetWebACLForResource", _) => association::for_resource(app, p)?,
            ("ListResourcesForWebACL", _) => association::resources(app, p)?,
            ("CheckCapacity", _) => capacity(app, p)?,
            ("DescribeManagedRuleGroup", _) => managed::describe(p)?,
            ("ListAvailableManagedRuleGroups", _) => managed::list(p)?,
            ("PutLoggingConfiguration", _) => logging::put(app, p, &mut changes)?,
            ("GetLoggingConfiguration", _) => logging::get(app, p)?,
            ("DeleteLoggingConfiguration", _) => logging::delete(app, p, &mut changes)?,
            ("ListLoggingConfigurations", _) => logging::list(app, p)?,
            ("GetSampledRequests", _) => sampled::get(app, p, world)?,
            ("ListTagsForResource", _) => tags::list(app, p)?,
            ("TagResource", _) => tags::tag(app, p, &mut changes)?,
            ("UntagResource", _) => tags::untag(app, p, &mut changes)?,
            _ => return Err(unknown()),
        };
        let elements = if asked.read_only || body == json!({}) { Value::Null } else { wire::trail_names(&body) };
        Ok(Done { changes, ..Done::new(wire::json_answer(Protocol::Json11, &body), elements) })
    }
}

fn unknown() -> ServiceError {
    ServiceError::new(400, "UnknownOperationException", "")
}

/// The IAM actions of an operation (Service Authorization Reference, "Actions defined by AWS WAF V2"; AWS WAF Developer
/// Guide, "Actions that require additional permissions settings": associating asks `apigateway:SetWebACL` of the stage, and
/// disassociating asks nothing else). A web ACL or rule group also needs its action on whatever its rules refer to.
fn needs(app: &App, operation: &str, p: &Parameters) -> Result<Vec<ApiCall>, ServiceError> {
    let need = |action: &str, resource: &str| ApiCall {
        action: action.to_owned(),
        resource: resource.to_owned(),
        resource_account: app.account.clone(),
        ..ApiCall::default()
    };
    let own = |resource: &str| need(&format!("wafv2:{operation}"), resource);
    let any_web_acl = || WEB_ACL.arn(app, "REGIONAL", "*", "*");
    if let Some((verb, kind)) = of_kind(operation) {
        let resource = match verb {
            Verb::List => "*".to_owned(),
            Verb::Create => kind.arn(app, scope(p)?, text(p, "Name")?, "*"),
            Verb::Get if p.contains_key("ARN") => text(p, "ARN")?.to_owned(),
            Verb::Get | Verb::Update | Verb::Delete => kind.arn(app, scope(p)?, text(p, "Name")?, text(p, "Id")?),
        };
        let mut needs = vec![own(&resource)];
        let mut arns = Vec::new();
        if let (Verb::Create | Verb::Update, Some(rules)) = (verb, p.get("Rules")) {
            entity::references(rules, &mut arns);
        }
        needs.extend(arns.iter().map(|arn| own(arn)));
        if verb == Verb::Create {
            needs.iter_mut().for_each(|need| need.context = tag_context(p));
        }
        return Ok(needs);
    }
    Ok(match operation {
        "AssociateWebACL" => vec![own(text(p, "WebACLArn")?), need("apigateway:SetWebACL", text(p, "ResourceArn")?)],
        "DisassociateWebACL" => vec![need("apigateway:SetWebACL", text(p, "ResourceArn")?)],
        "GetWebACLForResource" => {
            let web_acl = association::web_acl_of(app, text(p, "ResourceArn")?).map_or_else(any_web_acl, str::to_owned);
            vec![own(&web_acl), need("wafv2:GetWebACL", &web_acl)]
        }
        "ListResourcesForWebACL" => vec![own(text(p, "WebACLArn")?)],
        "GetSampledRequests" => vec![own(text(p, "WebAclArn")?)],
        "PutLoggingConfiguration" => {
            let configuration =
                p.get("LoggingConfiguration").and_then(Value::as_object).ok_or_else(|| error::missing("LoggingConfiguration"))?;
            vec![own(text(configuration, "ResourceArn")?)]
        }
        "GetLoggingConfiguration" | "DeleteLoggingConfiguration" => vec![own(text(p, "ResourceArn")?)],
        "ListTagsForResource" | "UntagResource" => vec![own(text(p, "ResourceARN")?)],
        "TagResource" => vec![ApiCall { context: tag_context(p), ..own(text(p, "ResourceARN")?) }],
        "CheckCapacity" | "DescribeManagedRuleGroup" | "ListAvailableManagedRuleGroups" | "ListLoggingConfigurations" => vec![own("*")],
        _ => return Err(unknown()),
    })
}

/// `aws:RequestTag/key` and `aws:TagKeys`.
fn tag_context(p: &Parameters) -> BTreeMap<String, Vec<String>> {
    let mut context = BTreeMap::new();
    for tag in p.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(key), Some(value)) = (tag.get("Key").and_then(Value::as_str), tag.get("Value").and_then(Value::as_str)) {
            context.insert(format!("aws:RequestTag/{key}"), vec![value.to_owned()]);
            context.entry("aws:TagKeys".to_owned()).or_insert_with(Vec::new).push(key.to_owned());
        }
    }
    context
}

/// CheckCapacity.
fn capacity(app: &App, p: &Parameters) -> Result<Value, ServiceError> {
    scope(p)?;
    let rules = p.get("Rules").filter(|rules| rules.is_array()).ok_or_else(|| error::missing("Rules"))?;
    let mut arns = Vec::new();
    entity::references(rules, &mut arns);
    control::there(app, &arns)?;
    let rules = entity::to_cloudformation(rules.clone());
    let needed = gate::web_acl::rules_capacity(app, &rules).map_err(|refused_by| refused(&refused_by, WEB_ACL))?;
    Ok(json!({ "Capacity": needed }))
}

/// What the gate could not make a web ACL of, in AWS's words.
fn refused(refused: &Refused, kind: &Kind) -> ServiceError {
    match refused {
        Refused::TooLarge(says) => error::limits_exceeded(says),
        Refused::Invalid { says, part } => {
            let field = match kind.name {
                "WebACL" => "WEB_ACL",
                "RuleGroup" => "RULE_GROUP",
                "IPSet" => "IP_SET",
                _ => "REGEX_PATTERN_SET",
            };
            error::invalid(says, field, part)
        }
    }
}

/// A required text parameter.
fn text<'a>(p: &'a Parameters, name: &str) -> Result<&'a str, ServiceError> {
    match p.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        None | Some(Value::Null | Value::String(_)) => Err(error::missing(name)),
        Some(_) => Err(ServiceError::new(400, "SerializationException", "")),
    }
}

/// `REGIONAL` or `CLOUDFRONT`.
fn scope(p: &Parameters) -> Result<&'static str, ServiceError> {
    match text(p, "Scope")? {
        "REGIONAL" => Ok("REGIONAL"),
        "CLOUDFRONT" => Ok("CLOUDFRONT"),
        other => Err(error::pattern("Scope", other, "Member must satisfy enum value set: [CLOUDFRONT, REGIONAL]")),
    }
}

#[cfg(test)]
mod tests;
