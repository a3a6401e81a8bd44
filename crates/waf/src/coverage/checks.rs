//! Checks that read the web ACL without running it: settings left over from testing, labels that nobody adds, trust in
//! what the client sends.

use super::fix::{Fix, last_priority, rule, under};
use super::sight::{counts, walk};
use crate::wafv2::ast::{Action, Field, RateKeys, Rule, RuleAction, RuleGroup, Statement, Tier, WebAcl};
use crate::wafv2::capacity::MOST_OF_WEB_ACL;
use crate::wafv2::labels;
use model::{Node, Operation, Place};
use serde_json::json;

/// What a check found.
pub(super) struct Found {
    pub(super) kind: &'static str,
    pub(super) rule: String,
    pub(super) place: Place,
    pub(super) says: String,
    pub(super) fix: Option<Fix>,
}

/// Every check over every rule.
pub(super) fn all(acl: &WebAcl, source: Option<&Node>) -> Vec<Found> {
    let mut out = Vec::new();
    for (at, rule) in acl.rules.iter().enumerate() {
        let later = &acl.rules[at + 1..];
        out.extend(counting(acl, rule, source));
        out.extend(overridden(rule, later, source));
        out.extend(unheard_labels(acl, at, source));
        out.extend(open_door(rule, later, source));
        out.extend(forwarded(rule));
        out.extend(pinned(rule, source));
    }
    let units = acl.capacity();
    if units > MOST_OF_WEB_ACL {
        let says = format!("the rules need {units} capacity units, and a web ACL may use {MOST_OF_WEB_ACL}: AWS refuses it");
        out.push(Found { kind: "over-capacity", rule: String::new(), place: acl.place.clone(), says, fix: None });
    }
    out
}

/// A rule that detects and lets pass: left from testing.
fn counting(acl: &WebAcl, found: &Rule, source: Option<&Node>) -> Option<Found> {
    let (says, edit, value) = match (&found.action, &found.statement) {
        (RuleAction::Group { count: true }, _) => {
            ("overrides its group's result with Count: nothing that the group finds is stopped", "OverrideAction", json!({"None": {}}))
        }
        // A rule that only sets a label for a later one is meant to count.
        (RuleAction::Act(Action::Count(_)), statement) if detects(statement) && found.labels.is_empty() => {
            ("counts what it finds and stops nothing", "Action", json!({"Block": {}}))
        }
        _ => return None,
    };
    let fix = source
        .and_then(|source| rule(source, &found.name))
        .map(|(path, _)| Fix { says: format!("let {} act", found.name), edits: vec![(under(&path, &[edit]), Operation::Set(value))] });
    Some(Found {
        kind: "counts-only",
        rule: found.name.clone(),
        place: found.place.clone(),
        says: format!("{} of {} {says}", found.name, acl.name),
        fix,
    })
}

fn detects(statement: &Statement) -> bool {
    let mut found = false;
    walk(statement, &mut |one| found |= matches!(one, Statement::SqliMatch { .. } | Statement::XssMatch { .. } | Statement::RateBased(_)));
    found
}

/// Rules of a group that are overridden to Count, with no later rule that acts on their labels.
fn overridden(found: &Rule, later: &[Rule], source: Option<&Node>) -> Vec<Found> {
    let Statement::Group(group) = &found.statement else { return Vec::new() };
    let rules = group.group.iter().flat_map(|known| known.rules.iter().map(move |rule| (known, rule)));
    let silent = rules.filter(|(_, inner)| counts(group, inner)).filter(|(known, inner)| {
        !inner.labels.iter().any(|label| {
            let label = format!("{}{label}", known.label_prefix);
            later.iter().any(|rule| acts_on(rule, &label))
        })
    });
    silent
        .map(|(_, inner)| {
            let (tier, name) = (inner.tier.map_or(String::new(), |tier| format!(" (tier {})", tier.letter())), &inner.name);
            Found {
                kind: "counts-only",
                rule: format!("{}/{name}", found.name),
                place: found.place.clone(),
                says: format!("{name}{tier} of {} is overridden to Count, and no later rule acts on its label", group.id),
                fix: source.and_then(|source| without_override(source, &found.name, name)),
            }
        })
        .collect()
}

