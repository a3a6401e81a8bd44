//! Where a thing was written. Everything the product says about an application points to one of these.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Half-open byte range in a file. `0..0` means "the position is known, the extent is not".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A position in a file of the application: `template.yaml:41:9`.
///
/// `file` is relative to the root that was read, with `/` as separator. `line` and `column` count from 1,
/// columns in Unicode scalar values, as editors do. The byte span is for edits and is not part of the
/// public JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// Path relative to the root that was read.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Bytes covered, for edits.
    #[serde(skip)]
    pub span: Span,
}

impl Place {
    /// A place without a known extent.
    pub fn new(file: impl Into<Arc<str>>, line: u32, column: u32) -> Self {
        Self { file: file.into(), line, column, span: Span::default() }
    }

    /// The same place with the bytes it covers.
    pub fn with_span(mut self, start: usize, end: usize) -> Self {
        // Readers refuse files over 4 GiB long before this.
        self.span = Span { start: start as u32, end: end as u32 };
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
