//! Every rule over one request: what each component held, what the transformations made of it, what matched.

use super::ast::{Field, Rule, Statement, Tier, WebAcl};
use super::component::{Component, Forwarded, parts};
use super::judgement::Judgement;
use super::look::{inspected, matches_value};
use super::state::State;
use super::{Plain, ResourceType};
use crate::detect;
use crate::request::Request;
use crate::transform::Transformation;
use model::Place;

/// How a rule fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fared {
    /// It ended the inspection.
    Ended,
    /// It matched and the inspection went on.
    Matched,
    /// It did not match.
    NoMatch,
    /// An earlier rule had ended the inspection.
    NotReached,
}

impl Fared {
    /// In words.
    pub const fn says(self) -> &'static str {
        match self {
            Self::Ended => "ended the inspection",
            Self::Matched => "matched",
            Self::NoMatch => "did not match",
            Self::NotReached => "not reached",
        }
    }
}

/// A value on its way through transformations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueTrace {
    /// The header's, cookie's or argument's name.
    pub name: Vec<u8>,
    /// As it came.
    pub came: Vec<u8>,
    /// What each transformation made of it.
    pub became: Vec<(Transformation, Vec<u8>)>,
    /// Whether the statement matches it.
    pub matched: bool,
    /// Whether it is a part that AWS does not document to be looked at.
    pub inferred: bool,
}

/// A match statement over a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementTrace {
    /// The statement's name.
    pub statement: &'static str,
    /// The component's name.
    pub component: String,
    /// The answer where no value decided: oversize handling or a fallback.
    pub decided: Option<bool>,
    /// What lay beyond the limits.
    pub oversize: Option<&'static str>,
    /// The values.
    pub values: Vec<ValueTrace>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTrace {
    /// Its name, behind its group's.
    pub path: String,
    /// Its action.
    pub action: &'static str,
    /// How it fared.
    pub fared: Fared,
    /// How faithful it is, in a managed group.
    pub tier: Option<Tier>,
    /// Where it was written.
    pub place: Place,
    /// Its match statements.
    pub statements: Vec<StatementTrace>,
}

impl WebAcl {
    /// Judges a request and says of every rule what it saw, those that were not reached included.
    pub fn explain(&self, request: &Request<'_>, resource: ResourceType, state: &dyn State) -> (Judgement, Vec<RuleTrace>) {
        let forwarded = Forwarded::of(request, resource.body_limit(self));
        let judgement = super::Evaluation::new(self, &forwarded, state, Plain).run().0;
        let mut traces = Vec::new();
        let mut over = false;
        for rule in &self.rules {
            let ended = judgement.terminating.as_ref().is_some_and(|end| end.rule == rule.name);
            let matched = judgement.non_terminating.iter().any(|known| known.rule == rule.name);
            let Statement::Group(reference) = &rule.statement else {
                traces.push(trace(rule, rule.name.clone(), fared(over, ended, matched), &forwarded));
                over |= ended;
                continue;
            };
            let record = judgement.groups.iter().find(|record| record.id == reference.id);
            let mut inner_over = over || record.is_none();
            for inner in reference.group.iter().flat_map(|group| &group.rules) {
                let is = |known: &super::RuleMatch| known.rule == inner.name;
                let inner_ended = record.and_then(|record| record.terminating.as_ref()).is_some_and(is);
                let inner_matched = record.is_some_and(|record| record.non_terminating.iter().any(is));
                traces.push(trace(
                    inner,
                    format!("{}/{}", rule.name, inner.name),
                    fared(inner_over, inner_ended, inner_matched),
                    &forwarded,
                ));
                inner_over |= inner_ended;
            }
            if reference.group.is_none() {
                traces.push(trace(rule, rule.name.clone(), fared(over, ended, matched), &forwarded));
            }
            over |= ended;
        }
        (judgement, traces)
    }
}

