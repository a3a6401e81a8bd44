//! The functions themselves, each by its page of the "Intrinsic function reference".

use super::sub::Parts;
use super::{Truth, unknown};
use crate::stacks::Stacks;
use base64::Engine as _;
use model::{Kind, Member, Node, Place};

/// Whether a mapping with this one key is a call of a function.
pub(super) fn is_function(key: &str) -> bool {
    key == "Ref" || (key.starts_with("Fn::") && key != "Fn::Transform" && !key.starts_with("Fn::ForEach"))
}

impl Stacks {
    /// The value of a function call; nothing for `AWS::NoValue`.
    pub(super) fn function(&self, at: usize, call: &Member, place: &Place, depth: usize) -> Option<Node> {
        let argument = &call.value;
        let kind = match call.key.as_str() {
            "Ref" => self.reference(at, argument.str().unwrap_or_default(), place, depth)?,
            "Fn::Sub" => self.sub(at, argument, place, depth),
            "Fn::GetAtt" => self.get_att(at, argument, place, depth),
            "Fn::If" => return self.choose(at, argument, place, depth),
            name => {
                let arguments = self.eval(at, argument, depth + 1)?;
                match name {
                    "Fn::Join" => join(&arguments),
                    "Fn::Select" => return Some(select(&arguments, place)),
                    "Fn::Split" => split(&arguments, place),
                    "Fn::FindInMap" => return Some(self.find_in_map(at, &arguments, place, depth)),
                    "Fn::ImportValue" => match &arguments.kind {
                        Kind::Unknown(part) => unknown(part.why.clone(), None),
                        _ => self.import(&arguments.scalar().unwrap_or_default(), place, depth),
                    },
                    "Fn::GetAZs" => self.zones(&arguments, place),
                    "Fn::Base64" => base64(&arguments),
                    "Fn::Cidr" => cidr(&arguments, place),
                    "Fn::Length" => match &arguments.kind {
                        Kind::List(items) => Kind::Number(items.len().to_string()),
                        _ => unknown("Fn::Length of what is not a known list", None),
                    },
                    "Fn::ToJsonString" => match arguments.first_unknown() {
                        Some((_, part)) => unknown(part.why.clone(), None),
                        None => Kind::String(arguments.json().to_string()),
                    },
                    "Fn::And" | "Fn::Or" | "Fn::Not" | "Fn::Equals" => unknown(format!("{name} stands outside Conditions"), None),
                    _ => {
                        self.note(format!("{name} is not a function that is understood"), place, "its value is not assessed");
                        unknown(format!("{name} is not understood"), None)
                    }
                }
            }
        };
        let kind = match kind {
            Kind::String(text) if text.contains("{{resolve:ssm:") => Kind::String(self.dynamic(&text, depth)),
            kind => kind,
        };
        Some(Node::new(kind, place.clone()))
    }

    fn get_att(&self, at: usize, argument: &Node, place: &Place, depth: usize) -> Kind {
        let (resource, attribute) = match &argument.kind {
            Kind::String(text) => match text.split_once('.') {
                Some((resource, attribute)) => (resource.to_owned(), attribute.to_owned()),
                None => return unknown("Fn::GetAtt wants Resource.Attribute", None),
            },
            Kind::List(items) => {
                let mut parts = items.iter().filter_map(|item| self.eval(at, item, depth + 1)).filter_map(|node| node.scalar());
                let resource = parts.next().unwrap_or_default();
                (resource, parts.collect::<Vec<_>>().join("."))
            }
            _ => return unknown("Fn::GetAtt wants a resource and an attribute", None),
        };
        self.attribute(at, &resource, &attribute, place, depth)
    }

    fn choose(&self, at: usize, argument: &Node, place: &Place, depth: usize) -> Option<Node> {
        let [condition, yes, no] = argument.items() else {
            return Some(Node::new(unknown("Fn::If wants a condition and two values", None), place.clone()));
        };
        match self.condition(at, condition.str().unwrap_or_default(), depth + 1) {
            Truth::True => self.eval(at, yes, depth + 1),
            Truth::False => self.eval(at, no, depth + 1),
            Truth::Unknown(why) => {
                // Where both branches say the same, the condition does not matter.
                let (yes, no) = (self.eval(at, yes, depth + 1), self.eval(at, no, depth + 1));
                if let (Some(yes), Some(no)) = (&yes, &no)
                    && yes.first_unknown().is_none()
                    && no.first_unknown().is_none()
                    && yes.json() == no.json()
                {
                    return Some(yes.clone());
                }
                let name = condition.str().unwrap_or_default();
                Some(Node::new(unknown(format!("condition {name} is not known: {why}"), None), place.clone()))
            }
        }
    }

