//! Nodes that the expansion generates: each gets the place of the SAM line it comes from.

use model::{Kind, Member, Node, Place};

/// A text.
pub(super) fn text(text: impl Into<String>, place: &Place) -> Node {
    Node::string(text, place.clone())
}

/// A mapping.
pub(super) fn map<const N: usize>(members: [(&str, Node); N], place: &Place) -> Node {
    let member = |(key, value): (&str, Node)| Member { key: key.to_owned(), key_place: value.place.clone(), value };
    Node::new(Kind::Map(members.into_iter().map(member).collect()), place.clone())
}

/// A sequence.
pub(super) fn list(items: Vec<Node>, place: &Place) -> Node {
    Node::new(Kind::List(items), place.clone())
}

/// `true` or `false`.
pub(super) fn boolean(value: bool, place: &Place) -> Node {
    Node::new(Kind::Bool(value), place.clone())
}

/// `{"Ref": id}`.
pub(super) fn reference(id: &str, place: &Place) -> Node {
    map([("Ref", text(id, place))], place)
}

/// `{"Fn::GetAtt": [id, attribute]}`.
pub(super) fn attribute(id: &str, attribute: &str, place: &Place) -> Node {
    map([("Fn::GetAtt", list(vec![text(id, place), text(attribute, place)], place))], place)
}

/// `{"Fn::Sub": template}`.
pub(super) fn sub(template: impl Into<String>, place: &Place) -> Node {
    map([("Fn::Sub", text(template, place))], place)
}

/// `{"Fn::Sub": [template, variables]}`.
pub(super) fn sub_with<const N: usize>(template: impl Into<String>, variables: [(&str, Node); N], place: &Place) -> Node {
    map([("Fn::Sub", list(vec![text(template, place), map(variables, place)], place))], place)
}

/// A policy document that lets a service assume a role.
pub(super) fn trust(service: &str, place: &Place) -> Node {
    let principal = map([("Service", list(vec![text(service, place)], place))], place);
    let statement = map(
        [("Effect", text("Allow", place)), ("Principal", principal), ("Action", list(vec![text("sts:AssumeRole", place)], place))],
        place,
    );
    map([("Version", text("2012-10-17", place)), ("Statement", list(vec![statement], place))], place)
}

/// An inline policy of one allowing statement.
pub(super) fn policy(name: &str, action: &str, resource: Node, place: &Place) -> Node {
    let statement = map([("Effect", text("Allow", place)), ("Action", text(action, place)), ("Resource", resource)], place);
    let document = map([("Statement", list(vec![statement], place))], place);
    map([("PolicyName", text(name, place)), ("PolicyDocument", document)], place)
}

/// Whether a value is a call of an intrinsic function.
pub(super) fn is_function(node: &Node) -> bool {
    matches!(node.members(), [only] if only.key == "Ref" || only.key == "Condition" || only.key.starts_with("Fn::"))
}

/// `{"Ref": "AWS::NoValue"}`.
pub(super) fn is_no_value(node: &Node) -> bool {
    matches!(node.members(), [only] if only.key == "Ref" && only.value.str() == Some("AWS::NoValue"))
}

/// Condition and branches of `Fn::If`.
pub(super) fn branches(node: &Node) -> Option<(&Node, &Node, &Node)> {
    let [only] = node.members() else { return None };
    match only.value.items() {
        [condition, yes, no] if only.key == "Fn::If" => Some((condition, yes, no)),
        _ => None,
    }
}

/// `{"Fn::If": [condition, yes, no]}`.
pub(super) fn choice(condition: &str, yes: Node, no: Node, place: &Place) -> Node {
    map([("Fn::If", list(vec![text(condition, place), yes, no], place))], place)
}

/// A value that exists only under a condition.
pub(super) fn when(condition: Option<&str>, node: Node, place: &Place) -> Node {
    match condition {
        Some(condition) => choice(condition, node, reference("AWS::NoValue", place), place),
        None => node,
    }
}

/// Whether a value counts as given: neither missing, `null`, `false`, 0 nor empty.
pub(super) fn is_truthy(node: &Node) -> bool {
    match &node.kind {
        Kind::Null => false,
        Kind::Bool(value) => *value,
        Kind::Number(text) => text.parse::<f64>() != Ok(0.0),
        Kind::String(text) => !text.is_empty(),
        Kind::List(items) => !items.is_empty(),
        Kind::Map(members) => !members.is_empty(),
        Kind::Unknown(_) => true,
    }
}

