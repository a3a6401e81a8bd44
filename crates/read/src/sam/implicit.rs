//! APIs that no resource declares: events of functions and state machines that name none share one. Also the bodies that
//! SAM makes where an API has none, with a place for each route that events ask for.

use super::body::{ANY, add_path, is_valid, paths};
use super::make::{Put as _, choice, given, is_map, list, map, named_by_ref, reference, set, text, when};
use super::{Work, kind_of};
use model::{Kind, Member, Node, Place};
use std::collections::{BTreeMap, BTreeSet};

/// What REST and HTTP APIs differ in.
pub(super) struct Sort {
    /// The type of their events.
    pub event: &'static str,
    /// The property of the event that names the API.
    pub id: &'static str,
    /// The logical id of the one that SAM makes.
    pub logical: &'static str,
    pub resource: &'static str,
    is_http: bool,
}

pub(super) const REST: Sort =
    Sort { event: "Api", id: "RestApiId", logical: "ServerlessRestApi", resource: "AWS::Serverless::Api", is_http: false };
pub(super) const HTTP: Sort =
    Sort { event: "HttpApi", id: "ApiId", logical: "ServerlessHttpApi", resource: "AWS::Serverless::HttpApi", is_http: true };

/// The conditions under which the methods of each path exist.
type Conditions = BTreeMap<String, BTreeMap<String, BTreeMap<String, Option<String>>>>;

/// What the events found so far say about APIs.
#[derive(Default)]
struct Seen {
    conditions: Conditions,
    /// `DeletionPolicy` and `UpdateReplacePolicy` of what the events belong to, where the API is the implicit one.
    policies: [BTreeSet<String>; 2],
}

/// The body that SAM starts from.
pub(super) fn skeleton(is_http: bool, place: &Place) -> Node {
    let version = if is_http { ("openapi", text("3.0.1", place)) } else { ("swagger", text("2.0", place)) };
    let info = map([("version", text("1.0", place)), ("title", reference("AWS::StackName", place))], place);
    map([version, ("info", info), ("paths", map([], place))], place)
}

