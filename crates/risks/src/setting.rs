//! What a resource must say about itself: the shape of every risk that is one property away from being none. Three-valued:
//! a value that is not known is a finding with its condition, never a pass.

use crate::{Profile, Proved, Reason, Risk, blank};
use model::{App, Confidence, Edit, Finding, Fix, Kind, Node, Operation, Place, Resource, RiskId, Segment, Severity};
use serde_json::Value;

/// What a resource says about one of its properties.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// What it should.
    Right,
    /// Something else, or nothing; where that is written.
    Wrong(Place),
    /// It depends on a value that is not known: why, and where.
    Open(String, Place),
}

impl Told {
    /// Both must hold; what is wrong outranks what is open.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Wrong(place), _) | (_, Self::Wrong(place)) => Self::Wrong(place),
            (Self::Open(why, place), _) | (_, Self::Open(why, place)) => Self::Open(why, place),
            (Self::Right, Self::Right) => Self::Right,
        }
    }
}

/// What a resource says below `Properties`; a property that is missing is what `default` makes of it.
pub fn told_or(resource: &Resource, path: &[&str], default: bool, right: impl Fn(&Node) -> bool) -> Told {
    let mut node = &resource.properties;
    for key in path {
        if let Some(unknown) = node.unknown() {
            return Told::Open(unknown.why.clone(), node.place.clone());
        }
        match node.get(key) {
            Some(next) if !matches!(next.kind, Kind::Null) => node = next,
            _ if default => return Told::Right,
            _ => return Told::Wrong(resource.place.clone()),
        }
    }
    match node.unknown() {
        Some(unknown) => Told::Open(unknown.why.clone(), node.place.clone()),
        None if right(node) => Told::Right,
        None => Told::Wrong(node.place.clone()),
    }
}

/// The same for a property that must be there.
pub fn told(resource: &Resource, path: &[&str], right: impl Fn(&Node) -> bool) -> Told {
    told_or(resource, path, false, right)
}

/// A property that must be `true`.
pub fn on(resource: &Resource, path: &[&str]) -> Told {
    told(resource, path, |node| node.bool() == Some(true))
}

/// A property that must be there, whatever it says.
pub fn present(resource: &Resource, path: &[&str]) -> Told {
    told(resource, path, |node| !matches!(node.kind, Kind::Null))
}

/// The finding that follows; none where all is right.
pub fn finding(risk: RiskId, severity: Severity, resource: &Resource, told: Told, title: String) -> Option<Finding> {
    let exists = resource.condition.as_ref().map(|name| format!("{} exists only where {name} holds", resource.id.logical));
    let (place, open) = match told {
        Told::Right => return None,
        Told::Wrong(place) => (place, None),
        Told::Open(why, place) => (place, Some(why)),
    };
    Some(Finding {
        title,
        severity,
        confidence: if open.is_some() { Confidence::Low } else { Confidence::High },
        condition: open.or(exists),
        ..blank(risk, resource.id.to_string(), place)
    })
}

/// What is said of one resource: what it tells, the finding's title, and the fix.
pub type Said = (Told, String, Option<Fix>);

/// The findings over every resource of some types. A value that is not known has no fix: what decides it is not here.
pub fn each(app: &App, risk: RiskId, severity: Severity, kinds: &[&str], judge: impl Fn(&Resource) -> Option<Said>) -> Vec<Finding> {
    let resources = kinds.iter().flat_map(|kind| app.of_kind(kind));
    let said = resources.filter_map(|resource| {
        let (told, title, fix) = judge(resource)?;
        let known = matches!(told, Told::Wrong(_));
        let found = finding(risk, severity, resource, told, title)?;
        Some(Finding { fix: fix.filter(|_| known), ..found })
    });
    said.collect()
}

/// A risk that nobody attacks by itself and no log shows: hygiene, off by default. `mended` when its fix is a template edit.
pub const fn hygiene(slug: RiskId, page: &'static str, check: fn(&App) -> Vec<Finding>, mended: bool) -> Risk {
    Risk { profile: Profile::Hygiene, ..plain(slug, page, check, mended) }
}

