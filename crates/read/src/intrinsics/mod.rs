//! Intrinsic functions (CloudFormation "Intrinsic function reference"), three-valued: what cannot be known stays
//! unknown and says why. Every value is evaluated once where it stands; conditions, identities and imports are
//! remembered, so a template costs time in proportion to its size.

mod conditions;
mod functions;
mod sub;

pub(crate) use conditions::Truth;

use crate::stacks::Stacks;
use model::{Kind, Member, Node, Place};

/// Deepest chain of references and nesting that is followed.
const MAX_DEPTH: usize = 200;
/// Longest text that a function may build: CloudFormation refuses templates over 1 MB.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// An unknown value.
pub(crate) fn unknown(why: impl Into<String>, pattern: Option<String>) -> Kind {
    Kind::unknown(why, pattern)
}

impl Stacks {
    /// The value of a node of a stack's template; nothing for `AWS::NoValue`.
    pub(crate) fn eval(&self, at: usize, node: &Node, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            self.note("references or values nested too deeply", &node.place, "flatten the template");
            return Some(Node::new(unknown("nested too deeply", None), node.place.clone()));
        }
        let kind = match &node.kind {
            Kind::List(items) => Kind::List(items.iter().filter_map(|item| self.eval(at, item, depth + 1)).collect()),
            Kind::Map(members) => match members.as_slice() {
                [only] if functions::is_function(&only.key) => return self.function(at, only, &node.place, depth),
                _ => Kind::Map(self.members(at, members, depth)),
            },
            Kind::String(text) if text.contains("{{resolve:ssm:") => Kind::String(self.dynamic(text, depth)),
            other => other.clone(),
        };
        Some(Node::new(kind, node.place.clone()))
    }

    fn members(&self, at: usize, members: &[Member], depth: usize) -> Vec<Member> {
        members
            .iter()
            .filter_map(|member| {
                if member.key == "Fn::Transform" || member.key.starts_with("Fn::ForEach") {
                    let says = format!("{} is not expanded: what it adds here is not assessed", member.key);
                    self.note(says.clone(), &member.key_place, "write the content into the template");
                    let value = Node::new(unknown(says, None), member.value.place.clone());
                    return Some(Member { value, ..member.clone() });
                }
                let value = self.eval(at, &member.value, depth + 1)?;
                Some(Member { key: member.key.clone(), key_place: member.key_place.clone(), value })
            })
            .collect()
    }

    /// `Ref`: a pseudo parameter, a parameter or a resource. Nothing for `AWS::NoValue`.
    pub(crate) fn reference(&self, at: usize, name: &str, place: &Place, depth: usize) -> Option<Kind> {
        let stack = self.stacks.get(at)?;
        let text = |text: &str| Some(Kind::String(text.to_owned()));
        match name {
            "AWS::NoValue" => return None,
            "AWS::AccountId" => return text(&self.account),
            "AWS::Region" => return text(&self.region),
            "AWS::Partition" => return text(&self.partition),
            "AWS::StackName" => return text(&stack.name),
            "AWS::URLSuffix" => return text(if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }),
            "AWS::NotificationARNs" => return Some(Kind::List(Vec::new())),
            "AWS::StackId" => {
                let id = format!("arn:{}:cloudformation:{}:{}:stack/{}", self.partition, self.region, self.account, stack.name);
                return text(&format!("{id}/00000000-0000-4000-8000-000000000000"));
            }
            _ => {}
        }
        if let Some(parameter) = stack.template.at(&["Parameters", name]) {
            return Some(self.parameter(at, name, parameter, place, depth));
        }
        if stack.resource(name).is_some() {
            return Some(match self.identity(at, name, depth) {
                Some(identity) => Kind::String(identity.physical_id.clone()),
                None => unknown(format!("the identity of {name} depends on itself"), None),
            });
        }
        self.note(format!("{name} is neither a parameter nor a resource of this template"), place, "correct the name");
        Some(unknown(format!("there is no parameter or resource {name}"), None))
    }

    /// The value of a parameter: what was given, what the parent of a nested stack passes, else its default.
    fn parameter(&self, at: usize, name: &str, parameter: &Node, place: &Place, depth: usize) -> Kind {
        let stack = self.stacks.get(at);
        let kind = parameter.get("Type").and_then(Node::str).unwrap_or_default();
        let given = stack.and_then(|stack| stack.given.get(name).cloned());
        if given.is_none()
            && let Some((parent, logical)) = stack.and_then(|stack| stack.parent.as_ref())
            && let Some(passed) =
                self.stacks.get(*parent).and_then(|stack| stack.resource(logical)?.at(&["Properties", "Parameters", name]))
        {
            return match self.eval(*parent, passed, depth + 1).map(|node| node.kind) {
                Some(Kind::String(text)) => self.typed(kind, name, text, place, depth),
                Some(kind) => kind,
                None => unknown(format!("parameter {name} is passed as AWS::NoValue"), None),
            };
        }
        match given.or_else(|| parameter.get("Default").and_then(Node::scalar)) {
            Some(value) => self.typed(kind, name, value, place, depth),
            None => unknown(format!("parameter {name} has no default and none was given"), None),
        }
    }

    /// A parameter's text by the parameter's type: a list, or the name of an SSM parameter that holds the value.
    fn typed(&self, kind: &str, name: &str, value: String, place: &Place, depth: usize) -> Kind {
        let (kind, value) = match kind.strip_prefix("AWS::SSM::Parameter::Value<").and_then(|inner| inner.strip_suffix('>')) {
            Some(inner) => match self.stored(&value, depth) {
                Some(Kind::String(stored)) => (inner, stored),
                Some(Kind::Unknown(part)) => return Kind::Unknown(part),
                _ => return unknown(format!("parameter {name} is read from the SSM parameter store at deployment"), None),
            },
            None => (kind, value),
        };
        match kind == "CommaDelimitedList" || kind.starts_with("List<") {
            true => Kind::List(value.split(',').map(|item| Node::string(item.trim(), place.clone())).collect()),
            false => Kind::String(value),
        }
    }

    /// `Fn::ImportValue`: the value of the export of this name.
    pub(crate) fn import(&self, name: &str, place: &Place, depth: usize) -> Kind {
        if let Some(known) = self.imported.borrow().get(name) {
            return match known {
                Some(node) => node.kind.clone(),
                None => unknown(format!("the export {name} depends on itself"), None),
            };
        }
        let Some((at, output)) = self.exports.borrow().get(name).cloned() else {
            let says = format!("the export {name} is not in the templates read");
            self.note(says.clone(), place, "read the template that exports it together with this one");
            return unknown(says, None);
        };
        self.imported.borrow_mut().insert(name.to_owned(), None);
        let value = self.stacks.get(at).and_then(|stack| stack.template.at(&["Outputs", &output, "Value"]));
        let node = value.and_then(|value| self.eval(at, value, depth + 1));
        let node = node.unwrap_or_else(|| Node::new(unknown(format!("the export {name} has no value"), None), place.clone()));
        self.imported.borrow_mut().insert(name.to_owned(), Some(node.clone()));
        node.kind
    }
}
