//! What is wrong with a policy although AWS may store it (IAM User Guide, "IAM policy validation check reference"):
//! unknown actions, statements that can never apply, principals that are gone. Reports; changes no decision.

use crate::catalogue::{Service, catalogue};
use crate::condition::{Compiled, Condition};
use crate::glob::{Segments, Token, closed_tokens, tokens};
use crate::operator::{Operator, Quantifier};
use crate::policy::Policy;
use crate::principals::Who;
use crate::sets::ActionSet;
use crate::statement::{Effect, Pattern, Statement};
use model::Place;

/// What the policy is attached to: some rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    /// To an identity, as boundary, or to a session.
    Identity,
    /// To a resource.
    Resource,
    /// To a role, as its trust policy.
    Trust,
    /// To an organisation, as SCP or RCP.
    Organisation,
}

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    /// `unknown-action`, ...
    pub code: &'static str,
    /// A sentence.
    pub says: String,
    /// Where.
    pub place: Place,
    /// What to do.
    pub help: String,
}

/// Checks a policy. What the reader refused comes first.
pub fn lint(policy: &Policy, attached: Attached) -> Vec<Lint> {
    let refused = policy.problems.iter();
    let mut out: Vec<Lint> = refused
        .map(|trouble| Lint { code: "refused", says: trouble.says.clone(), place: trouble.place.clone(), help: trouble.help.clone() })
        .collect();
    for statement in &*policy.statements {
        if statement.unknown.is_some() {
            continue;
        }
        elements(statement, attached, &mut out);
        actions(statement, &mut out);
        resources(statement, &mut out);
        principals(statement, &mut out);
        for condition in &*statement.conditions {
            values(condition, &mut out);
            key(condition, statement, &mut out);
        }
        old_version(policy, statement, &mut out);
    }
    crate::grammar::form(policy, attached, &mut out);
    dead(policy, attached, &mut out);
    out
}

pub(crate) fn add(out: &mut Vec<Lint>, code: &'static str, place: &Place, says: String, help: &str) {
    out.push(Lint { code, says, place: place.clone(), help: help.into() });
}

/// Elements that must or must not stand in a policy of this kind.
fn elements(statement: &Statement, attached: Attached, out: &mut Vec<Lint>) {
    let place = &statement.place;
    match attached {
        Attached::Identity | Attached::Organisation if statement.principals.is_some() => {
            add(out, "unsupported-principal", place, "a principal cannot stand in this policy".into(), "remove Principal");
        }
        Attached::Resource | Attached::Trust if statement.principals.is_none() => {
            add(out, "missing-principal", place, "the statement has no principal and means nobody".into(), "add Principal");
        }
        _ => {}
    }
    if attached == Attached::Identity && statement.resources.is_none() {
        add(out, "missing-resource", place, "the statement has no resource".into(), "add Resource");
    }
    if attached == Attached::Trust && statement.resources.is_some() {
        add(out, "unsupported-resource", place, "a trust policy has no Resource".into(), "remove Resource");
    }
    if statement.effect == Effect::Allow && statement.actions.not {
        add(out, "allow-not-action", place, "Allow with NotAction allows every action that AWS will ever add".into(), "list the actions");
    }
    if statement.effect == Effect::Allow && statement.principals.as_ref().is_some_and(|set| set.not) {
        add(out, "allow-not-principal", place, "Allow with NotPrincipal is not supported".into(), "name the principals");
    }
}

fn actions(statement: &Statement, out: &mut Vec<Lint>) {
    for pattern in &*statement.actions.any_of {
        let text = &*pattern.text.text;
        if pattern.text.unknown.is_some() || text == "*" {
            continue;
        }
        let service = text.split(':').next().unwrap_or_default();
        if !text.contains(':') {
            add(out, "invalid-action", &pattern.text.place, format!("{text} has no service"), "write service:Action");
        } else if !service.contains(['*', '?']) && catalogue().service(service).is_none() {
            add(out, "unknown-service", &pattern.text.place, format!("{service} is not a service prefix"), "use the service's prefix");
        } else if catalogue().ids(text).next().is_none() {
            add(
                out,
                "unknown-action",
                &pattern.text.place,
                format!("no action is called {text}"),
                "use an action of the service authorization reference",
            );
        }
    }
}

