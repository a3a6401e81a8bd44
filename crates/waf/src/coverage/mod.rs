//! Is this web ACL effective? Which attacks it stops in which part of a request, where it does not, one minimal request
//! that proves each hole, and the edit that closes it.
//!
//! ```text
//! web ACL ──matrix──▶ class × component: blocked, counted, invisible
//!         └─checks──▶ settings that let through what is found
//!         both ─────▶ Hole { why, witness (smallest request that passes, and is stopped after the fix), fix }
//! ```
//!
//! A proof rests on what is certain: where a rule of tier C, P or X looks at the component too, AWS may answer otherwise,
//! and the hole says so instead of calling itself proven.

mod attack;
mod checks;
mod fix;
mod matrix;
mod minimise;
mod sight;
#[cfg(test)]
mod tests;

pub use attack::{Class, Component, classes};
pub use fix::Fix;
pub use matrix::{Cell, Seen};

use crate::transform::Transformation as T;
use crate::wafv2::{Outcome, ResourceType, WebAcl};
use attack::Draft;
use checks::Met;
use matrix::judge;
use model::{HttpRequest, Node, Place};
use std::collections::BTreeSet;

/// A web ACL in front of a resource, with the document it was read from where one is to be edited.
pub struct Subject<'a> {
    /// The web ACL.
    pub acl: &'a WebAcl,
    /// What it protects: the limit of bodies depends on it.
    pub resource: ResourceType,
    /// Where it was written, if it is to be edited.
    pub source: Option<Source<'a>>,
}

/// The web ACL's own object, and how a changed one is read.
pub type Source<'a> = (&'a Node, &'a dyn Fn(&Node) -> Option<WebAcl>);

/// The answer.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// Every class of attack in every component.
    pub matrix: Vec<Cell>,
    /// Every hole, those of the matrix first.
    pub holes: Vec<Hole>,
    /// What could not be assessed: rules and groups that are not simulated.
    pub unassessed: Vec<String>,
}

/// A way past the web ACL.
#[derive(Clone, Debug)]
pub struct Hole {
    /// `component-not-inspected`, `missing-decode`, `oversize-continue`, `counts-only`, ...
    pub kind: &'static str,
    /// The rule it is about; empty where it is about none.
    pub rule: String,
    /// Where that is written.
    pub place: Place,
    /// The finding in a sentence.
    pub says: String,
    /// The smallest request that passes and is an attack.
    pub witness: Option<Witness>,
    /// Whether the witness proves it: nothing that it rests on is our approximation. Else, what it depends on.
    pub depends: Vec<String>,
    /// The edit that stops the witness.
    pub fix: Option<Fix>,
}

impl Hole {
    /// Whether a request proves it, and rests on documented behaviour only.
    pub fn is_proven(&self) -> bool {
        self.witness.is_some() && self.depends.is_empty()
    }
}

/// A request that passes a web ACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The class of attack.
    pub class: &'static str,
    /// Where it stands.
    pub component: Component,
    /// What it carries.
    pub payload: String,
    /// The request.
    pub request: HttpRequest,
}

/// Looks at a web ACL from both sides.
pub fn assess(subject: &Subject<'_>) -> Assessment {
    let Subject { acl, resource, source } = *subject;
    let matrix = matrix::matrix(acl, resource);
    let mut holes = Vec::new();
    let mut seen = BTreeSet::new();
    for class in classes() {
        let cells: Vec<&Cell> = matrix.iter().filter(|cell| cell.class == class.name).collect();
        // That a form is refused says nothing of the class.
        let mut usual = cells.iter().filter(|cell| !matches!(cell.component, Component::BeyondLimit | Component::JsonDuplicateKey));
        let noticed = usual.any(|cell| matches!(cell.seen, Seen::Blocked { .. } | Seen::Counted { .. }));
        for cell in cells.into_iter().filter(|cell| cell.seen == Seen::Invisible) {
            let hole = invisible(subject, class, cell.component, noticed);
            // One hole for one reason: the other classes and components that fall into it add nothing.
            if seen.insert((
                hole.kind,
                hole.rule.clone(),
                if noticed { Some(cell.component) } else { None },
                (!noticed).then_some(class.name),
            )) {
                holes.push(hole);
            }
        }
    }
    for cell in &matrix {
        holes.extend(inferred(subject, cell));
    }
    for found in checks::all(acl, source.map(|(node, _)| node)) {
        holes.push(with_witness(subject, found));
    }
    let probe = judge(acl, resource, &Draft::new(Component::JsonBody, "plain", 0));
    let unassessed = probe.unassessed.into_iter().map(|one| format!("{}: {}", one.rule, one.why)).collect();
    Assessment { matrix, holes, unassessed }
}

