//! Cases as JSON: a request and its policies in one document, as `sekisho iam decide` reads them. Decides each as the engine does.
//!
//! `{"name", "expected", "request": {"principal", "action", "resource": {"resource", "accountId"}, "contextVariables"},
//! "identityPolicies": [{"name", "policy"}], "resourcePolicy", "permissionBoundaryPolicies", "sessionPolicy",
//! "endpointPolicy", "settings", "serviceControlPolicies": [{"orgIdentifier", "policies"}], "resourceControlPolicies"}`

use crate::decide::{Decision, Outcome, decide};
use crate::json::{self, Malformed};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::request::{Context, Request};
use crate::stack::{Level, Stack};
use model::{Kind, Node};
use std::sync::Arc;

/// One case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The request.
    pub request: Request,
    /// What AWS authorises beside it for the same call: [`crate::settings::apply`].
    pub also: Vec<Request>,
    /// Its policies.
    pub stack: Stack,
    /// The decision that is expected, when the case says it.
    pub expected: Option<String>,
}

impl Case {
    /// Decides it. Of several requests the one that stands in the way answers for all.
    pub fn decide(&self) -> Decision<'_> {
        self.asked().1
    }

    /// The request that answers for the case, with its decision.
    pub fn asked(&self) -> (&Request, Decision<'_>) {
        let rank = |outcome: Outcome| match outcome {
            Outcome::ExplicitlyDenied => 3,
            Outcome::ImplicitlyDenied => 2,
            Outcome::Depends => 1,
            Outcome::Allowed => 0,
        };
        self.also.iter().fold((&self.request, decide(&self.request, &self.stack)), |worst, request| {
            let decision = decide(request, &self.stack);
            if rank(decision.outcome) > rank(worst.1.outcome) { (request, decision) } else { worst }
        })
    }
}

/// Reads one case or an array of cases. Every place counts in `file`.
///
/// # Errors
/// When the text is not JSON, or a case has no readable request. A policy that cannot be read is no error: it
/// becomes one that may allow or deny anything.
pub fn read(file: &str, text: &str) -> Result<Vec<Case>, Malformed> {
    let node = json::read(file, text)?;
    node.one_or_many().iter().map(case).collect()
}

fn fault(node: &Node, says: &str) -> Malformed {
    Malformed { says: says.into(), place: node.place.clone() }
}

fn case(node: &Node) -> Result<Case, Malformed> {
    let request = node.get("request").ok_or_else(|| fault(node, "the case has no request"))?;
    let text = |key: &str| {
        let value = request.get(key).ok_or_else(|| fault(request, &format!("the request has no {key}")))?;
        value.str().map(str::to_owned).ok_or_else(|| fault(value, &format!("{key} is text")))
    };
    let principal = text("principal")?;
    let principal = Principal::parse(&principal).ok_or_else(|| fault(request, &format!("{principal} is not a principal")))?;
    let resource = request.get("resource").ok_or_else(|| fault(request, "the request has no resource"))?;
    let arn = resource.get("resource").unwrap_or(resource).str().ok_or_else(|| fault(resource, "the resource is an ARN or *"))?;
    let mut asked = Request::new(principal, text("action")?, arn).with_context(context(request.get("contextVariables")));
    asked.resource_account = resource.get("accountId").and_then(Node::scalar);
    if let Some(services) = request.get("calledVia") {
        asked = asked.called_via(services.items().iter().filter_map(Node::str));
    }
    let mut stack = Stack {
        settings: Vec::new(),
        identity: policies(node.get("identityPolicies"), "identity policy"),
        boundary: policies(node.get("permissionBoundaryPolicies"), "permissions boundary"),
        session: policies(node.get("sessionPolicy").or_else(|| node.get("sessionPolicies")), "session policy"),
        resource: policies(node.get("resourcePolicy"), "resource policy").into_iter().next(),
        endpoint: policies(node.get("endpointPolicy"), "endpoint policy").into_iter().next(),
        service_control: levels(node.get("serviceControlPolicies")),
        resource_control: levels(node.get("resourceControlPolicies")),
    };
    let also = node.get("settings").map(|settings| crate::settings::apply(settings, &mut asked, &mut stack)).unwrap_or_default();
    let scalar = |key: &str| node.get(key).and_then(Node::scalar);
    Ok(Case { name: scalar("name").unwrap_or_default(), request: asked, also, stack, expected: scalar("expected") })
}

fn context(node: Option<&Node>) -> Context {
    let members = node.map(Node::members).unwrap_or_default();
    members.iter().fold(Context::new(), |context, member| match &member.value.kind {
        Kind::List(items) => context.with_many(&member.key, items.iter().filter_map(Node::scalar)),
        Kind::Null => context.without(&member.key),
        _ => match member.value.scalar() {
            Some(value) => context.with(&member.key, value),
            None => context.with_unknown(&member.key),
        },
    })
}

/// A policy, `{"name", "policy"}`, or a list of either.
fn policies(node: Option<&Node>, name: &str) -> Vec<Arc<Policy>> {
    let items = node.map(Node::one_or_many).unwrap_or_default();
    let read = |item: &Node| match item.get("policy") {
        Some(document) => Policy::parse(&item.get("name").and_then(Node::scalar).unwrap_or_else(|| name.into()), document),
        None => Policy::parse(name, item),
    };
    items.iter().map(|item| Arc::new(read(item))).collect()
}

fn levels(node: Option<&Node>) -> Vec<Level> {
    let items = node.map(Node::items).unwrap_or_default();
    let level = |item: &Node| Level {
        name: item.get("orgIdentifier").and_then(Node::scalar).unwrap_or_default().into(),
        policies: policies(item.get("policies"), "organisation policy"),
    };
    items.iter().map(level).collect()
}
