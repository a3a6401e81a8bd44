//! References, as the transform treats them: parameters with known values are put in where SAM must know the value, and
//! what the template says about `Api.Stage` or a renamed layer is brought to the logical ids that were generated.

use super::Work;
use super::make::text;
use model::{Kind, Node, Place};
use std::collections::{BTreeMap, HashMap};

impl Work<'_> {
    /// The value of a parameter, as it was given or by its default.
    pub(super) fn parameter(&self, name: &str, place: &Place) -> Option<Node> {
        match name {
            "AWS::Region" => return Some(text(self.region, place)),
            "AWS::Partition" => return Some(text(self.partition, place)),
            _ => {}
        }
        if let Some(value) = self.given.get(name) {
            return Some(text(value.as_str(), place));
        }
        let default = self.root.at(&["Parameters", name, "Default"])?;
        Some(Node::new(default.kind.clone(), place.clone()))
    }

    /// A value with references to parameters replaced by what they stand for.
    pub(super) fn resolved(&self, node: &Node) -> Node {
        let place = &node.place;
        let kind = match &node.kind {
            Kind::Map(members) => {
                if let [only] = members.as_slice() {
                    match (only.key.as_str(), &only.value.kind) {
                        ("Ref", Kind::String(name)) => return self.parameter(name, place).unwrap_or_else(|| node.clone()),
                        ("Fn::Sub", Kind::String(template)) => {
                            let value = Node::new(Kind::String(self.substituted(template)), only.value.place.clone());
                            return with_value(node, value);
                        }
                        ("Fn::Sub", Kind::List(parts)) => {
                            let replaced = parts.iter().enumerate().map(|(at, part)| match part.str() {
                                Some(template) if at == 0 => text(self.substituted(template), &part.place),
                                _ => self.resolved(part),
                            });
                            let value = Node::new(Kind::List(replaced.collect()), only.value.place.clone());
                            return with_value(node, value);
                        }
                        _ => {}
                    }
                }
                let each = members.iter().map(|member| model::Member { value: self.resolved(&member.value), ..member.clone() });
                Kind::Map(each.collect())
            }
            Kind::List(items) => Kind::List(items.iter().map(|item| self.resolved(item)).collect()),
            other => other.clone(),
        };
        Node::new(kind, place.clone())
    }

    fn substituted(&self, template: &str) -> String {
        replace_names(template, &|name| self.parameter(name, &Place::new("", 1, 1))?.scalar())
    }

    /// A value with `Fn::FindInMap` of known keys replaced by the entry.
    pub(super) fn mapped(&self, node: &Node) -> Node {
        let place = &node.place;
        if let [only] = node.members()
            && only.key == "Fn::FindInMap"
            && let [map, first, second, ..] = only.value.items()
        {
            let keys = [map, first, second].map(|key| self.mapped(&self.resolved(key)).scalar());
            if let [Some(map), Some(first), Some(second)] = keys
                && let Some(found) = self.root.at(&["Mappings", &map, &first, &second])
            {
                return Node::new(found.kind.clone(), place.clone());
            }
            return node.clone();
        }
        let kind = match &node.kind {
            Kind::Map(members) => {
                Kind::Map(members.iter().map(|member| model::Member { value: self.mapped(&member.value), ..member.clone() }).collect())
            }
            Kind::List(items) => Kind::List(items.iter().map(|item| self.mapped(item)).collect()),
            other => other.clone(),
        };
        Node::new(kind, place.clone())
    }

    /// Parameters, then mappings.
    pub(super) fn known(&self, node: &Node) -> Node {
        self.mapped(&self.resolved(node))
    }

    /// The text of a node, through references to parameters with known values.
    pub(super) fn text(&self, node: &Node) -> Option<String> {
        let known = self.resolved(node);
        match known.members() {
            [only] if only.key == "Fn::Sub" => only.value.str().filter(|text| !text.contains("${")).map(str::to_owned),
            _ => known.scalar(),
        }
    }
}

fn with_value(call: &Node, value: Node) -> Node {
    let mut node = call.clone();
    if let Kind::Map(members) = &mut node.kind
        && let Some(only) = members.first_mut()
    {
        only.value = value;
    }
    node
}