/// The same, clear enough to be told by default.
pub const fn plain(slug: RiskId, page: &'static str, check: fn(&App) -> Vec<Finding>, mended: bool) -> Risk {
    const UNMENDED: &[(Proved, Reason)] =
        &[(Proved::Exploited, Reason::NoAttacker), (Proved::Blocked, Reason::AdviceOnly), (Proved::Detected, Reason::NoLog)];
    const MENDED: &[(Proved, Reason)] = &[(Proved::Exploited, Reason::NoAttacker), (Proved::Detected, Reason::NoLog)];
    let without = if mended { MENDED } else { UNMENDED };
    Risk { slug, page, profile: Profile::Default, check, attack: Err(Reason::NoAttacker.says()), detections: &[], without }
}

/// An edit of the property at `keys`, or, where SAM generated the resource, of the one at `sam` of what it was generated
/// from. `None` where the template has no place for it.
pub fn set(resource: &Resource, keys: &[&str], sam: Option<&[&str]>, value: Value) -> Option<Edit> {
    let (home, keys): (Vec<&str>, &[&str]) = match resource.generated_from.as_ref().map(|origin| &*origin.logical) {
        None => (vec!["Resources", &resource.id.logical, "Properties"], keys),
        // The implicit APIs stand nowhere; what is said of them is said in `Globals` (AWS SAM Developer Guide).
        Some("ServerlessRestApi") => (vec!["Globals", "Api"], sam?),
        Some("ServerlessHttpApi") => (vec!["Globals", "HttpApi"], sam?),
        Some(origin) => (vec!["Resources", origin, "Properties"], sam?),
    };
    let path = home.iter().chain(keys).map(|key| Segment::from(*key));
    Some(Edit::document(resource.place.file.clone(), path, Operation::Set(value)))
}

/// An edit of an attribute beside `Properties`, such as `DeletionPolicy`.
pub fn attribute(resource: &Resource, name: &str, value: Value) -> Option<Edit> {
    let logical = match &resource.generated_from {
        None => &resource.id.logical,
        // Attributes pass from a SAM resource to the one it stands for (AWS SAM Developer Guide, "Generated resources").
        Some(origin) if origin.logical == resource.id.logical => &origin.logical,
        Some(_) => return None,
    };
    Some(Edit::document(resource.place.file.clone(), ["Resources", logical, name].map(Segment::from), Operation::Set(value)))
}

/// An edit that adds a resource to the template of another, and its logical id. `None` where the name is taken.
pub fn add(app: &App, beside: &Resource, logical: &str, declaration: Value) -> Option<Edit> {
    let taken = app.resources().any(|r| r.id.stack == beside.id.stack && &*r.id.logical == logical);
    let path = ["Resources", logical].map(Segment::from);
    (!taken).then(|| Edit::document(beside.place.file.clone(), path, Operation::Set(declaration)))
}

/// A fix of one or more edits; none where one of them has no place.
pub fn fix(says: &str, safe: bool, edits: impl IntoIterator<Item = Option<Edit>>) -> Option<Fix> {
    let edits: Option<Vec<Edit>> = edits.into_iter().collect();
    Some(Fix { says: says.to_owned(), safe, edits: edits?, then: None })
}

/// A fix after which a person has something to do.
pub fn fix_then(says: &str, edits: impl IntoIterator<Item = Option<Edit>>, then: &str) -> Option<Fix> {
    fix(says, false, edits).map(|fix| Fix { then: Some(then.to_owned()), ..fix })
}

/// Whether a value names this resource: by what `Ref` gives, by its ARN, or by a text that holds one of them.
pub fn names(node: &Node, resource: &Resource) -> bool {
    node.scalar().is_some_and(|text| text == resource.physical_id || resource.arn.as_ref().is_some_and(|arn| text.contains(arn.as_str())))
}
