//! Which rules a record could match, by the names a rule cannot do without: an event meets a handful of
//! rules, not all of them. Leaving a rule out is allowed only where it must answer no.

use crate::rule::{Rule, Test, Value};
use model::{Event, LogKind};
use std::collections::{BTreeSet, HashMap};

/// Rules by log and by the `eventName` they require.
#[derive(Debug, Default)]
pub struct Index {
    by_name: HashMap<(LogKind, Box<str>), Vec<usize>>,
    others: HashMap<LogKind, Vec<usize>>,
}

impl Index {
    /// Indexes the rules.
    pub fn of(rules: &[Rule]) -> Self {
        let mut index = Self::default();
        for (at, rule) in rules.iter().enumerate() {
            match required(&rule.test, key(rule.log)) {
                Some(names) => {
                    for name in names {
                        index.by_name.entry((rule.log, name)).or_default().push(at);
                    }
                }
                None => index.others.entry(rule.log).or_default().push(at),
            }
        }
        index
    }

    /// The rules an event could match, in no order.
    pub fn candidates(&self, event: &Event) -> impl Iterator<Item = usize> {
        let name = event.record.get(key(event.log)).and_then(|v| v.as_str()).unwrap_or_default();
        let named = self.by_name.get(&(event.log, name.to_ascii_lowercase().into()));
        named.into_iter().flatten().chain(self.others.get(&event.log).into_iter().flatten()).copied()
    }
}

/// The field whose values tell most of a log's rules apart.
fn key(log: LogKind) -> &'static str {
    match log {
        LogKind::Cloudtrail => "eventName",
        LogKind::RdsAudit => "operation",
        LogKind::ApiGateway => "httpMethod",
        LogKind::Waf | LogKind::Vpcflow => "action",
        LogKind::Lambda | LogKind::Xray => "level",
    }
}

/// The values of which the field must have one for the test to hold, in lower case; `None` when it may hold
/// whatever the field is.
fn required(test: &Test, field: &str) -> Option<BTreeSet<Box<str>>> {
    match test {
        Test::All(tests) => tests.iter().filter_map(|test| required(test, field)).min_by_key(BTreeSet::len),
        Test::Any(tests) => {
            tests.iter().map(|test| required(test, field)).collect::<Option<Vec<_>>>().map(|sets| sets.into_iter().flatten().collect())
        }
        Test::Item(item) if *item.field.name == *field => item
            .values
            .iter()
            .map(|value| match value {
                Value::Text(pattern) => pattern.exact().map(|text| text.to_ascii_lowercase().into()),
                _ => None,
            })
            .collect(),
        Test::Not(_) | Test::Item(_) | Test::Keyword(_) => None,
    }
}
