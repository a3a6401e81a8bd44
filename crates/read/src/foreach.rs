//! `Fn::ForEach` (CloudFormation Template Reference, "Fn::ForEach"; transform `AWS::LanguageExtensions`): a fragment
//! repeated for each item of a collection, in Conditions, Resources and Outputs, before anything else is read.

use crate::document::trouble;
use model::{Kind, Member, Node, Trouble};
use std::collections::BTreeMap;

/// Members that loops of one template may make, and how deep they may lie; CloudFormation stops at 500 resources.
const MAX_MADE: usize = 20_000;
const MAX_DEPTH: usize = 100;

/// Replaces every loop of a template by what it makes. What cannot be unrolled stays, which is then a trouble.
pub(crate) fn unroll(root: &mut Node, given: &BTreeMap<String, String>) -> Vec<Trouble> {
    let parameters = root.get("Parameters").cloned();
    let mut loops = Loops { parameters, given, made: 0, troubles: Vec::new() };
    if let Kind::Map(sections) = &mut root.kind {
        for section in sections.iter_mut().filter(|section| matches!(section.key.as_str(), "Conditions" | "Resources" | "Outputs")) {
            loops.node(&mut section.value, 0);
        }
    }
    loops.troubles
}

struct Loops<'a> {
    parameters: Option<Node>,
    given: &'a BTreeMap<String, String>,
    made: usize,
    troubles: Vec<Trouble>,
}

impl Loops<'_> {
    fn node(&mut self, node: &mut Node, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match &mut node.kind {
            Kind::List(items) => items.iter_mut().for_each(|item| self.node(item, depth + 1)),
            Kind::Map(members) => {
                if members.iter().any(|member| is_loop(&member.key)) {
                    let written = std::mem::take(members);
                    for member in written {
                        match is_loop(&member.key) {
                            true => members.extend(self.unrolled(member, depth)),
                            false => members.push(member),
                        }
                    }
                }
                members.iter_mut().for_each(|member| self.node(&mut member.value, depth + 1));
            }
            _ => {}
        }
    }

    /// What one loop makes; the loop itself where it is not understood.
    fn unrolled(&mut self, member: Member, depth: usize) -> Vec<Member> {
        let place = member.key_place.clone();
        let (Some(name), Some(items), Some(fragment)) = parts(&member.value, self) else {
            let says = format!("{} is not understood: it wants a name, a known collection and a fragment", member.key);
            self.troubles.push(trouble(says, place, "write the collection out, or give the parameter that it is"));
            return vec![member];
        };
        let mut made = Vec::new();
        for item in items {
            for written in fragment.members() {
                self.made += 1;
                if self.made > MAX_MADE {
                    self.troubles.push(trouble("the loops of this template make too much; the rest is not assessed", place, "split it"));
                    return made;
                }
                let value = substituted(&written.value, &name, &item);
                let new = Member { key: in_text(&written.key, &name, &item), key_place: written.key_place.clone(), value };
                match is_loop(&new.key) && depth < MAX_DEPTH {
                    true => made.extend(self.unrolled(new, depth + 1)),
                    false => made.push(new),
                }
            }
        }
        made
    }

    /// The items of a collection: a list, or a parameter that is one.
    fn items(&self, collection: &Node) -> Option<Vec<String>> {
        if let [only] = collection.members()
            && only.key == "Ref"
        {
            let name = only.value.str()?;
            let default = || self.parameters.as_ref()?.at(&[name, "Default"])?.scalar();
            let value = self.given.get(name).cloned().or_else(default)?;
            return Some(value.split(',').map(|item| item.trim().to_owned()).collect());
        }
        let Kind::List(items) = &collection.kind else { return None };
        let mut all = Vec::new();
        for item in items {
            match item.scalar() {
                Some(text) => all.push(text),
                None => all.extend(self.items(item)?),
            }
        }
        Some(all)
    }
}

fn is_loop(key: &str) -> bool {
    key.starts_with("Fn::ForEach::")
}

fn parts(value: &Node, loops: &Loops<'_>) -> (Option<String>, Option<Vec<String>>, Option<Node>) {
    match value.items() {
        [name, collection, fragment] => (name.scalar(), loops.items(collection), Some(fragment.clone())),
        _ => (None, None, None),
    }
}

/// `${Name}` as the item, `&{Name}` as its letters and digits.
fn in_text(text: &str, name: &str, item: &str) -> String {
    let plain: String = item.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    text.replace(&format!("${{{name}}}"), item).replace(&format!("&{{{name}}}"), &plain)
}

fn substituted(node: &Node, name: &str, item: &str) -> Node {
    let kind = match &node.kind {
        Kind::String(text) => Kind::String(in_text(text, name, item)),
        Kind::List(items) => Kind::List(items.iter().map(|part| substituted(part, name, item)).collect()),
        Kind::Map(members) => match members.as_slice() {
            [only] if only.key == "Ref" && only.value.str() == Some(name) => Kind::String(item.to_owned()),
            _ => Kind::Map(
                members
                    .iter()
                    .map(|member| Member {
                        key: in_text(&member.key, name, item),
                        key_place: member.key_place.clone(),
                        value: substituted(&member.value, name, item),
                    })
                    .collect(),
            ),
        },
        other => other.clone(),
    };
    Node::new(kind, node.place.clone())
}
