//! `Fn::Sub` (CloudFormation "Fn::Sub"): `${Name}`, `${Resource.Attribute}`, `${!Literal}`.

use super::{MAX_TEXT, unknown};
use crate::stacks::Stacks;
use model::{Kind, Node, Place};

impl Stacks {
    pub(super) fn sub(&self, at: usize, argument: &Node, place: &Place, depth: usize) -> Kind {
        let (template, variables) = match &argument.kind {
            Kind::List(items) => match items.as_slice() {
                [template, variables] => (template.clone(), Some(variables)),
                [template] => (template.clone(), None),
                _ => return unknown("Fn::Sub wants a text, or a list of a text and a map", None),
            },
            _ => (argument.clone(), None),
        };
        let Some(text) = template.scalar() else {
            return unknown("the text of Fn::Sub is not a text", None);
        };
        let mut parts = Parts::default();
        let mut rest = text.as_str();
        while let Some(open) = rest.find("${") {
            let (before, after) = rest.split_at(open);
            parts.known(before);
            let Some(close) = after.find('}') else {
                rest = after;
                break;
            };
            let name = after.get(2..close).unwrap_or_default();
            rest = after.get(close + 1..).unwrap_or_default();
            if let Some(literal) = name.strip_prefix('!') {
                parts.known(&format!("${{{literal}}}"));
                continue;
            }
            parts.push(self.variable(at, name.trim(), variables, place, depth));
            if parts.pattern.len() > MAX_TEXT {
                return unknown("Fn::Sub builds a text that is too long", None);
            }
        }
        parts.known(rest);
        parts.finish()
    }

    fn variable(&self, at: usize, name: &str, variables: Option<&Node>, place: &Place, depth: usize) -> Kind {
        if let Some(variable) = variables.and_then(|map| map.get(name)) {
            return self.eval(at, variable, depth + 1).map_or(Kind::String(String::new()), |node| node.kind);
        }
        match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(at, resource, attribute, place, depth),
            _ => self.reference(at, name, place, depth).unwrap_or(Kind::String(String::new())),
        }
    }
}

/// A text in the making: known parts, and `*` for each unknown one.
#[derive(Default)]
pub(super) struct Parts {
    pattern: String,
    why: Option<String>,
}

impl Parts {
    pub(super) fn known(&mut self, text: &str) {
        self.pattern.push_str(text);
    }

    pub(super) fn push(&mut self, kind: Kind) {
        match kind {
            Kind::Unknown(part) => {
                self.pattern.push_str(part.pattern.as_deref().unwrap_or("*"));
                self.why.get_or_insert(part.why);
            }
            other => match Node::new(other, Place::new("", 1, 1)).scalar() {
                Some(text) => self.pattern.push_str(&text),
                None => {
                    self.pattern.push('*');
                    self.why.get_or_insert_with(|| "a list or map stands where a text is wanted".to_owned());
                }
            },
        }
    }

    pub(super) fn finish(self) -> Kind {
        match self.why {
            _ if self.pattern.len() > MAX_TEXT => unknown("the text is too long", None),
            Some(why) => unknown(why, Some(self.pattern)),
            None => Kind::String(self.pattern),
        }
    }
}