/// The attacks that a web ACL stops where AWS documents that it does, each as a request: what nobody can send who does not go around it.
pub fn stopped(acl: &WebAcl, resource: ResourceType) -> Vec<Witness> {
    let limit = resource.body_limit(acl);
    let documented = |cell: &Cell| matches!(cell.seen, Seen::Blocked { tier: None | Some('E' | 'B'), inferred: None, .. });
    let witness = |cell: Cell| {
        let class = classes().iter().find(|class| class.name == cell.class)?;
        let draft = Draft::new(cell.component, class.payload, limit);
        Some(Witness { class: class.name, component: cell.component, payload: class.payload.to_owned(), request: draft.request() })
    };
    matrix::matrix(acl, resource).into_iter().filter(documented).filter_map(witness).collect()
}

/// A cell in which no rule takes notice, explained.
fn invisible(subject: &Subject<'_>, class: &'static Class, component: Component, noticed: bool) -> Hole {
    let acl = subject.acl;
    let limit = subject.resource.body_limit(acl);
    let (kind, rule, place, says) = match sight::meant_for(acl, class, component) {
        Some((rule, transformations)) => {
            let (kind, why) = why(component, transformations, limit);
            let says = format!("{} looks for {} and misses it in a {}: {why}", rule.name, class.name, component.name());
            (kind, rule.name.clone(), rule.place.clone(), says)
        }
        None if component == Component::BeyondLimit => {
            let says =
                format!("{} inspects {limit} bytes of a body, and no rule stops longer ones: {} passes behind them", acl.name, class.name);
            ("oversize-continue", String::new(), acl.place.clone(), says)
        }
        None if noticed => {
            let says = format!("no rule of {} looks for {} in a {}", acl.name, class.name, component.name());
            ("component-not-inspected", String::new(), acl.place.clone(), says)
        }
        None => {
            let says = format!("no rule of {} takes notice of {}", acl.name, class.name);
            ("class-not-inspected", String::new(), acl.place.clone(), says)
        }
    };
    let fix = subject.source.map(|(node, _)| match component {
        Component::BeyondLimit => fix::add_size_rule(node, limit),
        _ => fix::add_rule(node, class, component),
    });
    let draft = Draft::new(component, class.payload, limit);
    let depends = sight::approximations(acl, class, component);
    let mut hole = Hole { kind, rule, place, says, witness: None, depends, fix };
    prove(subject, class, draft, &mut hole);
    hole
}

/// An escaped string that is stopped only if AWS reads JSON where it documents that it reads bytes. Nothing is proven by it
/// either way.
fn inferred(subject: &Subject<'_>, cell: &Cell) -> Option<Hole> {
    let Seen::Blocked { rule, inferred: Some(why), .. } = &cell.seen else { return None };
    let class = classes().iter().find(|class| class.name == cell.class && cell.component == Component::JsonEscaped)?;
    let (found, _) = sight::meant_for(subject.acl, class, cell.component)?;
    Some(Hole {
        kind: "missing-decode",
        rule: found.name.clone(),
        place: found.place.clone(),
        says: format!(
            "{rule} does not decode JSON's \\u0027; that it stops {} in a {} is inferred: {why}",
            class.name,
            cell.component.name()
        ),
        witness: None,
        depends: vec![(*why).to_owned()],
        fix: subject.source.map(|(node, _)| fix::add_rule(node, class, cell.component)),
    })
}

/// Why a rule that looks at a component does not find what stands there.
fn why(component: Component, transformations: &[T], limit: usize) -> (&'static str, String) {
    let decodes = |one: &T| matches!(one, T::UrlDecode | T::UrlDecodeUni);
    let unescapes = |one: &T| matches!(one, T::JsDecode | T::JsDecodeExt | T::EscapeSeqDecode(_));
    match component {
        Component::BeyondLimit => ("oversize-continue", format!("only {limit} bytes of a body are inspected, and longer ones go on")),
        Component::JsonEscaped if !transformations.iter().any(unescapes) => {
            ("missing-decode", "JSON may write any character as \\u0027, and the rule reads the body as it came".into())
        }
        Component::JsonDuplicateKey => {
            ("json-fallback", "inspection of JSON ends at a key that stands twice, and what follows is not seen".into())
        }
        Component::UriPath | Component::QueryArgument | Component::FormBody if !transformations.iter().any(decodes) => {
            ("missing-decode", "it stands there percent-encoded, and the rule does not decode it".into())
        }
        _ => ("not-found", "the statement does not find it there".into()),
    }
}

