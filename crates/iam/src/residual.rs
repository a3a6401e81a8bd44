//! What an undecided statement depends on, in sentences with places. Never shows a value of the request.

use crate::decide::Matched;
use crate::request::View;
use crate::stack::Layer;
use crate::statement::{Effect, Patterns};
use crate::truth::Truth;
use model::{Place, Residual};
use std::sync::Arc;

/// One thing a decision depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residue {
    /// "statement 0 of policy p applies if aws:SourceVpce StringEquals vpce-1".
    pub says: String,
    /// Where the unknown, or the condition that asks for it, is written.
    pub place: Option<Place>,
    /// The condition key that is not known, if it is one.
    pub key: Option<Arc<str>>,
}

impl Residue {
    pub(crate) fn owner() -> Self {
        Self { says: "the account that owns the resource is not known".into(), place: None, key: None }
    }
}

impl From<Residue> for Residual {
    fn from(residue: Residue) -> Self {
        Self { says: residue.says, place: residue.place }
    }
}

/// What a statement depends on.
pub(crate) fn residue(view: &View<'_>, matched: &Matched<'_>, has_boundary: bool) -> Vec<Residue> {
    let statement = matched.statement;
    let verb = match statement.effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
        Effect::Unknown => "may allow or deny",
    };
    let head = match &statement.sid {
        Some(sid) => format!("statement {} ({sid}) of {} {verb} it", statement.index, matched.policy.name),
        None => format!("statement {} of {} {verb} it", statement.index, matched.policy.name),
    };
    let mut out = Vec::new();
    let mut add = |says: String, place: &Place, key: Option<&str>| {
        out.push(Residue { says: format!("{head} {says}"), place: Some(place.clone()), key: key.map(Into::into) });
    };
    if let Some(why) = &statement.unknown {
        add(format!("in ways that are not known: {why}"), &statement.place, None);
        return out;
    }
    let with_principals = matches!(matched.layer, Layer::Resource | Layer::Trust | Layer::Endpoint);
    let complete = !with_principals && !matches!(matched.layer, Layer::ServiceControl(_) | Layer::ResourceControl(_));
    let mut patterns = |patterns: &Patterns, what: &str, truth: Truth| {
        if truth != Truth::Depends {
            return;
        }
        for pattern in &*patterns.any_of {
            if let Some(why) = &pattern.text.unknown {
                add(format!("if its {what} {} covers this one: {why}", pattern.text.text), &pattern.text.place, None);
            } else if let Some(key) = pattern.text.unknown_variable(view) {
                add(format!("by the value of {key} in its {what} {}", pattern.text.text), &pattern.text.place, Some(key));
            }
        }
    };
    patterns(&statement.actions, "action", statement.speaks_of_action(view));
    if let Some(resources) = &statement.resources {
        patterns(resources, "resource", statement.speaks_of_resource(view, complete));
        for short in resources.any_of.iter().filter(|pattern| resources.not && !complete && pattern.completed.is_some()) {
            add(format!("if its NotResource {} means another one: it is no whole ARN", short.text.text), &short.text.place, None);
        }
    }
    for condition in statement.conditions.iter().filter(|condition| condition.holds(view) == Truth::Depends) {
        let values: Vec<&str> = condition.values.iter().map(|value| &*value.text.text).collect();
        let why = condition.values.iter().find_map(|value| value.text.unknown.as_deref()).or(condition.unknown.as_deref());
        let says = format!("if {} {} {}", condition.key, condition.operator, values.join(" or "));
        add(why.map_or(says.clone(), |why| format!("{says}: {why}")), &condition.place, Some(&condition.key));
    }
    if statement.principals.is_some() && statement.reach(view, has_boundary).matched == Truth::Depends {
        add("if its principal means the caller".into(), &statement.place, None);
    }
    if !with_principals && statement.resources.is_none() {
        add("but names no resource, which AWS refuses".into(), &statement.place, None);
    }
    if statement.effect == Effect::Unknown {
        add("because its effect cannot be read".into(), &statement.place, None);
    }
    out
}
