//! Values as YAML or JSON text, in the habits of a document. Lines end with `\n` here.

use crate::layout::Layout;
use serde_json::Value;

/// What stands behind `key:`: the rest of its line, and the lines below.
pub(crate) struct Tail {
    /// On the key's line; empty when everything stands below.
    pub head: String,
    /// Indented lines, without the last line end; empty when nothing stands below.
    pub body: String,
}

impl Layout {
    /// The value of a key in this column. `child` overrides the column of what stands below.
    pub(crate) fn tail(&self, value: &Value, column: usize, child: Option<usize>) -> Tail {
        if let Some(head) = self.inline(value) {
            return Tail { head, body: String::new() };
        }
        let (head, value) = match self.tagged(value) {
            Some((tag, argument)) => (tag, argument),
            None => (String::new(), value),
        };
        let below = column + if value.is_array() && head.is_empty() { self.dash } else { self.step };
        let below = child.filter(|_| head.is_empty()).unwrap_or(below);
        Tail { head, body: format!("{}{}", " ".repeat(below), self.block(value, below)) }
    }

    /// A value in block style at a column; its first line is not indented.
    pub(crate) fn block(&self, value: &Value, column: usize) -> String {
        if let Some(inline) = self.inline(value) {
            return inline;
        }
        if let Some((tag, argument)) = self.tagged(value) {
            let below = column + self.step;
            return format!("{tag}\n{}{}", " ".repeat(below), self.block(argument, below));
        }
        let next_line = format!("\n{}", " ".repeat(column));
        match value {
            Value::Object(members) => {
                members.iter().map(|(key, value)| self.member(key, value, column)).collect::<Vec<_>>().join(&next_line)
            }
            Value::Array(items) => {
                items.iter().map(|item| format!("- {}", self.block(item, column + 2))).collect::<Vec<_>>().join(&next_line)
            }
            scalar => self.scalar(scalar),
        }
    }

    /// `key: value` at a column; its first line is not indented.
    pub(crate) fn member(&self, key: &str, value: &Value, column: usize) -> String {
        let tail = self.tail(value, column, None);
        let key = self.string(key, false);
        match (tail.head.as_str(), tail.body.as_str()) {
            ("", body) => format!("{key}:\n{body}"),
            (head, "") => format!("{key}: {head}"),
            (head, body) => format!("{key}: {head}\n{body}"),
        }
    }

    /// The value on one line, where block style writes it so.
    fn inline(&self, value: &Value) -> Option<String> {
        match value {
            Value::Object(members) if members.is_empty() => Some("{}".to_owned()),
            Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
            Value::Object(_) => {
                let (tag, argument) = self.tagged(value)?;
                match argument {
                    Value::Object(_) | Value::Array(_) => None,
                    scalar => Some(format!("{tag} {}", self.scalar(scalar))),
                }
            }
            Value::Array(_) => None,
            scalar => Some(self.scalar(scalar)),
        }
        .or_else(|| self.attribute(value))
    }

    /// A scalar outside of brackets.
    fn scalar(&self, value: &Value) -> String {
        match value {
            Value::String(text) => self.string(text, false),
            other => other.to_string(),
        }
    }

    /// `!GetAtt Resource.Attribute`.
    fn attribute(&self, value: &Value) -> Option<String> {
        let (tag, argument) = self.tagged(value)?;
        match argument.as_array().map(Vec::as_slice) {
            Some([Value::String(resource), Value::String(attribute)]) if tag == "!GetAtt" && !resource.contains('.') => {
                Some(format!("!GetAtt {}", self.string(&format!("{resource}.{attribute}"), false)))
            }
            _ => None,
        }
    }

    /// An intrinsic function in short form: its tag and argument. A function right within another keeps the outer one
    /// in long form, since YAML allows one tag a value.
    fn tagged<'a>(&self, value: &'a Value) -> Option<(String, &'a Value)> {
        let members = value.as_object().filter(|members| self.short_tags && !self.json && members.len() == 1)?;
        let (key, argument) = members.iter().next()?;
        let name =
            if key == "Ref" { "Ref" } else { key.strip_prefix("Fn::").filter(|name| *name != "Transform" && !name.contains(':'))? };
        let fits = match argument {
            Value::Object(inner) => !(inner.len() == 1 && inner.keys().all(|key| key == "Ref" || key.starts_with("Fn::"))),
            // A scalar behind a tag reads as text.
            scalar => scalar.is_string() || scalar.is_array(),
        };
        fits.then(|| (format!("!{name}"), argument))
    }

    /// A value on one line, in brackets.
    pub(crate) fn flow(&self, value: &Value) -> String {
        if self.json {
            return value.to_string();
        }
        if let Some(attribute) = self.attribute(value) {
            return attribute;
        }
        if let Some((tag, argument)) = self.tagged(value) {
            return format!("{tag} {}", self.flow(argument));
        }
        match value {
            Value::String(text) => self.string(text, true),
            Value::Array(items) => format!("[{}]", items.iter().map(|item| self.flow(item)).collect::<Vec<_>>().join(", ")),
            Value::Object(members) => {
                let members = members.iter().map(|(key, value)| format!("{}: {}", self.string(key, true), self.flow(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            scalar => scalar.to_string(),
        }
    }

    /// A value in brackets over several lines, as JSON documents are written.
    pub(crate) fn lines(&self, value: &Value, indent: usize) -> String {
        let (open, close, parts): (_, _, Vec<String>) = match value {
            Value::Object(members) if !members.is_empty() => {
                let part = |(key, value): (&String, &Value)| format!("{}: {}", self.key(key), self.lines(value, indent + self.step));
                ('{', '}', members.iter().map(part).collect())
            }
            Value::Array(items) if !items.is_empty() => ('[', ']', items.iter().map(|item| self.lines(item, indent + self.step)).collect()),
            other => return self.flow(other),
        };
        let inner = format!("\n{}", " ".repeat(indent + self.step));
        format!("{open}{inner}{}\n{}{close}", parts.join(&format!(",{inner}")), " ".repeat(indent))
    }

    /// A key within brackets.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.json { Value::from(key).to_string() } else { self.string(key, true) }
    }

    /// A text, plain where every YAML reader takes it for a text.
    fn string(&self, text: &str, flow: bool) -> String {
        if self.json {
            return Value::from(text).to_string();
        }
        if is_plain(text, flow) {
            return text.to_owned();
        }
        let printable = text.chars().all(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'));
        match self.quote {
            '\'' if printable => format!("'{}'", text.replace('\'', "''")),
            _ => Value::from(text).to_string(),
        }
    }
}

/// Whether a text needs no quotes (YAML 1.1 "Plain"; and it is no boolean, number, date or null there).
fn is_plain(text: &str, flow: bool) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "~", "<<"];
    let first = text.chars().next().unwrap_or(' ');
    let numeric = first.is_ascii_digit() || matches!(first, '+' | '.' | '=');
    !text.is_empty()
        && !numeric
        && !first.is_whitespace()
        && !"-?:,[]{}#&*!|>'\"%@`".contains(first)
        && !text.ends_with(|c: char| c.is_whitespace() || c == ':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && text.chars().all(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'))
        && !(flow && text.contains([',', '[', ']', '{', '}']))
}
