//! What a rule looks at: which statements of a web ACL see a component of the request, and how faithful they are.

use super::attack::{Class, Component};
use crate::transform::Transformation as T;
use crate::wafv2::ast::{Action, Field, GroupReference, Inspect, Rule, RuleAction, Statement, Tier, WebAcl};

/// Whether a component of a rule is one that the attack's component is part of.
pub(super) fn sees(field: &Field, component: Component) -> bool {
    match field {
        Field::UriPath => component == Component::UriPath,
        Field::QueryString | Field::AllQueryArguments | Field::SingleQueryArgument(_) => component == Component::QueryArgument,
        Field::SingleHeader(name) => {
            component == Component::Header || (component == Component::Cookie && name.eq_ignore_ascii_case("cookie"))
        }
        Field::Headers(_) => matches!(component, Component::Header | Component::Cookie),
        Field::Cookies(_) => component == Component::Cookie,
        // What lies behind the limit is seen by nobody.
        Field::Body(_) => component.is_body() && component != Component::BeyondLimit,
        Field::JsonBody(_) => component.is_body() && !matches!(component, Component::BeyondLimit | Component::FormBody),
        Field::Method | Field::HeaderOrder(_) | Field::Ja3(_) | Field::Ja4(_) | Field::UriFragment(_) => false,
    }
}

/// Every statement that looks at a component, within `And`, `Or`, `Not`, scope-downs and groups.
pub(super) fn walk<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Statement)) {
    visit(statement);
    match statement {
        Statement::And(all) | Statement::Or(all) => all.iter().for_each(|one| walk(one, visit)),
        Statement::Not(one) => walk(one, visit),
        Statement::RateBased(rate) => {
            if let Some(scope) = &rate.scope_down {
                walk(scope, visit);
            }
        }
        Statement::Group(group) => {
            for rule in group.group.iter().flat_map(|group| &group.rules) {
                walk(&rule.statement, visit);
            }
        }
        _ => {}
    }
}

/// What a statement looks at, and how.
pub(super) fn inspected(statement: &Statement) -> Option<&Inspect> {
    match statement {
        Statement::ByteMatch { on, .. }
        | Statement::SqliMatch { on, .. }
        | Statement::XssMatch { on }
        | Statement::SizeConstraint { on, .. }
        | Statement::RegexMatch { on, .. }
        | Statement::RegexPatternSet { on, .. } => Some(on),
        _ => None,
    }
}

/// Whether a statement is of the kind that finds this class.
pub(super) fn finds(statement: &Statement, class: &Class) -> bool {
    match class.statement {
        "sqli" => matches!(statement, Statement::SqliMatch { .. }),
        "xss" => matches!(statement, Statement::XssMatch { .. }),
        _ => matches!(statement, Statement::RegexMatch { .. } | Statement::RegexPatternSet { .. } | Statement::ByteMatch { .. }),
    }
}

/// The first rule that means to find this class in this component and acts on it, with what it does to the value first.
pub(super) fn meant_for<'a>(acl: &'a WebAcl, class: &Class, component: Component) -> Option<(&'a Rule, &'a [T])> {
    acl.rules.iter().find_map(|rule| {
        let mut found = None;
        walk(&rule.statement, &mut |statement| {
            if let Some(on) = inspected(statement)
                && finds(statement, class)
                && (sees(&on.field, component)
                    || (component == Component::BeyondLimit && matches!(on.field, Field::Body(_) | Field::JsonBody(_))))
            {
                found = found.or(Some(on.transformations.as_slice()));
            }
        });
        found.map(|transformations| (rule, transformations))
    })
}

/// The rules of managed groups whose answer on this component could be another one at AWS's: approximations, and built-in
/// statements on this class, since what AWS decodes before them is not documented. A proof that something passes may not
/// rest on them.
pub(super) fn approximations(acl: &WebAcl, class: &Class, component: Component) -> Vec<String> {
    let mut out = Vec::new();
    for rule in &acl.rules {
        let (Statement::Group(group), RuleAction::Group { count: false }) = (&rule.statement, &rule.action) else { continue };
        for inner in group.group.iter().flat_map(|group| &group.rules).filter(|inner| !counts(group, inner)) {
            let approximate = matches!(inner.tier, Some(Tier::Approximation | Tier::Examples | Tier::NotSimulated));
            let mut looks = inner.tier == Some(Tier::NotSimulated);
            walk(&inner.statement, &mut |statement| {
                let sees = inspected(statement).is_some_and(|on| sees(&on.field, component));
                looks |= sees && (approximate || (inner.tier == Some(Tier::BuiltIn) && finds(statement, class)));
            });
            if looks {
                let letter = inner.tier.map_or('X', Tier::letter);
                out.push(format!("{} (tier {letter})", inner.name));
            }
        }
        if group.group.as_ref().is_none_or(|group| group.rules.is_empty()) {
            out.push(format!("{} (tier X)", group.id));
        }
    }
    out
}

/// Whether a rule of a group is made to count only.
pub(super) fn counts(group: &GroupReference, rule: &Rule) -> bool {
    group.excluded.contains(&rule.name) || matches!(group.overrides.get(&rule.name), Some(Action::Count(_)))
}
