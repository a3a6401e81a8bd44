//! How to mend a finding: edits, described by meaning; the room `edit` turns them into bytes.

use crate::place::{Place, Span};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A set of edits that belong together: all or none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fix {
    /// "attach the authorizer PartnerAuthorizer to the nine routes".
    pub says: String,
    /// Safe: cannot change what legitimate callers get. Others need `--fix=unsafe`.
    pub safe: bool,
    /// The edits, in any order. Two that say the same are one; two that contradict each other are an error.
    pub edits: Vec<Edit>,
    /// What a person has to do beside the edits ("deploy, then rotate the password"), if anything.
    pub then: Option<String>,
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Edit {
    /// Changes a value of a YAML or JSON document, keeping comments and format of everything else.
    Document {
        /// The file.
        file: Arc<str>,
        /// The way from the document's root to the value.
        path: Vec<Segment>,
        /// What to do there.
        operation: Operation,
    },
    /// The same for the value that is written at a place, when only its place is known.
    Value {
        /// Where the value begins: line and column of a value that a reader gave.
        place: Place,
        /// What to do there.
        operation: Operation,
    },
    /// Replaces bytes of a text file.
    Text {
        /// The file.
        file: Arc<str>,
        /// The bytes to replace; an empty span inserts.
        span: Span,
        /// The new text.
        with: String,
    },
    /// Creates a file that does not exist.
    Create {
        /// The file.
        file: Arc<str>,
        /// Its text.
        text: String,
    },
}

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Segment {
    /// Member of a mapping.
    Key(String),
    /// Item of a sequence, from 0.
    Index(usize),
}

/// What to do with a value of a document. Values are JSON; a mapping such as `{"Ref": "X"}` or
/// `{"Fn::GetAtt": ["X", "Arn"]}` is written as the file writes its intrinsic functions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operation {
    /// Sets the value, making missing mappings on the way.
    Set(serde_json::Value),
    /// Adds to the end of a sequence, making it when it is missing.
    Append(serde_json::Value),
    /// Removes the member or item.
    Remove,
}

impl Edit {
    /// Shorthand for an edit of a document.
    pub fn document(file: impl Into<Arc<str>>, path: impl IntoIterator<Item = Segment>, operation: Operation) -> Self {
        Self::Document { file: file.into(), path: path.into_iter().collect(), operation }
    }

    /// Replaces what a place covers.
    pub fn text(place: &Place, with: impl Into<String>) -> Self {
        Self::Text { file: place.file.clone(), span: place.span, with: with.into() }
    }

    /// The file it touches.
    pub fn file(&self) -> &str {
        match self {
            Self::Document { file, .. } | Self::Text { file, .. } | Self::Create { file, .. } => file,
            Self::Value { place, .. } => &place.file,
        }
    }
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}