fn fared(over: bool, ended: bool, matched: bool) -> Fared {
    match (over, ended, matched) {
        (true, _, _) => Fared::NotReached,
        (_, true, _) => Fared::Ended,
        (_, _, true) => Fared::Matched,
        _ => Fared::NoMatch,
    }
}

fn trace(rule: &Rule, path: String, fared: Fared, forwarded: &Forwarded<'_>) -> RuleTrace {
    let mut statements = Vec::new();
    walk(&rule.statement, &mut |statement| statements.extend(statement_trace(statement, forwarded)));
    let action = match &rule.action {
        super::ast::RuleAction::Act(action) => action.name(),
        super::ast::RuleAction::Group { count: true } => "COUNT",
        super::ast::RuleAction::Group { count: false } => "GROUP",
    };
    RuleTrace { path, action, fared, tier: rule.tier, place: rule.place.clone(), statements }
}

/// Visits a statement and every statement inside it.
pub(super) fn walk<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Statement)) {
    visit(statement);
    match statement {
        Statement::And(all) | Statement::Or(all) => all.iter().for_each(|inner| walk(inner, visit)),
        Statement::Not(inner) => walk(inner, visit),
        Statement::RateBased(rate) => rate.scope_down.iter().for_each(|inner| walk(inner, visit)),
        Statement::Group(group) => group.scope_down.iter().for_each(|inner| walk(inner, visit)),
        _ => {}
    }
}

fn statement_trace(statement: &Statement, forwarded: &Forwarded<'_>) -> Option<StatementTrace> {
    let on = inspected(statement)?;
    let component = Component::of(&on.field, &on.pre_parse, forwarded);
    let value = |value: &super::component::Value<'_>, inferred: bool| {
        let mut seen = value.bytes.to_vec();
        let mut became = Vec::new();
        for transformation in &on.transformations {
            seen = transformation.apply(&seen).into_owned();
            became.push((*transformation, seen.clone()));
        }
        let matched = if inferred { detect::sqli(&seen).is_some() } else { matches_value(statement, &seen) };
        ValueTrace { name: value.name.to_vec(), came: value.bytes.to_vec(), became, matched, inferred }
    };
    let mut values: Vec<ValueTrace> = component.values.iter().map(|found| value(found, false)).collect();
    if matches!(statement, Statement::SqliMatch { .. }) {
        values.extend(parts(&on.field, forwarded).iter().map(|part| value(part, true)));
    }
    Some(StatementTrace {
        statement: name(statement),
        component: component_name(&on.field),
        decided: component.decided,
        oversize: component.oversize,
        values,
    })
}

/// The API's name of a match statement.
fn name(statement: &Statement) -> &'static str {
    match statement {
        Statement::ByteMatch { .. } => "ByteMatchStatement",
        Statement::SqliMatch { .. } => "SqliMatchStatement",
        Statement::XssMatch { .. } => "XssMatchStatement",
        Statement::SizeConstraint { .. } => "SizeConstraintStatement",
        Statement::RegexMatch { .. } => "RegexMatchStatement",
        _ => "RegexPatternSetReferenceStatement",
    }
}

/// The API's name of a component, with its setting.
pub fn component_name(field: &Field) -> String {
    match field {
        Field::SingleHeader(name) => format!("SingleHeader {name}"),
        Field::SingleQueryArgument(name) => format!("SingleQueryArgument {name}"),
        Field::AllQueryArguments => "AllQueryArguments".into(),
        Field::UriPath => "UriPath".into(),
        Field::QueryString => "QueryString".into(),
        Field::Body(_) => "Body".into(),
        Field::Method => "Method".into(),
        Field::JsonBody(_) => "JsonBody".into(),
        Field::Headers(_) => "Headers".into(),
        Field::Cookies(_) => "Cookies".into(),
        Field::HeaderOrder(_) => "HeaderOrder".into(),
        Field::Ja3(_) => "JA3Fingerprint".into(),
        Field::Ja4(_) => "JA4Fingerprint".into(),
        Field::UriFragment(_) => "UriFragment".into(),
    }
}