/// A member that is not `null`.
pub(super) fn given<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.get(key).filter(|value| !matches!(value.kind, Kind::Null))
}

/// A member that counts as given.
pub(super) fn set<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.get(key).filter(|value| is_truthy(value))
}

/// Takes members over under their own names.
pub(super) fn copy(into: &mut Node, from: &Node, keys: &[&str]) {
    for key in keys {
        into.put_some(key, given(from, key).cloned());
    }
}

/// Whether a value is a mapping.
pub(super) fn is_map(node: &Node) -> bool {
    matches!(node.kind, Kind::Map(_))
}

/// Whether a value is a sequence.
pub(super) fn is_list(node: &Node) -> bool {
    matches!(node.kind, Kind::List(_))
}

/// A whole number.
pub(super) fn number(value: i64, place: &Place) -> Node {
    Node::new(Kind::Number(value.to_string()), place.clone())
}

/// A sequence of texts.
pub(super) fn texts(items: &[&str], place: &Place) -> Node {
    list(items.iter().map(|item| text(*item, place)).collect(), place)
}

/// `Allow` for actions on a resource.
pub(super) fn allow(actions: Node, resource: Node, place: &Place) -> Node {
    map([("Action", actions), ("Effect", text("Allow", place)), ("Resource", resource)], place)
}

/// The logical id that `{"Ref": id}` or a plain text names.
pub(super) fn named_by_ref(node: &Node) -> Option<&str> {
    match node.members() {
        [only] if only.key == "Ref" => only.value.str(),
        _ => node.str(),
    }
}

/// The logical id that `{"Ref": id}` or `{"Fn::GetAtt": [id, attribute]}` names.
pub(super) fn logical_id(node: &Node) -> Option<&str> {
    match node.members() {
        [only] if only.key == "Ref" => only.value.str(),
        [only] if only.key == "Fn::GetAtt" => match only.value.items() {
            [id, _] => id.str(),
            _ => only.value.str().and_then(|text| text.split_once('.')).map(|(id, _)| id),
        },
        _ => None,
    }
}

/// Changing a mapping in place.
pub(super) trait Put {
    /// Sets a member.
    fn put(&mut self, key: &str, value: Node);
    /// Sets a member when there is a value.
    fn put_some(&mut self, key: &str, value: Option<Node>);
    /// The member, made an empty mapping when it is missing or no mapping.
    fn entry(&mut self, key: &str) -> &mut Node;
    /// The items of a list member, made when it is missing.
    fn items_mut(&mut self, key: &str) -> Option<&mut Vec<Node>>;
    /// Takes a member away.
    fn take(&mut self, key: &str) -> Option<Node>;
}

impl Put for Node {
    fn put(&mut self, key: &str, value: Node) {
        *self.slot(key) = value;
    }

    fn put_some(&mut self, key: &str, value: Option<Node>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn entry(&mut self, key: &str) -> &mut Node {
        let slot = self.slot(key);
        if !matches!(slot.kind, Kind::Map(_)) {
            slot.kind = Kind::Map(Vec::new());
        }
        slot
    }

    fn items_mut(&mut self, key: &str) -> Option<&mut Vec<Node>> {
        let slot = self.slot(key);
        if matches!(slot.kind, Kind::Null) {
            slot.kind = Kind::List(Vec::new());
        }
        match &mut slot.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    fn take(&mut self, key: &str) -> Option<Node> {
        let Kind::Map(members) = &mut self.kind else { return None };
        let at = members.iter().rposition(|member| member.key == key)?;
        Some(members.remove(at).value)
    }
}

trait Slot {
    fn slot(&mut self, key: &str) -> &mut Node;
}

impl Slot for Node {
    /// The member's value, null when it was missing.
    fn slot(&mut self, key: &str) -> &mut Node {
        if !matches!(self.kind, Kind::Map(_)) {
            self.kind = Kind::Map(Vec::new());
        }
        let place = self.place.clone();
        let Kind::Map(members) = &mut self.kind else { unreachable!("made a mapping above") };
        let at = members.iter().rposition(|member| member.key == key).unwrap_or_else(|| {
            members.push(Member { key: key.to_owned(), key_place: place.clone(), value: Node::new(Kind::Null, place) });
            members.len() - 1
        });
        &mut members[at].value
    }
}