/// `${Name}` and `${Name.Attribute}` in a text, each replaced by what `f` gives.
fn replace_names(template: &str, f: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut out, mut rest) = (String::new(), template);
    while let Some(open) = rest.find("${") {
        let (before, after) = rest.split_at(open);
        out.push_str(before);
        let Some(close) = after.find('}') else {
            rest = after;
            break;
        };
        let name = after.get(2..close).unwrap_or_default();
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') || name.starts_with("AWS::");
        match Some(name).filter(|name| is_name && !name.is_empty()).and_then(f) {
            Some(value) => out.push_str(&value),
            None => out.push_str(after.get(..=close).unwrap_or_default()),
        }
        rest = after.get(close + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Brings references to generated logical ids: `renamed` maps a logical id to the one it got, `properties` maps
/// `Function.Alias` to the resource that was generated for it.
pub(super) fn rewrite(node: &mut Node, renamed: &BTreeMap<String, String>, properties: &HashMap<String, String>) {
    let mut is_call = false;
    if let Kind::Map(members) = &mut node.kind {
        is_call = members.len() == 1;
        for member in members.iter_mut() {
            match member.key.as_str() {
                "DependsOn" => depends_on(&mut member.value, renamed),
                "Ref" if is_call => reference(&mut member.value, renamed, properties),
                "Fn::GetAtt" if is_call => get_att(&mut member.value, renamed, properties),
                "Fn::Sub" if is_call => sub(&mut member.value, renamed, properties),
                _ => {}
            }
        }
    }
    match &mut node.kind {
        Kind::Map(members) => {
            let is_leaf = is_call && members.first().is_some_and(|only| matches!(only.key.as_str(), "Ref" | "Fn::GetAtt"));
            if !is_leaf {
                members.iter_mut().for_each(|member| rewrite(&mut member.value, renamed, properties));
            }
        }
        Kind::List(items) => items.iter_mut().for_each(|item| rewrite(item, renamed, properties)),
        _ => {}
    }
}

fn depends_on(value: &mut Node, renamed: &BTreeMap<String, String>) {
    let one = |node: &mut Node| {
        if let Some(new) = node.str().and_then(|id| renamed.get(id)) {
            node.kind = Kind::String(new.clone());
        }
    };
    match &mut value.kind {
        Kind::List(items) => items.iter_mut().for_each(one),
        _ => one(value),
    }
}

fn reference(value: &mut Node, renamed: &BTreeMap<String, String>, properties: &HashMap<String, String>) {
    let Some(name) = value.str() else { return };
    if let Some(new) = properties.get(name).or_else(|| renamed.get(name)) {
        value.kind = Kind::String(new.clone());
    }
}

fn get_att(value: &mut Node, renamed: &BTreeMap<String, String>, properties: &HashMap<String, String>) {
    let parts: Option<Vec<&str>> = value.items().iter().map(Node::str).collect();
    let Some(parts) = parts.filter(|parts| parts.len() > 1) else { return };
    let joined = parts.join(".");
    let mut split = joined.splitn(3, '.');
    let (id, property, rest) = (split.next().unwrap_or_default(), split.next().unwrap_or_default(), split.next());
    let new: Vec<String> = match (properties.get(&format!("{id}.{property}")), renamed.get(id)) {
        (Some(new), _) => [Some(new.clone()), rest.map(str::to_owned)].into_iter().flatten().collect(),
        (None, Some(new)) => {
            let attribute = rest.map_or_else(|| property.to_owned(), |rest| format!("{property}.{rest}"));
            vec![new.clone(), attribute]
        }
        _ => return,
    };
    let place = value.place.clone();
    value.kind = Kind::List(new.into_iter().map(|part| text(part, &place)).collect());
}

fn sub(value: &mut Node, renamed: &BTreeMap<String, String>, properties: &HashMap<String, String>) {
    let replaced = |template: &str| {
        replace_names(template, &|name| {
            let mut split = name.splitn(3, '.');
            let (id, property, rest) = (split.next()?, split.next(), split.next());
            let attribute = |rest: Option<&str>| rest.map(|rest| format!(".{rest}")).unwrap_or_default();
            if let Some(new) = property.and_then(|property| properties.get(&format!("{id}.{property}"))) {
                return Some(format!("${{{new}{}}}", attribute(rest)));
            }
            let new = renamed.get(id)?;
            let tail = name.get(id.len()..).unwrap_or_default();
            Some(format!("${{{new}{tail}}}"))
        })
    };
    match &mut value.kind {
        Kind::String(template) => *template = replaced(template),
        Kind::List(parts) => {
            if let Some(Node { kind: Kind::String(template), .. }) = parts.first_mut() {
                *template = replaced(template);
            }
        }
        _ => {}
    }
}