fn without_override(source: &Node, group: &str, name: &str) -> Option<Fix> {
    let (path, node) = rule(source, group)?;
    ["RuleActionOverrides", "ExcludedRules"].iter().find_map(|list| {
        let items = node.at(&["Statement", "ManagedRuleGroupStatement", list])?.items();
        let at = items.iter().position(|item| item.get("Name").and_then(Node::str) == Some(name))?;
        let mut path = under(&path, &["Statement", "ManagedRuleGroupStatement", list]);
        path.push(at.into());
        Some(Fix { says: format!("let {name} act as its group says"), edits: vec![(path, Operation::Remove)] })
    })
}

/// Whether a rule stops what carries a label.
fn acts_on(rule: &Rule, label: &str) -> bool {
    if !matches!(rule.action, RuleAction::Act(Action::Block(_) | Action::Captcha(_) | Action::Challenge(_))) {
        return false;
    }
    let mut found = false;
    walk(&rule.statement, &mut |one| {
        if let Statement::LabelMatch { namespace, key } = one {
            found |= labels::matches(label, key, *namespace, "awswaf:");
        }
    });
    found
}

/// Label matches with a key that no earlier rule can add: wrong case, wrong order, wrong prefix.
fn unheard_labels(acl: &WebAcl, at: usize, source: Option<&Node>) -> Vec<Found> {
    let found = &acl.rules[at];
    let mut keys = Vec::new();
    walk(&found.statement, &mut |one| {
        if let Statement::LabelMatch { namespace, key } = one {
            keys.push((*namespace, key.clone()));
        }
    });
    let before = added(acl, &acl.rules[..at]);
    let unheard = keys.into_iter().filter(|(namespace, key)| {
        !open_namespace(key, &acl.rules[..at]) && !before.iter().any(|label| labels::matches(label, key, *namespace, &acl.label_prefix))
    });
    unheard
        .map(|(_, key)| {
            let meant = before.iter().find(|label| label.to_lowercase().ends_with(&key.to_lowercase()));
            let later = added(acl, &acl.rules[at..]);
            let why = match meant {
                Some(label) => format!("an earlier rule adds {label}: case and prefix count"),
                None if later.iter().any(|label| label.ends_with(&key)) => "the rule that adds it comes later".to_owned(),
                None => "no rule adds it".to_owned(),
            };
            let fix = meant.zip(source.and_then(|source| rule(source, &found.name))).and_then(|(label, (path, node))| {
                node.at(&["Statement", "LabelMatchStatement", "Key"])?;
                let path = under(&path, &["Statement", "LabelMatchStatement", "Key"]);
                Some(Fix { says: format!("match {label}"), edits: vec![(path, Operation::Set(json!(label)))] })
            });
            let says = format!("{} waits for the label {key}, which no earlier rule can add: {why}", found.name);
            Found { kind: "label-never-added", rule: found.name.clone(), place: found.place.clone(), says, fix }
        })
        .collect()
}

/// Full labels that these rules can add.
fn added(acl: &WebAcl, rules: &[Rule]) -> Vec<String> {
    let mut out = Vec::new();
    for rule in rules {
        out.extend(rule.labels.iter().map(|label| format!("{}{label}", acl.label_prefix)));
        if let Statement::Group(reference) = &rule.statement {
            let groups = reference.group.iter();
            out.extend(groups.flat_map(|group| {
                let labels = group.rules.iter().flat_map(|rule| &rule.labels);
                labels.map(|label| format!("{}{label}", group.label_prefix))
            }));
        }
    }
    out
}

/// Labels that AWS adds by itself, or that a group adds which is not simulated: nothing is said about these.
fn open_namespace(key: &str, before: &[Rule]) -> bool {
    let by_aws = ["awswaf:clientip:", "awswaf:forwardedip:", "awswaf:managed:token:", "awswaf:managed:captcha:"];
    let hidden = |group: &RuleGroup| group.rules.iter().all(|rule| rule.tier == Some(Tier::NotSimulated));
    let unknown = before.iter().any(|rule| match &rule.statement {
        Statement::Group(reference) => reference.group.as_ref().is_none_or(|group| key.starts_with(&group.label_prefix) && hidden(group)),
        _ => false,
    });
    by_aws.iter().any(|prefix| key.starts_with(prefix)) || unknown
}

