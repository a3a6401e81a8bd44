//! The Globals section (AWS SAM Developer Guide, "Globals section of the AWS SAM template"): scalars of the resource
//! win, mappings merge, lists are joined with the global items first.

use super::make::is_function;
use model::{Kind, Node};

/// A resource's properties with what Globals says for its type.
pub(super) fn merged(globals: Option<&Node>, kind: &str, properties: Node) -> Node {
    let section = kind.strip_prefix("AWS::Serverless::").and_then(|section| globals?.get(section));
    match section {
        Some(section) => merge(section, properties),
        None => properties,
    }
}

fn merge(global: &Node, local: Node) -> Node {
    if is_function(global) || is_function(&local) {
        return local;
    }
    let kind = match (&global.kind, local.kind) {
        (Kind::Map(global), Kind::Map(local)) => {
            let mut members = global.clone();
            for member in local {
                match members.iter_mut().find(|known| known.key == member.key) {
                    Some(known) => {
                        known.value = merge(&known.value, member.value);
                        known.key_place = member.key_place;
                    }
                    None => members.push(member),
                }
            }
            Kind::Map(members)
        }
        (Kind::List(global), Kind::List(local)) => Kind::List(global.iter().cloned().chain(local).collect()),
        (_, kind) => kind,
    };
    Node::new(kind, local.place)
}