/// Resources that none of the statement's actions can take.
fn resources(statement: &Statement, out: &mut Vec<Lint>) {
    let Some(patterns) = statement.resources.as_ref().filter(|patterns| !patterns.not) else { return };
    let all = catalogue();
    let set = ActionSet::of(&statement.actions);
    // A statement on everything is judged by nothing.
    if set.is_empty() || statement.actions.not || set.len() > 4000 {
        return;
    }
    let kinds: Vec<Vec<Token>> = {
        let types = set.iter().flat_map(|action| {
            let service: &Service = all.service_of(action);
            action.resource_types.iter().map(|(at, _)| service.resource_types[usize::from(*at)].pattern())
        });
        let unique: std::collections::BTreeSet<String> = types.collect();
        unique.iter().map(|pattern| closed_tokens(pattern)).collect()
    };
    let takes_star = set.iter().any(|action| action.resource_types.is_empty());
    let named: Vec<&Pattern> = patterns.any_of.iter().filter(|p| p.text.unknown.is_none() && !p.text.is_star()).collect();
    for pattern in &named {
        let text = &*pattern.text.text;
        if !text.starts_with("arn:") && !text.contains(['*', '$']) {
            add(out, "invalid-resource", &pattern.text.place, format!("{text} is not an ARN"), "write an ARN or *");
        } else if !pattern.text.has_variables()
            && pattern.completed.is_none()
            && !kinds.iter().any(|kind| meets(&tokens(text, Segments::Arn), kind))
        {
            add(
                out,
                "resource-mismatch",
                &pattern.text.place,
                format!("no action of the statement acts on {text}"),
                "use an ARN that the actions take",
            );
        }
    }
    if takes_star && !named.is_empty() && named.len() == patterns.any_of.len() {
        let without = set.iter().find(|action| action.resource_types.is_empty());
        let name = without.map(|action| action.full(all)).unwrap_or_default();
        add(
            out,
            "needs-star",
            &statement.place,
            format!("{name} takes no resource: only \"*\" grants it"),
            "give it a statement with Resource \"*\"",
        );
    }
}

/// Whether some text matches both patterns.
fn meets(a: &[Token], b: &[Token]) -> bool {
    // A search that grows too large is no reason to report.
    crate::sets::overlap(a, b).unwrap_or(true)
}

fn principals(statement: &Statement, out: &mut Vec<Lint>) {
    for named in statement.principals.iter().flat_map(|set| &*set.any_of) {
        match &named.who {
            Who::Dangling(id) => {
                add(out, "dangling-principal", &named.place, format!("{id} stands where a deleted principal was named"), "remove it");
            }
            Who::Unknown(why) => {
                add(out, "invalid-principal", &named.place, why.to_string(), "name an account, a role, a user or a service")
            }
            Who::Arn(text) if text.contains("${") => {
                add(out, "invalid-principal", &named.place, format!("{text}: a principal takes no policy variables"), "name the principal")
            }
            _ => {}
        }
    }
}

fn values(condition: &Condition, out: &mut Vec<Lint>) {
    let name = &condition.operator;
    for value in condition.values.iter().filter(|value| value.text.unknown.is_none()) {
        let text = &value.text.text;
        if value.compiled == Compiled::Nothing {
            add(
                out,
                "invalid-value",
                &value.text.place,
                format!("{name} cannot read {text}: it equals nothing"),
                "write a value of the operator's type",
            );
        }
        let textual = matches!(
            condition.test.operator,
            Operator::StringEquals | Operator::StringEqualsIgnoreCase | Operator::StringLike | Operator::Arn | Operator::Bool
        );
        if text.contains("${") && !textual {
            add(out, "variable-for-operator", &value.text.place, format!("{name} takes no policy variables"), "write the value");
        }
        if condition.test.operator == Operator::StringEquals && text.contains('*') && !text.contains("${*}") {
            add(out, "wildcard-without-like", &value.text.place, format!("{name} takes {text} literally"), "use StringLike");
        }
    }
    if condition.values.is_empty() && condition.unknown.is_none() && !condition.test.negated {
        add(out, "unsatisfiable-condition", &condition.place, format!("{name} without values never holds"), "give a value or remove it");
    }
}

