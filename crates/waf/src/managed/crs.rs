//! Patterns of a Core Rule Set beside our own: each rule's operator and transformations as a statement of WAFv2, on
//! the component of AWS's rule. Anomaly scores and paranoia levels of the rule set play no part; of its targets one thing does:
//! what is not meant for headers is not laid on them, for browsers send much there that looks like a command.

use crate::seclang::{Operator, RuleSet, Selector, Target, Variable};
use crate::transform::Transformation;
use crate::wafv2::Pattern;
use crate::wafv2::ast::{Field, Inspect, RegexPatternSet, Statement};
use std::sync::Arc;

/// A set of rules by id: what `--crs` names.
pub trait RuleSource {
    /// What the rule of this id looks for; `None` where there is no such rule, or it cannot be said as patterns.
    fn patterns(&self, id: u32) -> Option<Backing>;
}

/// What one rule looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backing {
    /// Regular expressions, of which one must match.
    pub regexes: Vec<String>,
    /// What is done to a value first, beyond URL decoding: a rule set's variables arrive decoded, AWS's components do not.
    pub transformations: Vec<Transformation>,
    /// Whether the rule itself looks at every request header.
    pub headers: bool,
}

/// What the rules of these ids look for, each as a statement; those that the source does not have, or that AWS would refuse
/// as patterns, or that are not meant for this component, are left out.
pub(super) fn statements(source: &dyn RuleSource, ids: &[u32], field: &Field) -> Vec<Statement> {
    let fits = |backing: &Backing| backing.headers || !matches!(field, Field::Headers(_));
    ids.iter().filter_map(|id| statement(*id, source.patterns(*id).filter(fits)?, field)).collect()
}

fn statement(id: u32, backing: Backing, field: &Field) -> Option<Statement> {
    let patterns: Option<Vec<Arc<Pattern>>> = backing.regexes.iter().map(|regex| Some(Arc::new(Pattern::new(regex).ok()?))).collect();
    let set = Arc::new(RegexPatternSet { arn: format!("crs:{id}"), patterns: patterns.filter(|patterns| !patterns.is_empty())? });
    let own = backing.transformations.into_iter().filter(|one| !matches!(one, Transformation::None | Transformation::UrlDecodeUni));
    let transformations: Vec<Transformation> = std::iter::once(Transformation::UrlDecodeUni).chain(own).collect();
    Some(Statement::RegexPatternSet { set, on: Inspect::new(field.clone(), transformations) })
}

impl RuleSource for RuleSet {
    /// Rules of one condition with `@rx`, `@pm` or `@pmFromFile`; a chain, a negation or a test of numbers says something
    /// that patterns alone do not.
    fn patterns(&self, id: u32) -> Option<Backing> {
        let rule = self.rules().find(|rule| rule.id == id)?;
        let [link] = rule.links.as_slice() else { return None };
        let regexes = match link.operator.as_ref().filter(|_| !link.negated)? {
            Operator::Rx(regex) => vec![regex.text().to_owned()],
            Operator::Phrases(phrases) => {
                let escaped: Option<Vec<String>> =
                    phrases.list().iter().map(|phrase| Some(regex::escape(std::str::from_utf8(phrase).ok()?))).collect();
                vec![format!("(?i)(?:{})", escaped?.join("|"))]
            }
            _ => return None,
        };
        let headers = |target: &Target| target.variable == Variable::RequestHeaders && target.selector == Selector::All && !target.count;
        Some(Backing { regexes, transformations: link.actions.transformations.clone(), headers: link.targets.looked.iter().any(headers) })
    }
}