impl Work<'_> {
    /// A body for each API that has neither a body nor a file.
    pub(super) fn default_bodies(&mut self) {
        for member in &mut self.declared {
            let is_http = match kind_of(&member.value) {
                "AWS::Serverless::Api" => false,
                "AWS::Serverless::HttpApi" => true,
                _ => continue,
            };
            let place = member.key_place.clone();
            let properties = member.value.entry("Properties");
            if set(properties, "DefinitionBody").is_none() && set(properties, "DefinitionUri").is_none() {
                properties.put("DefinitionBody", skeleton(is_http, &place));
                self.managed.insert(member.key.clone());
            }
        }
    }

    pub(super) fn implicit_apis(&mut self, sort: &Sort) {
        let first = self.declared.iter().find_map(|member| {
            let events = member.value.at(&["Properties", "Events"])?.members();
            events.iter().find(|event| kind_of(&event.value) == sort.event).map(|event| event.key_place.clone())
        });
        let Some(place) = first else { return };
        let existing = self.declared.iter().position(|member| member.key == sort.logical).map(|at| self.declared.remove(at));
        let mut properties = map([("DefinitionBody", skeleton(sort.is_http, &place))], &place);
        if !sort.is_http {
            properties.put("StageName", text("Prod", &place));
        }
        let value = map([("Type", text(sort.resource, &place)), ("Properties", properties)], &place);
        self.declared.push(Member { key: sort.logical.to_owned(), key_place: place.clone(), value });
        let was_managed = !self.managed.insert(sort.logical.to_owned());
        let mut seen = Seen::default();
        for at in 0..self.declared.len() {
            let Some(owner) = self.declared.get(at).cloned() else { continue };
            if matches!(kind_of(&owner.value), "AWS::Serverless::Function" | "AWS::Serverless::StateMachine") {
                self.events_of(sort, at, &owner, &mut seen);
            }
        }
        self.implicit_attributes(sort, &seen, &place);
        self.conditional_paths(sort, &seen.conditions);
        let is_used =
            self.declared(sort.logical).and_then(|api| api.at(&["Properties", "DefinitionBody"])).is_some_and(|b| !paths(b).is_empty());
        if !is_used {
            self.declared.retain(|member| member.key != sort.logical);
            if !was_managed {
                self.managed.remove(sort.logical);
            }
            self.declared.extend(existing);
        }
    }

    fn events_of(&mut self, sort: &Sort, at: usize, owner: &Member, seen: &mut Seen) {
        let events = owner.value.at(&["Properties", "Events"]).map(Node::members).unwrap_or_default();
        for event in events.iter().filter(|event| kind_of(&event.value) == sort.event) {
            let place = &event.key_place;
            let mut p = event.value.get("Properties").cloned().unwrap_or_else(|| map([], place));
            if !is_map(&p) {
                self.refuse(format!("the properties of the event {} must be a mapping", event.key), place);
                continue;
            }
            if p.members().is_empty() && !sort.is_http {
                continue;
            }
            self.implicit_tags(sort, owner, &p);
            if p.get(sort.id).is_none() {
                p.put(sort.id, reference(sort.logical, place));
            }
            if sort.is_http && set(&p, "Path").is_none() && set(&p, "Method").is_none() {
                p.put("Path", text("$default", place));
                p.put("Method", text(ANY, place));
            }
            if let Some(written) = self.declared.get_mut(at) {
                written.value.entry("Properties").entry("Events").entry(&event.key).put("Properties", p.clone());
            }
            self.event_route(sort, owner, event, &p, seen);
        }
    }

    fn event_route(&mut self, sort: &Sort, owner: &Member, event: &Member, p: &Node, seen: &mut Seen) {
        let place = &event.key_place;
        let api = p.get(sort.id).and_then(named_by_ref);
        let (Some(api), Some(path), Some(method)) = (api, p.get("Path").and_then(Node::str), p.get("Method").and_then(Node::str)) else {
            let says = format!("the event {} wants {}, Path and Method as text (or {} by Ref)", event.key, sort.id, sort.id);
            return self.refuse(says, place);
        };
        let attribute = |key: &str| owner.value.get(key).and_then(Node::scalar);
        let methods = seen.conditions.entry(api.to_owned()).or_default().entry(path.to_owned()).or_default();
        methods.insert(method.to_owned(), attribute("Condition"));
        if api == sort.logical {
            for (policies, key) in seen.policies.iter_mut().zip(["DeletionPolicy", "UpdateReplacePolicy"]) {
                policies.extend(attribute(key));
            }
        }
        let (api, path, method) = (api.to_owned(), path.to_owned(), method.to_owned());
        let kind = self.declared(&api).map(|node| kind_of(node).to_owned());
        if kind.is_none() || kind.as_deref() == Some(HTTP.resource) && !sort.is_http {
            let says = format!("{} of the event {} names no {} of this template", sort.id, event.key, sort.resource);
            return self.refuse(says, place);
        }
        let is_managed = self.managed.contains(&api);
        let Some(properties) = self.declared_mut(&api).map(|node| node.entry("Properties")) else { return };
        if is_managed && properties.get("DefinitionBody").is_some_and(|body| is_valid(body, sort.is_http)) {
            add_path(properties.entry("DefinitionBody"), &path, &method, place);
        }
        if sort.is_http
            && let Some(settings) = p.get("RouteSettings").cloned()
        {
            let route = if method == ANY { path } else { format!("{} {path}", method.to_uppercase()) };
            let settings = when(attribute("Condition").as_deref(), settings, place);
            if properties.get("RouteSettings").is_some_and(|settings| !is_map(settings)) || !is_map(&settings) {
                return self.refuse(format!("RouteSettings of {api} and of its events must be mappings"), place);
            }
            let known = properties.entry("RouteSettings").entry(&route);
            settings.members().iter().for_each(|member| known.put(&member.key, member.value.clone()));
        }
    }

    /// Tags of a function that passes them on reach the API that it shares.
    fn implicit_tags(&mut self, sort: &Sort, owner: &Member, p: &Node) {
        if p.get(sort.id).is_some() {
            return;
        }
        let section = kind_of(&owner.value).trim_start_matches("AWS::Serverless::").to_owned();
        let empty = map([], &owner.key_place);
        let own = owner.value.get("Properties").unwrap_or(&empty);
        let global = self.root.at(&["Globals", &section]).unwrap_or(&empty);
        let either = |key: &str| set(own, key).or_else(|| set(global, key)).cloned();
        let (Some(tags), Some(_)) = (either("Tags"), either("PropagateTags")) else { return };
        if let Some(properties) = self.declared_mut(sort.logical).map(|node| node.entry("Properties")) {
            let known = properties.entry("Tags");
            tags.members().iter().for_each(|tag| known.put(&tag.key, tag.value.clone()));
            properties.put("PropagateTags", Node::new(Kind::Bool(true), tags.place.clone()));
        }
    }

    /// The implicit API exists when any of its routes does, and is kept when any function is.
    fn implicit_attributes(&mut self, sort: &Sort, seen: &Seen, place: &Place) {
        if let Some(paths) = seen.conditions.get(sort.logical) {
            let all: Option<BTreeSet<String>> = paths.values().flat_map(BTreeMap::values).cloned().collect();
            if let Some(name) = all.and_then(|all| self.combined(&format!("{}Condition", sort.logical), &all, place)) {
                self.set_implicit(sort, "Condition", &name, place);
            }
        }
        for (policies, key) in seen.policies.iter().zip(["DeletionPolicy", "UpdateReplacePolicy"]) {
            let strongest = ["Retain", "Snapshot", "Delete"].into_iter().find(|policy| policies.contains(*policy));
            if let Some(policy) = strongest.filter(|policy| key != "DeletionPolicy" || *policy != "Snapshot") {
                self.set_implicit(sort, key, policy, place);
            }
        }
    }

    fn set_implicit(&mut self, sort: &Sort, key: &str, value: &str, place: &Place) {
        if let Some(node) = self.declared_mut(sort.logical) {
            node.put(key, text(value, place));
        }
    }

    /// One name for several conditions of which one must hold.
    fn combined(&mut self, name: &str, conditions: &BTreeSet<String>, place: &Place) -> Option<String> {
        if conditions.len() < 2 {
            return conditions.first().cloned();
        }
        for (name, names) in or_of_ten(name, conditions.iter().cloned().collect()) {
            let parts = names.iter().map(|name| map([("Condition", text(name.as_str(), place))], place)).collect();
            self.add_condition(&name, map([("Fn::Or", list(parts, place))], place));
        }
        Some(name.to_owned())
    }

    /// A path whose methods all depend on conditions exists only when one of them holds.
    fn conditional_paths(&mut self, sort: &Sort, conditions: &Conditions) {
        let apis: Vec<(String, Place)> = self.declared.iter().map(|m| (m.key.clone(), m.key_place.clone())).collect();
        for (api, place) in apis {
            if !self.managed.contains(&api) || self.declared(&api).is_none_or(|node| kind_of(node) != sort.resource) {
                continue;
            }
            for (path, methods) in conditions.get(&api).into_iter().flatten() {
                let Some(all) = methods.values().cloned().collect::<Option<BTreeSet<String>>>() else { continue };
                let spelt = path.replace('/', "SLASH").replace('{', "OB").replace('}', "CB");
                let Some(name) = self.combined(&format!("{api}{spelt}PathCondition"), &all, &place) else { continue };
                let Some(paths) = self.declared_mut(&api).map(|node| node.entry("Properties").entry("DefinitionBody").entry("paths"))
                else {
                    continue;
                };
                if let Some(item) = paths.get(path).cloned() {
                    paths.put(path, choice(&name, item, reference("AWS::NoValue", &place), &place));
                }
            }
        }
    }

    /// `OpenApiVersion` is the version of a body that SAM makes.
    pub(super) fn openapi_versions(&mut self) {
        for member in self.declared.iter_mut().filter(|member| kind_of(&member.value) == REST.resource) {
            if !self.managed.contains(&member.key) {
                continue;
            }
            let properties = member.value.entry("Properties");
            let Some(version) = given(properties, "OpenApiVersion").and_then(Node::scalar).filter(|version| super::body::is_three(version))
            else {
                continue;
            };
            let place = properties.place.clone();
            properties.put("OpenApiVersion", text(version.as_str(), &place));
            if properties.get("DefinitionBody").is_some() {
                let body = properties.entry("DefinitionBody");
                body.put("openapi", text(version, &place));
                body.take("swagger");
            }
        }
    }
}

/// `Fn::Or` takes ten conditions; more are combined in steps, each with a name.
fn or_of_ten(name: &str, mut conditions: Vec<String>) -> Vec<(String, Vec<String>)> {
    let mut left = (conditions.len() - 2) / 9;
    let mut all = Vec::new();
    while conditions.len() > 1 {
        let new = if left > 0 { format!("{name}{left}") } else { name.to_owned() };
        left = left.saturating_sub(1);
        let rest = conditions.split_off(conditions.len().min(10));
        all.push((new.clone(), std::mem::replace(&mut conditions, rest)));
        conditions.push(new);
    }
    all
}

/// The stage of an API for the logical id of a permission.
pub(super) fn stage_suffix(api: Option<&Node>) -> String {
    match api.and_then(|api| api.at(&["Properties", "StageName"])).map(|stage| &stage.kind) {
        Some(Kind::String(stage)) => stage.clone(),
        _ => "Stage".to_owned(),
    }
}