/// Keys that no action of the statement knows: a positive test of them never holds.
fn key(condition: &Condition, statement: &Statement, out: &mut Vec<Lint>) {
    let all = catalogue();
    let lower = &*condition.key_lower;
    let global = all.global_keys().iter().any(|key| key.covers(lower)) || lower.starts_with("aws:");
    let provider = lower.split(':').next().is_none_or(|prefix| all.service(prefix).is_none());
    if global || provider || statement.actions.not {
        multivalued(condition, out);
        return;
    }
    let set = ActionSet::of(&statement.actions);
    let known = set.iter().any(|action| {
        let keys = &all.service_of(action).keys;
        action.keys.iter().any(|at| keys[usize::from(*at)].covers(lower))
    });
    if !known && !set.is_empty() {
        let test = &condition.test;
        let never = !test.negated && !test.if_exists && test.operator != Operator::Null && test.quantifier != Quantifier::ForAllValues;
        let says =
            format!("no action of the statement has the key {}{}", condition.key, if never { ": the condition never holds" } else { "" });
        add(
            out,
            if never { "unsatisfiable-condition" } else { "unknown-key" },
            &condition.place,
            says,
            "use a key of the service authorization reference",
        );
    }
    multivalued(condition, out);
}

/// `ForAllValues` holds when the key is missing.
fn multivalued(condition: &Condition, out: &mut Vec<Lint>) {
    if condition.test.quantifier == Quantifier::ForAllValues && !condition.test.if_exists {
        let says = format!("{} also holds when {} is missing", condition.operator, condition.key);
        add(out, "for-all-values-missing", &condition.place, says, "add a Null condition that demands the key");
    }
}

fn old_version(policy: &Policy, statement: &Statement, out: &mut Vec<Lint>) {
    if &*policy.version == "2012-10-17" {
        return;
    }
    let patterns = statement.resources.iter().flat_map(|r| r.any_of.iter().map(|p| &p.text));
    let values = statement.conditions.iter().flat_map(|c| c.values.iter().map(|v| &v.text));
    for text in patterns.chain(values).filter(|text| text.text.contains("${")) {
        let says = format!("version {} takes {} literally", policy.version, text.text);
        add(out, "variable-in-old-version", &text.place, says, "write \"Version\": \"2012-10-17\"");
    }
}

/// Statements that a denial in the same policy always takes back.
fn dead(policy: &Policy, attached: Attached, out: &mut Vec<Lint>) {
    let everywhere = |s: &&Statement| {
        let star = s.resources.as_ref().is_none_or(|r| !r.not && r.any_of.iter().any(|p| p.text.is_star()));
        let everyone =
            attached == Attached::Identity || s.principals.as_ref().is_none_or(|set| set.any_of.iter().any(|n| n.who == Who::Everyone));
        s.effect == Effect::Deny && s.unknown.is_none() && s.conditions.is_empty() && star && everyone
    };
    let denied =
        policy.statements.iter().filter(everywhere).fold(ActionSet::default(), |set, s| set.union(&ActionSet::certain(&s.actions)));
    if denied.is_empty() {
        return;
    }
    for statement in policy.statements.iter().filter(|s| s.effect == Effect::Allow && s.unknown.is_none()) {
        let set = ActionSet::of(&statement.actions);
        if !set.is_empty() && set.without(&denied).is_empty() {
            add(
                out,
                "dead-statement",
                &statement.place,
                "everything it allows is denied by this policy".into(),
                "remove it, or narrow the denial",
            );
        }
    }
}
