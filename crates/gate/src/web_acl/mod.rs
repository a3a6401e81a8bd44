//! Web ACLs of an application: put to requests, and answered for in AWS's words.
//! What cannot be compiled judges nothing: the stage it protects is closed until it is understood.

mod asking;
pub(crate) mod inspection;
mod managed;

pub use ::waf::body::Arriving;
pub(crate) use asking::{Asking, instance};
pub use inspection::{Counter, Inspection};
pub use managed::{ManagedGroup, ManagedRule, managed_groups};

use model::{App, Kind, Member, Node, Place, Resource, Trouble};
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use waf::kept::{Kept, Key};
use waf::wafv2::{Library, Program, ResourceType, RuleGroup, WebAcl, capacity as units};

/// CloudFormation's type of web ACLs.
pub(crate) const WEB_ACL: &str = "AWS::WAFv2::WebACL";

/// A web ACL that can judge requests, or why it cannot.
pub(crate) type Compiled = Result<Program, Trouble>;

/// CloudFormation's type of the regional web ACLs of AWS WAF Classic.
pub(crate) const CLASSIC: &str = "AWS::WAFRegional::WebACL";

/// Web ACLs of a process that are kept.
const KEPT: usize = 32;

/// The web ACL that a resource declares, compiled once for as long as nothing that it is made of changes: not for each version
/// of an application.
pub(crate) fn kept(app: &App, resource: &Resource) -> Arc<Compiled> {
    static COMPILED: Kept<Compiled> = Kept::new(KEPT);
    let compiled = COMPILED.get(key(app, resource), || Ok::<_, Infallible>(compile(app, resource)));
    compiled.unwrap_or_else(|never| match never {})
}

/// Everything that [`compile`] reads: the web ACL, the sets and groups of either kind, and whose they are. Places too, which are
/// part of what is said.
fn key(app: &App, resource: &Resource) -> Key {
    let part = |kind: &str| kind.starts_with("AWS::WAFv2::") || kind.starts_with("AWS::WAFRegional::");
    let others = app.resources().filter(|other| part(&other.kind) && other.kind != resource.kind);
    let whose = [app.partition.as_str(), &app.region, &app.account].map(str::to_owned);
    let said = std::iter::once(resource).chain(others).map(|resource| format!("{resource:?}"));
    let parts: Vec<String> = whose.into_iter().chain(said).collect();
    Key::of(parts.iter().map(|part| part.as_bytes()))
}

/// The same, compiled now.
fn compile(app: &App, resource: &Resource) -> Compiled {
    let read = match resource.kind.as_str() {
        CLASSIC => waf::classic::from_cloudformation(app, resource),
        _ => WebAcl::from_cloudformation(app, resource, &library(app)),
    };
    read.map(|acl| Program::compile(Arc::new(acl))).map_err(|found| first(found, resource))
}

fn first(troubles: Vec<Trouble>, resource: &Resource) -> Trouble {
    troubles.into_iter().next().unwrap_or_else(|| trouble(resource.place.clone(), "it is not understood"))
}

fn trouble(place: Place, says: &str) -> Trouble {
    Trouble { says: says.to_owned(), place, help: "write it as AWS documents it".into() }
}

/// AWS's managed groups, and the account of labels.
fn library(app: &App) -> Library {
    Library { account: app.account.clone(), managed: waf::managed::groups(None), ..Library::default() }
}

/// Bytes of a body that the web ACL before a stage inspects. `None`: there is none, or it cannot judge.
pub fn inspected_body(app: &App, api_id: &str, stage: &str) -> Option<usize> {
    let api = app.aws().rest_apis.iter().find(|api| api.api_id == api_id)?;
    let stage = api.stages.iter().find(|known| known.name == stage)?;
    let compiled = crate::compiled::web_acl(app, stage.web_acl.as_ref()?)?;
    compiled.as_ref().as_ref().ok().map(|program| ResourceType::ApiGateway.body_limit(program.acl()))
}

/// Why AWS WAF would not take a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It needs more capacity than it may.
    TooLarge(String),
    /// A part of it is not what AWS takes.
    Invalid {
        /// A sentence.
        says: String,
        /// What to change.
        part: String,
    },
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Invalid { says: trouble.says, part: trouble.help }
    }
}

/// Whether AWS WAF would take a resource of this application (`AWS::WAFv2::WebACL`, `RuleGroup`, `IPSet`,
/// `RegexPatternSet`): it is understood, and it stays within its capacity.
///
/// # Errors
/// [`Refused`]. Troubles of other resources are none of this one's.
pub fn check(app: &App, resource: &Resource) -> Result<(), Refused> {
    let own = |trouble: &Trouble| trouble.place.file == resource.place.file || trouble.place.file == resource.properties.place.file;
    match resource.kind.as_str() {
        WEB_ACL => capacity(app, resource).map(drop),
        _ => {
            let mut library = library(app);
            match library.extend_from_app(app) {
                Err(troubles) if troubles.iter().any(own) => Err(first(troubles, resource).into()),
                Err(_) => Ok(()),
                Ok(()) => {
                    let group = resource.arn.as_ref().and_then(|arn| library.rule_groups.get(arn));
                    group.map_or(Ok(()), |group| within(group))
                }
            }
        }
    }
}

fn within(group: &RuleGroup) -> Result<(), Refused> {
    let (used, most) = (group.used_capacity(), group.capacity.min(units::MOST_OF_RULE_GROUP));
    if used <= most {
        return Ok(());
    }
    Err(Refused::TooLarge(format!("AWS WAF couldn’t perform the operation because the rules need {used} of {most} capacity units.")))
}

/// The capacity units of a web ACL.
///
/// # Errors
/// As [`check`].
pub fn capacity(app: &App, resource: &Resource) -> Result<u64, Refused> {
    most(compile(app, resource)?.acl().capacity())
}

fn most(used: u64) -> Result<u64, Refused> {
    if used <= units::MOST_OF_WEB_ACL {
        return Ok(used);
    }
    let most = units::MOST_OF_WEB_ACL;
    Err(Refused::TooLarge(format!("AWS WAF couldn’t perform the operation because the rules need {used} of {most} capacity units.")))
}

/// The capacity units of rules in CloudFormation's shape: `CheckCapacity`.
///
/// # Errors
/// As [`check`].
pub fn rules_capacity(app: &App, rules: &Value) -> Result<u64, Refused> {
    let place = Place::new("CheckCapacity", 1, 1);
    let member = |key: &str, value: Node| Member { key: key.into(), key_place: place.clone(), value };
    let node = |value: Value| Node::from_json(&value, &place);
    let visible = serde_json::json!({ "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "capacity" });
    let members = vec![
        member("DefaultAction", node(serde_json::json!({ "Allow": {} }))),
        member("VisibilityConfig", node(visible)),
        member("Rules", node(rules.clone())),
    ];
    let resource = Resource {
        id: model::ResourceId::new("(none)", "CheckCapacity"),
        kind: WEB_ACL.into(),
        properties: Node::new(Kind::Map(members), place.clone()),
        place,
        physical_id: "CheckCapacity".into(),
        arn: None,
        generated_from: None,
        condition: None,
        deletion_policy: None,
        metadata: None,
    };
    let acl = WebAcl::from_cloudformation(app, &resource, &library(app)).map_err(|troubles| Refused::from(first(troubles, &resource)))?;
    most(acl.capacity())
}
