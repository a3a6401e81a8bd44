//! A Fix as format-preserving edits: applied in memory, shown as a diff, written atomically. It never decides what to
//! fix, and never writes a document that does not read back as what was asked for.

mod apply;
mod diff;
mod document;
mod emit;
mod error;
mod layout;
mod plan;
mod value;
mod write;

pub use apply::{Changed, apply};
pub use diff::diff;
pub use error::EditError;
pub use write::write;
