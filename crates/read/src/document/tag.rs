//! Short tags to CloudFormation's long form ("Intrinsic function reference").

use model::{Kind, Member, Node, Place};

/// What a tag makes of the value behind it. `outer` covers tag and value, the value has its own place.
pub(super) fn long_form(tag: &str, value: Node, outer: Place) -> Node {
    let Some(name) = tag.strip_prefix('!').filter(|name| !name.is_empty()) else {
        return Node { place: outer, ..value };
    };
    let (key, value) = match name {
        "Ref" | "Condition" => (name.to_owned(), value),
        "GetAtt" => ("Fn::GetAtt".to_owned(), attribute(value)),
        _ => (format!("Fn::{name}"), value),
    };
    let key_place = Place { span: outer.span, ..outer.clone() };
    Node::new(Kind::Map(vec![Member { key, key_place, value }]), outer)
}

/// `Resource.Attribute.Sub` as `["Resource", "Attribute.Sub"]`.
fn attribute(value: Node) -> Node {
    match value.str().and_then(|text| text.split_once('.')) {
        Some((resource, name)) => {
            let parts = vec![Node::string(resource, value.place.clone()), Node::string(name, value.place.clone())];
            Node::new(Kind::List(parts), value.place)
        }
        None => value,
    }
}
