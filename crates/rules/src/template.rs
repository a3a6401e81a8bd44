//! The templates of an application as rules see them, and the way back from a path to the place where it is written.

use crate::record::Failed;
use model::{App, Kind, Node, Place, Resource};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A template: as it is written, or the resources that a SAM template stands for.
pub(crate) struct Template {
    pub file: Arc<str>,
    document: Node,
    /// Resources as they are called everywhere, by logical id.
    named: BTreeMap<String, String>,
    /// Resources of which nothing is asked here: the template as written has them.
    elsewhere: BTreeSet<String>,
}

/// Every template of an application.
pub(crate) fn all(app: &App) -> Vec<Template> {
    let mut files: BTreeMap<Arc<str>, BTreeMap<String, String>> = BTreeMap::new();
    let mut made: BTreeMap<Arc<str>, Vec<&Resource>> = BTreeMap::new();
    for resource in app.resources() {
        let names = files.entry(resource.place.file.clone()).or_default();
        let written = resource.generated_from.as_ref().unwrap_or(&resource.id);
        names.entry(written.logical.to_string()).or_insert_with(|| written.to_string());
        made.entry(resource.id.stack.clone()).or_default().push(resource);
    }
    let mut templates = Vec::new();
    let mut kinds: BTreeMap<(Arc<str>, String), String> = BTreeMap::new();
    for (file, named) in files {
        let Some(source) = app.sources.get(&file) else { continue };
        for document in read::document(&file, &source.text).0 {
            for member in document.get("Resources").map(Node::members).unwrap_or_default() {
                let kind = member.value.get("Type").and_then(Node::str).unwrap_or_default();
                kinds.insert((file.clone(), member.key.clone()), kind.to_owned());
            }
            templates.push(Template { file: file.clone(), document, named: named.clone(), elsewhere: BTreeSet::new() });
        }
    }
    for resources in made.into_values().filter(|resources| resources.iter().any(|resource| resource.generated_from.is_some())) {
        templates.extend(expanded(&resources, &kinds));
    }
    templates
}

/// The resources of one stack after SAM was expanded.
fn expanded(resources: &[&Resource], kinds: &BTreeMap<(Arc<str>, String), String>) -> Option<Template> {
    let place = resources.first()?.place.clone();
    let mut elsewhere = BTreeSet::new();
    let mut members = Vec::new();
    let member = |key: &str, at: &Place, value: Node| model::Member { key: key.to_owned(), key_place: at.clone(), value };
    for resource in resources {
        let at = &resource.place;
        let logical = resource.id.logical.to_string();
        if kinds.get(&(at.file.clone(), logical.clone())) == Some(&resource.kind) {
            elsewhere.insert(logical.clone());
        }
        let mut parts = vec![
            member("Type", at, Node::string(resource.kind.as_str(), at.clone())),
            member("Properties", at, resource.properties.clone()),
        ];
        parts.extend(resource.metadata.iter().map(|metadata| member("Metadata", at, metadata.clone())));
        members.push(member(&logical, at, Node::new(Kind::Map(parts), at.clone())));
    }
    let resources_node = Node::new(Kind::Map(members), place.clone());
    let document = Node::new(Kind::Map(vec![member("Resources", &place, resources_node)]), place.clone());
    let named = resources.iter().map(|resource| (resource.id.logical.to_string(), resource.id.to_string())).collect();
    Some(Template { file: place.file, document, named, elsewhere })
}

impl Template {
    /// The document for the engine. A value that is not known is there, and is no value that a rule could want: a missing one would be
    /// taken for one that was never set.
    pub fn json(&self) -> String {
        json(&self.document).to_string()
    }

    /// Whether this template, and not another form of it, answers for what is at a path.
    pub fn is_asked(&self, path: &str) -> bool {
        // Who says of what fails without naming it whether it was that? It is told, once for both forms.
        logical(path).is_none_or(|logical| !self.elsewhere.contains(logical))
    }

    /// The resource at a path, as `stack/LogicalId`; the file where it is none.
    pub fn resource(&self, path: &str) -> String {
        let logical = logical(path);
        logical.and_then(|logical| self.named.get(logical).cloned()).unwrap_or_else(|| match logical {
            Some(logical) => format!("{}/{logical}", self.file),
            None => self.file.to_string(),
        })
    }

    /// What is concerned, below the resource: `Properties/VpcConfig`.
    pub fn symbol(&self, failed: &Failed) -> String {
        let below = failed.path.strip_prefix("/Resources/").and_then(|rest| rest.split_once('/')).map_or("", |(_, below)| below);
        [below, failed.missing.as_str()].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/")
    }

    /// Where the deepest part of a path that is written stands.
    pub fn place(&self, path: &str) -> Place {
        let (mut node, mut rest) = (&self.document, path.trim_start_matches('/'));
        let mut place = Place::new(self.file.clone(), 1, 1);
        while !rest.is_empty() {
            let step = match &node.kind {
                // A key may hold a slash itself: the longest that fits.
                Kind::Map(members) => {
                    let fits = |key: &str| rest.strip_prefix(key).filter(|after| after.is_empty() || after.starts_with('/'));
                    let found = members.iter().rev().filter(|member| fits(&member.key).is_some()).max_by_key(|member| member.key.len());
                    found.and_then(|member| {
                        // What SAM made has the place of its value; a block begins best at its name.
                        let block = matches!(member.value.kind, Kind::Map(_) | Kind::List(_));
                        let at = if block { &member.key_place } else { &member.value.place };
                        Some((&member.value, at, fits(&member.key)?))
                    })
                }
                Kind::List(items) => {
                    let (number, after) = rest.split_once('/').unwrap_or((rest, ""));
                    number.parse::<usize>().ok().and_then(|at| items.get(at)).map(|item| (item, &item.place, after))
                }
                _ => None,
            };
            let Some((next, at, after)) = step else { break };
            (node, place, rest) = (next, at.clone(), after.trim_start_matches('/'));
        }
        place
    }
}

/// The logical id in a path.
fn logical(path: &str) -> Option<&str> {
    path.strip_prefix("/Resources/")?.split('/').next().filter(|logical| !logical.is_empty())
}

fn json(node: &Node) -> Value {
    match &node.kind {
        Kind::Unknown(unknown) => json!({"Unknown": unknown.why}),
        Kind::List(items) => Value::Array(items.iter().map(json).collect()),
        Kind::Map(members) => Value::Object(members.iter().map(|member| (member.key.clone(), json(&member.value))).collect::<Map<_, _>>()),
        _ => node.json(),
    }
}
