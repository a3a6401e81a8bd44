//! `groups.txt`: the groups and their rules, made into the rule language of WAFv2.

use super::crs::{self, RuleSource};
use super::patterns;
use crate::transform::{Dialect, Transformation as T};
use crate::wafv2::ast;
use crate::wafv2::ast::{Action, Comparison, Field, Filter, Inspect, MapMatch, Oversize, Position, RuleAction, Scope, Statement, Tier};
use model::Place;
use std::collections::BTreeMap;
use std::sync::OnceLock;

const FILE: &str = "managed/groups.txt";

/// A group as the file has it.
pub(super) struct Group {
    pub(super) name: &'static str,
    capacity: u64,
    namespace: &'static str,
    pub(super) rules: Vec<Rule>,
}

/// A rule as the file has it.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// The last part of its label.
    pub(super) label: &'static str,
    pub(super) tier: Tier,
    component: &'static str,
    test: &'static str,
    crs: Vec<u32>,
    line: u32,
}

/// Every group, in the order of the file.
pub(super) fn groups() -> &'static [Group] {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    GROUPS.get_or_init(|| read(include_str!("groups.txt")))
}

fn read(text: &'static str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&'static str> = line.split(' ').collect();
        match (words.as_slice(), groups.last_mut()) {
            (["group", name, capacity, namespace], _) => {
                groups.push(Group { name, capacity: capacity.parse().unwrap_or(0), namespace, rules: Vec::new() });
            }
            ([name, label, tier, component, test, ids @ ..], Some(group)) => {
                let crs = ids.iter().flat_map(|ids| ids.split(',')).filter_map(|id| id.parse().ok()).collect();
                group.rules.push(Rule { name, label, tier: tier_of(tier), component, test, crs, line: at as u32 + 1 });
            }
            _ => {}
        }
    }
    groups
}

fn tier_of(letter: &str) -> Tier {
    match letter {
        "E" => Tier::Exact,
        "B" => Tier::BuiltIn,
        "C" => Tier::Approximation,
        "P" => Tier::Examples,
        _ => Tier::NotSimulated,
    }
}

impl Group {
    /// The group as a web ACL refers to it.
    pub(super) fn build(&self, crs: Option<&dyn RuleSource>) -> ast::RuleGroup {
        let rules = self.rules.iter().enumerate().map(|(at, rule)| rule.build(at, crs)).collect();
        ast::RuleGroup {
            name: self.name.to_owned(),
            arn: format!("{}#{}", super::VENDOR, self.name),
            capacity: self.capacity,
            rules,
            label_prefix: format!("awswaf:managed:aws:{}:", self.namespace),
            bodies: BTreeMap::new(),
        }
    }
}

impl Rule {
    fn build(&self, at: usize, crs: Option<&dyn RuleSource>) -> ast::Rule {
        // The one managed rule whose own action is Count.
        let counts = self.name == "AWSManagedIPDDoSList";
        ast::Rule {
            name: self.name.to_owned(),
            priority: at as i64,
            statement: self.statement(crs),
            action: RuleAction::Act(if counts { Action::Count(Vec::new()) } else { Action::Block(None) }),
            labels: vec![self.label.to_owned()],
            captcha_immunity: None,
            challenge_immunity: None,
            visibility: ast::Visibility { sampled: true, metrics: true, metric: self.name.to_owned() },
            tier: Some(self.tier),
            place: Place::new(FILE, self.line, 1),
        }
    }

    fn statement(&self, crs: Option<&dyn RuleSource>) -> Statement {
        let (kind, argument) = self.test.split_once(':').unwrap_or((self.test, ""));
        let on = |transformations: &[T]| self.field().map(|field| Inspect::new(field, transformations));
        let decoded = [T::UrlDecodeUni];
        let statement = match kind {
            "absent" => self.component.split_once(':').map(|(_, name)| Statement::HeaderAbsent(name.to_owned())),
            "over" => {
                argument.parse().ok().zip(on(&[])).map(|(size, on)| Statement::SizeConstraint { comparison: Comparison::Gt, size, on })
            }
            "is" => on(&[]).map(|on| Statement::ByteMatch { search: argument.into(), position: Position::Exactly, on }),
            "sqli" => on(&decoded).map(|on| Statement::SqliMatch { high: false, on }),
            "xss" => on(&[T::UrlDecodeUni, T::HtmlEntityDecode(Dialect::Aws)]).map(|on| Statement::XssMatch { on }),
            "match" => self.field().map(|field| {
                // Both: a rule set's patterns for one rule need not cover what the documentation's examples say of it.
                let mut all: Vec<Statement> = argument.split('+').filter_map(|name| patterns::statement(name, &field)).collect();
                all.extend(crs.map(|set| crs::statements(set, &self.crs, &field)).unwrap_or_default());
                any(if self.component == "body" { all.into_iter().flat_map(as_text_and_json).collect() } else { all })
            }),
            _ => None,
        };
        // A rule without content is one that is not simulated; it never matches in silence.
        statement.unwrap_or(Statement::NotSimulated)
    }

    /// The component, inspected as the documentation says: oversize content with `Continue`.
    fn field(&self) -> Option<Field> {
        let map = |scope| MapMatch { filter: Filter::All, scope, oversize: Oversize::Continue };
        Some(match self.component {
            "query" => Field::QueryString,
            "arguments" => Field::AllQueryArguments,
            "path" => Field::UriPath,
            "body" => Field::Body(Oversize::Continue),
            "method" => Field::Method,
            "headers" => Field::Headers(map(Scope::All)),
            "cookies" => Field::Cookies(map(Scope::Value)),
            other => Field::SingleHeader(other.strip_prefix("header:")?.to_owned()),
        })
    }
}

/// A body is read as it came, and once more with the escapes of JSON undone. Only our own approximations may choose that.
fn as_text_and_json(statement: Statement) -> Vec<Statement> {
    let mut out = vec![statement.clone()];
    if let Statement::RegexPatternSet { set, mut on } = statement {
        on.transformations.insert(0, T::JsDecode);
        out.push(Statement::RegexPatternSet { set, on });
    }
    out
}

fn any(mut statements: Vec<Statement>) -> Statement {
    match statements.len() {
        0 => Statement::NotSimulated,
        1 => statements.remove(0),
        _ => Statement::Or(statements),
    }
}