    fn find_in_map(&self, at: usize, arguments: &Node, place: &Place, depth: usize) -> Node {
        let answer = |kind| Node::new(kind, place.clone());
        let [map, first, second, rest @ ..] = arguments.items() else {
            return answer(unknown("Fn::FindInMap wants a map and two keys", None));
        };
        if let Some((_, part)) = arguments.first_unknown() {
            return answer(unknown(part.why.clone(), None));
        }
        let keys = [map, first, second].map(|node| node.scalar().unwrap_or_default());
        let mappings = self.stacks.get(at).and_then(|stack| stack.template.get("Mappings"));
        let found = mappings.and_then(|mappings| mappings.at(&[&keys[0], &keys[1], &keys[2]]));
        let default = rest.first().and_then(|options| options.get("DefaultValue"));
        match found {
            Some(value) => self.eval(at, value, depth + 1).unwrap_or_else(|| answer(Kind::Null)),
            None => default.cloned().unwrap_or_else(|| answer(unknown(format!("no entry {} in the mappings", keys.join(".")), None))),
        }
    }

    /// Availability zones. Every region is taken to have a, b and c; their order is AWS's.
    fn zones(&self, argument: &Node, place: &Place) -> Kind {
        let region = argument.scalar().filter(|region| !region.is_empty()).unwrap_or_else(|| self.region.clone());
        Kind::List(["a", "b", "c"].iter().map(|zone| Node::string(format!("{region}{zone}"), place.clone())).collect())
    }
}

fn join(arguments: &Node) -> Kind {
    let [delimiter, list] = arguments.items() else { return unknown("Fn::Join wants a delimiter and a list", None) };
    let delimiter = delimiter.scalar().unwrap_or_default();
    let Kind::List(items) = &list.kind else {
        let why = list.unknown().map_or_else(|| "Fn::Join wants a list".to_owned(), |part| part.why.clone());
        return unknown(why, Some("*".to_owned()));
    };
    let mut parts = Parts::default();
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            parts.known(&delimiter);
        }
        parts.push(item.kind.clone());
    }
    parts.finish()
}

fn select(arguments: &Node, place: &Place) -> Node {
    let answer = |kind| Node::new(kind, place.clone());
    let [index, list] = arguments.items() else { return answer(unknown("Fn::Select wants an index and a list", None)) };
    let index = index.integer().and_then(|index| usize::try_from(index).ok());
    match (&list.kind, index) {
        (Kind::List(items), Some(index)) => match items.get(index) {
            Some(item) => item.clone(),
            None => answer(unknown(format!("Fn::Select: the list has no item {index}"), None)),
        },
        (Kind::Unknown(part), _) => answer(unknown(part.why.clone(), None)),
        _ => answer(unknown("Fn::Select: index or list is not known", None)),
    }
}

fn split(arguments: &Node, place: &Place) -> Kind {
    let [delimiter, text] = arguments.items() else { return unknown("Fn::Split wants a delimiter and a text", None) };
    let delimiter = delimiter.scalar().unwrap_or_default();
    match (&text.kind, text.scalar()) {
        (Kind::Unknown(part), _) => unknown(part.why.clone(), None),
        (_, Some(text)) if !delimiter.is_empty() => {
            Kind::List(text.split(delimiter.as_str()).map(|part| Node::string(part, place.clone())).collect())
        }
        _ => unknown("Fn::Split wants a delimiter and a text", None),
    }
}

fn base64(argument: &Node) -> Kind {
    match (argument.unknown(), argument.scalar()) {
        (Some(part), _) => unknown(part.why.clone(), None),
        (None, Some(text)) => Kind::String(base64::engine::general_purpose::STANDARD.encode(text)),
        (None, None) => unknown("Fn::Base64 wants a text", None),
    }
}

/// `Fn::Cidr: [block, count, bits]`: `count` subnets, each with `bits` host bits. IPv4 only.
fn cidr(arguments: &Node, place: &Place) -> Kind {
    if let Some((_, part)) = arguments.first_unknown() {
        return unknown(part.why.clone(), None);
    }
    let items = arguments.items();
    let number = |at: usize| items.get(at).and_then(Node::integer).and_then(|n| u32::try_from(n).ok());
    let block = items.first().and_then(Node::scalar).unwrap_or_default();
    let base = block.split_once('/').and_then(|(address, _)| address.parse::<std::net::Ipv4Addr>().ok());
    let (Some(base), Some(count), bits @ 0..=31) = (base, number(1), number(2).unwrap_or(8)) else {
        return unknown("Fn::Cidr: not an IPv4 block, a count and host bits", None);
    };
    let size = 1u64 << bits;
    let subnets = (0..u64::from(count.min(256))).filter_map(|at| u32::try_from(u64::from(u32::from(base)) + at * size).ok());
    Kind::List(subnets.map(|start| Node::string(format!("{}/{}", std::net::Ipv4Addr::from(start), 32 - bits), place.clone())).collect())
}
