//! What edits of several fixes come to for one file: the same edit twice is one, edits that contradict are refused, the
//! rest is put in an order in which every path still means what its author meant.

use crate::EditError;
use crate::value::{at, merged};
use model::{Operation, Segment, Span};
use serde_json::Value;

/// Edits of one file, each with what its fix says.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    pub texts: Vec<(Span, &'a str, &'a str)>,
    pub documents: Vec<Step<'a>>,
    pub create: Option<(&'a str, &'a str)>,
}

/// One edit of a document.
#[derive(Clone)]
pub(crate) struct Step<'a> {
    pub path: Vec<Segment>,
    pub operation: Operation,
    pub says: &'a str,
}

impl<'a> Plan<'a> {
    /// Adds a replacement of bytes.
    pub(crate) fn text(&mut self, file: &str, span: Span, with: &'a str, says: &'a str) -> Result<(), EditError> {
        for (other, text, first) in &self.texts {
            if *other == span && *text == with {
                return Ok(());
            }
            let overlaps = span.start < other.end && other.start < span.end;
            let same_spot = span == *other && span.start != span.end;
            if overlaps || same_spot {
                return Err(conflict(file, &format!("bytes {}..{}", span.start, span.end), first, says));
            }
        }
        self.texts.push((span, with, says));
        Ok(())
    }

    /// Adds an edit of the document.
    pub(crate) fn document(&mut self, file: &str, path: Vec<Segment>, operation: &Operation, says: &'a str) -> Result<(), EditError> {
        let mut step = Step { path, operation: operation.clone(), says };
        let mut merged_into = None;
        for (index, known) in self.documents.iter().enumerate() {
            match together(known, &step) {
                Together::Apart => {}
                Together::Same => return Ok(()),
                Together::One(operation) => {
                    step.operation = operation;
                    merged_into = Some(index);
                }
                Together::Contradict => return Err(conflict(file, &shown(&step.path), known.says, says)),
            }
        }
        match merged_into {
            Some(index) => self.documents[index].operation = step.operation,
            None => self.documents.push(step),
        }
        Ok(())
    }

    /// Settings first, the outer before the inner; then additions; removals last and from the end of a list.
    pub(crate) fn order(&mut self) {
        self.documents.sort_by_key(|step| match step.operation {
            Operation::Set(_) => (0, step.path.len()),
            Operation::Append(_) => (1, step.path.len()),
            Operation::Remove => (2, 0),
        });
        let removals = self.documents.iter().position(|step| step.operation == Operation::Remove).unwrap_or(self.documents.len());
        if let Some(removals) = self.documents.get_mut(removals..) {
            removals.sort_by(|left, right| right.path.cmp(&left.path));
        }
    }
}

enum Together {
    Apart,
    Same,
    One(Operation),
    Contradict,
}

/// How two edits stand to each other.
fn together(known: &Step<'_>, new: &Step<'_>) -> Together {
    if known.path == new.path {
        return match (&known.operation, &new.operation) {
            (left, right) if left == right => Together::Same,
            (Operation::Append(_), Operation::Append(_)) => Together::Apart,
            (Operation::Set(left), Operation::Set(right)) => match merged(left, right) {
                Some(both) => Together::One(Operation::Set(both)),
                None => Together::Contradict,
            },
            _ => Together::Contradict,
        };
    }
    let (outer, inner) = if new.path.starts_with(&known.path) {
        (known, new)
    } else if known.path.starts_with(&new.path) {
        (new, known)
    } else {
        return Together::Apart;
    };
    let rest = inner.path.get(outer.path.len()..).unwrap_or_default();
    match (&outer.operation, &inner.operation) {
        // Adding to a list and changing what stands in it do not touch each other.
        (Operation::Append(_), _) => Together::Apart,
        // A new mapping that says nothing of the inner place has room for it.
        (Operation::Set(value @ Value::Object(_)), Operation::Set(_)) if has_room(value, rest) => Together::Apart,
        _ => Together::Contradict,
    }
}

/// Whether a value has mappings down the path until one lacks the next key.
fn has_room(value: &Value, path: &[Segment]) -> bool {
    (0..path.len()).any(|length| {
        let parent = at(value, path.get(..length).unwrap_or_default());
        parent.is_some_and(Value::is_object) && at(value, path.get(..=length).unwrap_or_default()).is_none()
    })
}

fn conflict(file: &str, at: &str, first: &str, second: &str) -> EditError {
    EditError::Conflict { file: file.to_owned(), at: at.to_owned(), first: first.to_owned(), second: second.to_owned() }
}

/// A path for people: `Resources.Api.Properties[0]`.
pub(crate) fn shown(path: &[Segment]) -> String {
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Key(key) if out.is_empty() => out.push_str(key),
            Segment::Key(key) => {
                out.push('.');
                out.push_str(key);
            }
            Segment::Index(index) => out.push_str(&format!("[{index}]")),
        }
    }
    if out.is_empty() { "the document".to_owned() } else { out }
}
