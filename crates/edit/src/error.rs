//! Why a fix could not be applied.

use std::io;

/// An edit that was refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file to change is not there.
    #[error("{file} is not there to be changed")]
    Missing {
        /// The file.
        file: String,
    },
    /// The file to create exists with another content.
    #[error("{file} exists already with another content")]
    Exists {
        /// The file.
        file: String,
    },
    /// Two edits that cannot both hold.
    #[error("two fixes contradict each other in {file} at {at}: \"{first}\" and \"{second}\"; apply one of them")]
    Conflict {
        /// The file.
        file: String,
        /// The path or the bytes concerned.
        at: String,
        /// What the first fix says.
        first: String,
        /// What the second fix says.
        second: String,
    },
    /// The document has no such place.
    #[error("{file} has nothing at {at}: {why}")]
    NoPlace {
        /// The file.
        file: String,
        /// The path.
        at: String,
        /// What is in the way.
        why: String,
    },
    /// The span of a text edit is not within the file or cuts a character.
    #[error("bytes {start}..{end} are not a piece of {file}")]
    NoSpan {
        /// The file.
        file: String,
        /// First byte.
        start: u32,
        /// One past the last byte.
        end: u32,
    },
    /// The document could not be read, before or after the edit.
    #[error("{file} cannot be edited at {at} without changing something else: {why}")]
    Unwritable {
        /// The file.
        file: String,
        /// The path.
        at: String,
        /// What was noticed.
        why: String,
    },
    /// A file outside the root, behind a symbolic link, or changed since it was read.
    #[error("{file} is not written: {why}")]
    Refused {
        /// The file.
        file: String,
        /// Why.
        why: &'static str,
    },
    /// The file system failed.
    #[error("{file} could not be written: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
}
