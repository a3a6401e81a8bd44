//! How a document is written: indentation, list style, quotes, intrinsic functions, line ends. What is added is written
//! the same way.

use model::{Kind, Node};

/// The habits of one document.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Columns from a key to the keys of its mapping.
    pub step: usize,
    /// Columns from a key to the dashes of its list.
    pub dash: usize,
    /// `'` or `"`.
    pub quote: char,
    /// `!Ref X` rather than `Ref: X`.
    pub short_tags: bool,
    /// JSON: everything in brackets, keys quoted.
    pub json: bool,
    /// `\n` or `\r\n`.
    pub line_end: &'static str,
}

impl Layout {
    /// Reads the habits from a document and its text.
    pub(crate) fn of(text: &str, root: &Node) -> Self {
        let mut seen = Seen::default();
        seen.visit(text, root, None);
        let json = is_flow(text, root) && serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')).is_ok();
        let (single, double) = (text.matches('\'').count(), text.matches('"').count());
        Self {
            step: seen.step.unwrap_or(2),
            dash: seen.dash.unwrap_or(seen.step.unwrap_or(2)),
            quote: if double > single { '"' } else { '\'' },
            short_tags: seen.short >= seen.long,
            json,
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
        }
    }
}

/// Whether a collection is written in brackets.
pub(crate) fn is_flow(text: &str, node: &Node) -> bool {
    text.get(node.place.span.start as usize..).is_some_and(|rest| rest.starts_with(['{', '[']))
}

/// Characters between the start of its line and a byte.
pub(crate) fn column(text: &str, byte: usize) -> usize {
    text.get(..byte).map_or(0, |before| before.chars().rev().take_while(|c| *c != '\n').count())
}

#[derive(Default)]
struct Seen {
    step: Option<usize>,
    dash: Option<usize>,
    short: usize,
    long: usize,
}

impl Seen {
    fn visit(&mut self, text: &str, node: &Node, key_column: Option<usize>) {
        let start = node.place.span.start as usize;
        match &node.kind {
            Kind::Map(members) => {
                if let [only] = members.as_slice()
                    && (only.key == "Ref" || only.key.starts_with("Fn::"))
                {
                    if only.key_place.span == node.place.span {
                        self.short += 1;
                    } else {
                        self.long += 1;
                    }
                    return self.visit(text, &only.value, None);
                }
                let own = column(text, start);
                if let Some(key) = key_column.filter(|key| !is_flow(text, node) && own > *key) {
                    self.step.get_or_insert(own - key);
                } else if is_flow(text, node)
                    && let (Some(first), Some(line)) = (members.first(), line_indent(text, start))
                {
                    let inner = column(text, first.key_place.span.start as usize);
                    if spans_lines(text, node) && inner > line {
                        self.step.get_or_insert(inner - line);
                    }
                }
                for member in members {
                    let key = column(text, member.key_place.span.start as usize);
                    self.visit(text, &member.value, Some(key));
                }
            }
            Kind::List(items) => {
                if let Some(key) = key_column.filter(|key| !is_flow(text, node) && column(text, start) >= *key) {
                    self.dash.get_or_insert(column(text, start) - key);
                }
                items.iter().for_each(|item| self.visit(text, item, None));
            }
            _ => {}
        }
    }
}

/// Spaces at the start of the line of a byte.
pub(crate) fn line_indent(text: &str, byte: usize) -> Option<usize> {
    let start = line_start(text, byte);
    text.get(start..).map(|line| line.chars().take_while(|c| *c == ' ' || *c == '\t').count())
}

/// The byte at which the line of a byte begins.
pub(crate) fn line_start(text: &str, byte: usize) -> usize {
    text.get(..byte).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

/// The byte behind the line end of a byte's line.
pub(crate) fn line_end(text: &str, byte: usize) -> usize {
    text.get(byte..).and_then(|after| after.find('\n')).map_or(text.len(), |at| byte + at + 1)
}

/// Whether a value is written over several lines.
pub(crate) fn spans_lines(text: &str, node: &Node) -> bool {
    text.get(node.place.span.start as usize..node.place.span.end as usize).is_some_and(|covered| covered.contains('\n'))
}