/// Gives a static finding a request that shows it, where one can be made.
fn with_witness(subject: &Subject<'_>, found: checks::Found) -> Hole {
    let checks::Found { kind, rule, place, says, fix } = found;
    let mut hole = Hole { kind, rule, place, says, witness: None, depends: Vec::new(), fix };
    let limit = subject.resource.body_limit(subject.acl);
    let passes = |draft: &Draft| judge(subject.acl, subject.resource, draft).outcome == Outcome::Allow;
    let drafts = classes().iter().flat_map(|class| Component::ALL.map(|component| (class, Draft::new(component, class.payload, limit))));
    match kind {
        // An attack that the rule notices and lets pass, and that the fix stops.
        "counts-only" | "label-never-added" => {
            let shows = |draft: &Draft| passes(draft) && stopped_after(subject, hole.fix.as_ref(), draft) == Some(true);
            // A long body shows the least: many rules stop it.
            let (long, short): (Vec<_>, Vec<_>) = drafts.partition(|(_, draft)| draft.component == Component::BeyondLimit);
            if let Some((class, draft)) = short.into_iter().chain(long).find(|(_, draft)| shows(draft)) {
                hole.depends = sight::approximations(subject.acl, class, draft.component);
                prove(subject, class, draft, &mut hole);
            }
        }
        // An attack that is stopped alone and passes with what the client adds.
        "allow-on-client-data" => {
            let statement = subject.acl.rules.iter().find(|known| known.name == hole.rule).map(|known| &known.statement);
            let Some((_, Some(met))) = statement.and_then(checks::chosen_by_client) else { return hole };
            let first = drafts.into_iter().filter(|(_, draft)| !passes(draft)).map(|(class, draft)| (class, meeting(draft, &met)));
            if let Some((class, draft)) = first.into_iter().find(|(_, draft)| passes(draft)) {
                // The inspection ends before any other rule is asked, so nothing depends on what those would say.
                prove(subject, class, draft, &mut hole);
            }
        }
        _ => {}
    }
    hole
}

fn meeting(mut draft: Draft, met: &Met) -> Draft {
    match met {
        Met::Header(name, value) => {
            draft.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            draft.headers.push((name.clone(), value.clone()));
        }
        Met::Query(text) => draft.query.clone_from(text),
    }
    draft
}

/// Makes the draft as small as it still passes, is an attack, and is stopped by the fix. A fix that does not stop it is
/// no fix and is dropped.
fn prove(subject: &Subject<'_>, class: &'static Class, draft: Draft, hole: &mut Hole) {
    let passes = |draft: &Draft| {
        let judgement = judge(subject.acl, subject.resource, draft);
        judgement.outcome == Outcome::Allow && class.is_attack(draft.payload.as_bytes())
    };
    if !passes(&draft) {
        return;
    }
    if stopped_after(subject, hole.fix.as_ref(), &draft) == Some(false) {
        hole.fix = None;
    }
    let changed = hole.fix.as_ref().and_then(|fix| reread(subject, fix));
    let stopped = |draft: &Draft| changed.as_ref().is_none_or(|acl| judge(acl, subject.resource, draft).outcome != Outcome::Allow);
    let small = minimise::minimise(draft, &|draft| passes(draft) && stopped(draft));
    let request = small.request();
    hole.witness = Some(Witness { class: class.name, component: small.component, payload: small.payload, request });
}

/// Whether the web ACL stops a draft with this fix; `None` without a fix or a document to apply it to.
fn stopped_after(subject: &Subject<'_>, fix: Option<&Fix>, draft: &Draft) -> Option<bool> {
    let changed = reread(subject, fix?)?;
    Some(judge(&changed, subject.resource, draft).outcome != Outcome::Allow)
}

fn reread(subject: &Subject<'_>, fix: &Fix) -> Option<WebAcl> {
    let (node, read) = subject.source?;
    read(&fix::applied(node, fix)?)
}
