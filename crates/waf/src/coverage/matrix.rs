//! The coverage matrix: every class of attack in every component, sent through the web ACL.

use super::attack::{Class, Component, Draft, classes};
use crate::request::Request;
use crate::wafv2::{At, Judgement, Outcome, ResourceType, Tier, WebAcl};

/// What the web ACL does with an attack in a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is stopped by this rule, whose tier is named if it is a managed one. `inferred` says why the match is not one
    /// that AWS documents.
    Blocked {
        /// Names from the web ACL's rule inwards.
        rule: String,
        /// The tier's letter.
        tier: Option<char>,
        /// Why it is inferred, if it is.
        inferred: Option<&'static str>,
    },
    /// A rule matches and only counts.
    Counted {
        /// The rule.
        rule: String,
    },
    /// No rule takes notice.
    Invisible,
    /// A harmless request of the same form is refused too, so nothing is said about the attack.
    Refused,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The class's name.
    pub class: &'static str,
    /// The component.
    pub component: Component,
    /// What happened.
    pub seen: Seen,
}

/// All cells, class by class.
pub(super) fn matrix(acl: &WebAcl, resource: ResourceType) -> Vec<Cell> {
    let all = classes().iter().flat_map(|class| Component::ALL.map(|component| (class, component)));
    all.map(|(class, component)| Cell { class: class.name, component, seen: cell(acl, resource, class, component) }).collect()
}

fn cell(acl: &WebAcl, resource: ResourceType, class: &Class, component: Component) -> Seen {
    let limit = resource.body_limit(acl);
    let attack = judge(acl, resource, &Draft::new(component, class.payload, limit));
    let harmless = judge(acl, resource, &Draft::new(component, "plain", limit));
    if harmless.outcome != Outcome::Allow {
        // Rules on size and on invalid JSON stop the form, whatever it holds: that is what they are for.
        let odd = matches!(component, Component::BeyondLimit | Component::JsonDuplicateKey);
        return if odd && usual_passes(acl, resource) { blocked(&attack) } else { Seen::Refused };
    }
    if attack.outcome != Outcome::Allow {
        return blocked(&attack);
    }
    match counted(&attack, &harmless) {
        Some(rule) => Seen::Counted { rule },
        None => Seen::Invisible,
    }
}

fn usual_passes(acl: &WebAcl, resource: ResourceType) -> bool {
    judge(acl, resource, &Draft::new(Component::JsonBody, "plain", 0)).outcome == Outcome::Allow
}

fn blocked(attack: &Judgement) -> Seen {
    let end = attack.terminating.as_ref();
    Seen::Blocked {
        rule: attack.path().join("/"),
        tier: end.and_then(|end| end.matched.tier).map(Tier::letter),
        inferred: end.and_then(|end| end.matched.inferred),
    }
}

/// A rule that counted the attack and not the harmless request.
fn counted(attack: &Judgement, harmless: &Judgement) -> Option<String> {
    let names = |judgement: &Judgement| -> Vec<String> {
        let own = judgement.non_terminating.iter().map(|matched| matched.rule.clone());
        let groups = judgement.groups.iter().flat_map(|group| {
            let inside = group.non_terminating.iter().chain(&group.terminating);
            inside.map(|matched| format!("{}/{}", group.id, matched.rule))
        });
        own.chain(groups).collect()
    };
    let usual = names(harmless);
    names(attack).into_iter().find(|rule| !usual.contains(rule))
}

/// The web ACL's judgement on a draft.
pub(super) fn judge(acl: &WebAcl, resource: ResourceType, draft: &Draft) -> Judgement {
    let request = draft.request();
    acl.judge(&Request::of(&request), resource, &At(0))
}
