//! Why a decision came out as it did, in sentences with places, and the smallest grant that would change a denial.
//! Says nothing that the decision does not hold.

use crate::decide::{Decision, Outcome};
use crate::principal::Principal;
use crate::request::Request;
use crate::stack::{Layer, Stack};
use crate::statement::Effect;
use crate::truth::Truth;
use model::Place;
use serde_json::{Value, json};

/// An explanation.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// One sentence for each statement that spoke and each layer that lacked a grant.
    pub says: Vec<Line>,
    /// For an implicit denial: what to add, layer by layer, so that it is allowed. Each is as narrow as can be.
    pub grants: Vec<Grant>,
}

/// A sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// "statement 2 (Read) of policy reader allows it".
    pub says: String,
    /// Where the statement is written.
    pub place: Option<Place>,
    /// The layer that speaks.
    pub layer: Layer,
}

/// A statement to add.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// To a policy of this layer.
    pub layer: Layer,
    /// The statement.
    pub statement: Value,
}

/// Explains a decision on a request.
pub fn explain(request: &Request, stack: &Stack, decision: &Decision<'_>) -> Explanation {
    let mut says = Vec::with_capacity(decision.matched.len() + decision.lacking.len());
    for matched in &decision.matched {
        let statement = matched.statement;
        let verb = match (matched.truth, statement.effect) {
            (Truth::Depends, Effect::Allow) => "may allow",
            (Truth::Depends, Effect::Deny) => "may deny",
            (_, Effect::Allow) => "allows",
            (_, Effect::Deny) => "denies",
            (_, Effect::Unknown) => "may allow or deny",
        };
        let sid = statement.sid.as_deref().map(|sid| format!(" ({sid})")).unwrap_or_default();
        let text = format!("statement {}{sid} of {} {verb} it", statement.index, matched.policy.name);
        says.push(Line { says: text, place: Some(statement.place.clone()), layer: matched.layer });
    }
    for layer in &decision.lacking {
        let text = format!("no {} allows {} on {}", level(stack, *layer), request.action, request.resource);
        says.push(Line { says: text, place: None, layer: *layer });
    }
    let grants = decision.lacking.iter().map(|layer| Grant { layer: *layer, statement: grant(request, *layer) }).collect();
    Explanation { says, grants }
}

/// The message AWS answers a denied call with (IAM User Guide, "Troubleshoot access denied error messages"). `None`
/// when the request is allowed.
pub fn access_denied_message(request: &Request, decision: &Decision<'_>) -> Option<String> {
    let because = match decision.outcome {
        Outcome::Allowed => return None,
        Outcome::ExplicitlyDenied => {
            let layer = decision.matched.first().map_or(Layer::Identity, |matched| matched.layer);
            format!("with an explicit deny in {} {}", article(layer), layer.aws_name())
        }
        _ => {
            let layer = decision.lacking.first().copied().unwrap_or(Layer::Identity);
            format!("because no {} allows the {} action", layer.aws_name(), request.action)
        }
    };
    let (who, action) = (request.principal.name(), &request.action);
    let resource = match request.resource.as_str() {
        "*" => String::new(),
        resource => format!(" on resource: {resource}"),
    };
    Some(format!("User: {who} is not authorized to perform: {action}{resource} {because}"))
}

fn article(layer: Layer) -> &'static str {
    if matches!(layer, Layer::Identity) { "an" } else { "a" }
}

fn level(stack: &Stack, layer: Layer) -> String {
    let named = |levels: &[crate::stack::Level], at: usize| levels.get(at).map(|level| format!("{} of {}", layer.aws_name(), level.name));
    match layer {
        Layer::ServiceControl(at) => named(&stack.service_control, at),
        Layer::ResourceControl(at) => named(&stack.resource_control, at),
        _ => None,
    }
    .unwrap_or_else(|| layer.aws_name().to_owned())
}

/// The narrowest statement of a layer that covers the request.
fn grant(request: &Request, layer: Layer) -> Value {
    let mut statement = json!({"Effect": "Allow", "Action": request.action, "Resource": request.resource});
    if matches!(layer, Layer::Resource | Layer::Trust | Layer::Endpoint) {
        statement["Principal"] = match &request.principal {
            Principal::Anonymous => json!("*"),
            Principal::Root { account } => json!({ "AWS": account }),
            Principal::User { arn } | Principal::FederatedUser { arn, .. } => json!({ "AWS": arn }),
            // A grant to the role holds for its later sessions too.
            Principal::Session { role_arn, .. } => json!({ "AWS": role_arn }),
            Principal::Federated { provider } => json!({ "Federated": provider }),
            Principal::Service { name } => json!({ "Service": name }),
        };
    }
    if layer == Layer::Trust
        && let Some(map) = statement.as_object_mut()
    {
        map.remove("Resource");
    }
    statement
}
