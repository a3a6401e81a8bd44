//! YAML and JSON to [`Node`]s that know where they were written. It accepts what libyaml accepts and never
//! resolves an intrinsic function; it only brings short tags (`!Ref`) to the long form (`{"Ref": …}`).

mod json;
mod scalar;
mod tag;
pub(crate) mod twice;
mod yaml;

use model::{Node, Place, Trouble};

/// Deepest nesting that is read. CloudFormation itself stops far earlier.
pub(crate) const MAX_DEPTH: usize = 128;
/// Nodes in one file, written out or copied by aliases.
const MAX_NODES: usize = 2_000_000;
/// Nodes that aliases and merge keys may copy; a template bomb lives from these.
const MAX_COPIED: usize = 200_000;

/// The documents of a YAML or JSON file with what could not be read of it.
///
/// `file` is the path shown in places, relative to the root. Spans of places are bytes of `text`. A file that
/// breaks off in the middle yields the documents before the break and one trouble.
pub fn document(file: &str, text: &str) -> (Vec<Node>, Vec<Trouble>) {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let offset = text.len() - body.len();
    if body.trim_start().starts_with(['{', '['])
        && let Some(node) = json::read(file, body, offset)
    {
        return (vec![node], Vec::new());
    }
    yaml::read(file, body, offset)
}

/// A trouble of this room.
pub(crate) fn trouble(says: impl Into<String>, place: Place, help: impl Into<String>) -> Trouble {
    Trouble { says: says.into(), place, help: help.into() }
}
