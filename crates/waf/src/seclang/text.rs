//! Texts with `%{...}` in them.

use super::variable::{Selector, Variable};

/// A text whose parts may be taken from the request.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The parts in order.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`].
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// These bytes.
    Literal(Vec<u8>),
    /// The first value of a variable.
    Value(Variable, Selector),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// A variable that is not known, with its offset.
    pub fn new(text: &str) -> Result<Self, (usize, String)> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("%{") {
            let Some(length) = rest[start..].find('}') else { break };
            let inside = &rest[start + 2..start + length];
            if start > 0 {
                parts.push(Part::Literal(latin(&rest[..start])));
            }
            let (name, key) = match inside.find(['.', ':']) {
                Some(cut) => (&inside[..cut], Some(&inside[cut + 1..])),
                None => (inside, None),
            };
            let offset = text.len() - rest.len() + start + 2;
            let Some(variable) = Variable::named(name) else { return Err((offset, format!("the variable `{name}` is not known"))) };
            let selector = key.map_or(Selector::All, |key| Selector::Key(key.to_ascii_lowercase()));
            parts.push(Part::Value(variable, selector));
            rest = &rest[start + length + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(latin(rest)));
        }
        Ok(Self { parts })
    }

    /// The text, when nothing of it comes from the request.
    pub fn literal(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(&[]),
            [Part::Literal(bytes)] => Some(bytes),
            _ => None,
        }
    }
}

fn latin(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}
