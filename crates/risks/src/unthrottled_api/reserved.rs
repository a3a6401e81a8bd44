//! Functions whose reserved concurrency one caller can fill: what is reserved bounds the damage to others, and makes the function
//! itself easy to shut (AWS Lambda Developer Guide, "Configuring reserved concurrency for a function").

use super::SLUG;
use crate::route::{self, FunctionRoute};
use crate::setting::{self, Told};
use model::{App, Confidence, Finding, Node, Resource, Severity, Step};
use std::collections::BTreeMap;

/// One finding for each function whose reserved executions one slow request a second fills, behind a route that anyone may call as often as they like.
pub fn findings(app: &App) -> Vec<Finding> {
    let mut open: BTreeMap<&model::ResourceId, FunctionRoute<'_>> = BTreeMap::new();
    for found in route::all(app).filter(|found| !found.route.api_key_required && !found.refuses_anyone(app)) {
        open.entry(&found.function.id).or_insert(found);
    }
    open.into_values().filter_map(|found| finding(app, &found)).collect()
}

fn finding(app: &App, found: &FunctionRoute<'_>) -> Option<Finding> {
    let function = app.resource(&found.function.id)?;
    let reserved = function.properties.get("ReservedConcurrentExecutions")?;
    // None at all is how a function is switched off.
    let executions = reserved.integer().filter(|count| (1..=i64::from(found.function.timeout)).contains(count))?;
    // That another stage leads around a web ACL is told of the web ACL.
    let acls = found.api.stages.iter().filter_map(|stage| stage.web_acl.as_deref());
    let open = match acls.map(|acl| counts_callers(app, acl)).max() {
        Some(Counts::Yes) => return None,
        Some(Counts::Unknown) => Some("the web ACL before it does not count each caller's requests".to_owned()),
        Some(Counts::No) | None => None,
    };
    let (name, seconds) = (&function.id.logical, found.function.timeout);
    let title = format!("{executions} requests every {seconds} s keep everyone else out of {name}");
    let told = Told::Wrong(reserved.place.clone());
    let path = vec![
        Step { says: format!("anyone may send {}, as often as they like", found.name()), place: found.route.place.clone() },
        Step { says: format!("an execution of {name} may take {seconds} s"), place: found.function.place.clone() },
        Step { says: format!("{executions} of them at once are all there are"), place: reserved.place.clone() },
    ];
    let finding = setting::finding(SLUG, Severity::Low, function, told, title)?;
    // How long a request can be made to take is the code's business.
    let confidence = if open.is_some() { Confidence::Low } else { Confidence::Medium };
    Some(Finding { path, confidence, condition: open.or(finding.condition.clone()), symbol: "reserved".into(), ..finding })
}

/// Whether a web ACL counts each caller's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Counts {
    No,
    /// It is not declared here.
    Unknown,
    Yes,
}

/// By its ARN; one of AWS WAF Classic is associated by its id.
fn counts_callers(app: &App, acl: &str) -> Counts {
    let kinds = ["AWS::WAFv2::WebACL", "AWS::WAFRegional::WebACL"];
    let named = |declared: &&Resource| declared.arn.as_deref() == Some(acl) || declared.physical_id == acl;
    let Some(declared) = kinds.iter().flat_map(|kind| app.of_kind(kind)).find(named) else { return Counts::Unknown };
    let counts = match declared.kind.as_str() {
        "AWS::WAFv2::WebACL" => names(&declared.properties, "RateBasedStatement"),
        _ => app.of_kind("AWS::WAFRegional::RateBasedRule").next().is_some(),
    };
    if counts { Counts::Yes } else { Counts::No }
}

/// Whether a key stands anywhere below.
fn names(node: &Node, key: &str) -> bool {
    node.get(key).is_some()
        || node.members().iter().any(|member| names(&member.value, key))
        || node.items().iter().any(|item| names(item, key))
}