/// An earlier Allow on something that the client chooses ends the inspection.
fn open_door(found: &Rule, later: &[Rule], source: Option<&Node>) -> Option<Found> {
    let RuleAction::Act(Action::Allow(_)) = &found.action else { return None };
    let stops =
        |rule: &Rule| !matches!(rule.action, RuleAction::Act(Action::Allow(_) | Action::Count(_)) | RuleAction::Group { count: true });
    let (what, _) = chosen_by_client(&found.statement)?;
    if !later.iter().any(stops) {
        return None;
    }
    let fix = source.and_then(|source| Some((rule(source, &found.name)?.0, last_priority(source)))).map(|(path, last)| Fix {
        says: format!("let {} come after the rules that stop attacks", found.name),
        edits: vec![(under(&path, &["Priority"]), Operation::Set(json!(last)))],
    });
    let says = format!("{} allows by {what}, which the client chooses, before {} other rules are asked", found.name, later.len());
    Some(Found { kind: "allow-on-client-data", rule: found.name.clone(), place: found.place.clone(), says, fix })
}

/// What a statement asks that a client may set at will, and a header or query by which it is met, if that is simple.
pub(super) fn chosen_by_client(statement: &Statement) -> Option<(String, Option<Met>)> {
    match statement {
        Statement::ByteMatch { search, on, .. } => {
            let text = String::from_utf8_lossy(search).into_owned();
            match &on.field {
                Field::SingleHeader(name) => Some((format!("the header {name}"), Some(Met::Header(name.clone(), text)))),
                Field::SingleQueryArgument(name) => {
                    Some((format!("the query argument {name}"), Some(Met::Query(format!("{name}={text}")))))
                }
                Field::Headers(_) | Field::HeaderOrder(_) => Some(("headers".into(), None)),
                Field::Cookies(_) => Some(("cookies".into(), None)),
                Field::QueryString | Field::AllQueryArguments => Some(("the query".into(), None)),
                _ => None,
            }
        }
        Statement::IpSet { set, forwarded: Some((forwarded, _)) } => {
            let address = set.addresses.first().map(|net| net.addr().to_string());
            Some((format!("the header {}", forwarded.header), address.map(|address| Met::Header(forwarded.header.clone(), address))))
        }
        Statement::GeoMatch { forwarded: Some(forwarded), .. } | Statement::AsnMatch { forwarded: Some(forwarded), .. } => {
            Some((format!("the header {}", forwarded.header), None))
        }
        Statement::Or(all) => all.iter().find_map(chosen_by_client),
        Statement::And(all) => {
            let each: Option<Vec<_>> = all.iter().map(chosen_by_client).collect();
            each?.into_iter().next().map(|(what, _)| (what, None))
        }
        _ => None,
    }
}

/// How a statement is met.
pub(super) enum Met {
    /// By a header.
    Header(String, String),
    /// By a part of the query.
    Query(String),
}

/// An address taken from a header that the client may write itself.
fn forwarded(found: &Rule) -> Option<Found> {
    let mut header = None;
    walk(&found.statement, &mut |one| match one {
        Statement::RateBased(rate) if matches!(rate.keys, RateKeys::ForwardedIp) => {
            header = rate.forwarded.as_ref().map(|forwarded| forwarded.header.clone());
        }
        Statement::IpSet { forwarded: Some((forwarded, _)), .. } => header = Some(forwarded.header.clone()),
        Statement::GeoMatch { forwarded: Some(forwarded), .. } => header = Some(forwarded.header.clone()),
        _ => {}
    });
    let header = header?;
    let says =
        format!("{} takes the client's address from {header}: a client that is not behind a proxy of yours writes it itself", found.name);
    Some(Found { kind: "forwarded-address", rule: found.name.clone(), place: found.place.clone(), says, fix: None })
}

/// A group held at one version goes without AWS's later rules, and stops working when the version expires.
fn pinned(found: &Rule, source: Option<&Node>) -> Option<Found> {
    let Statement::Group(group) = &found.statement else { return None };
    let version = group.id.split('#').nth(2).filter(|_| group.managed)?;
    let fix = source.and_then(|source| rule(source, &found.name)).map(|(path, _)| Fix {
        says: "follow the group's default version".into(),
        edits: vec![(under(&path, &["Statement", "ManagedRuleGroupStatement", "Version"]), Operation::Remove)],
    });
    let says = format!("{} is held at {version}: it expires, and newer rules do not apply until it is changed", found.name);
    Some(Found { kind: "pinned-version", rule: found.name.clone(), place: found.place.clone(), says, fix })
}
