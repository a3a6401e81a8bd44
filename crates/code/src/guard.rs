//! What stands before every parser of source: bounds on a file's size and nesting, a stack that is deep enough, and the words for
//! what could not be read. It never parses.

use crate::depth;
use crate::ir::Module;
use model::{Place, Span, Trouble};
use std::sync::Arc;

/// Files larger than this are not read: code that people write is far smaller, and bundles hide their origin anyway.
const MAX_BYTES: usize = 4 << 20;
/// More syntax errors of one file than this are only counted.
const MAX_ERRORS: usize = 5;

/// A file in the intermediate form, `None` when nothing of it could be parsed, and why something may be missing.
pub(crate) type Lowered = (Option<Module>, Vec<Trouble>);

/// Runs a parser on a file that is within bounds, on a thread with a stack for the worst that the text could be.
pub(crate) fn parsed(path: &Arc<str>, text: &Arc<str>, parse: fn(&Arc<str>, &Arc<str>) -> Lowered) -> Lowered {
    let refused = |says: String, help: &str| (None, vec![trouble(path, says, help)]);
    if text.len() > MAX_BYTES {
        let says = format!("not assessed: the file has {} bytes, more than {MAX_BYTES}", text.len());
        return refused(says, "give the source instead of generated code");
    }
    let levels = depth::levels(text);
    if levels > depth::MAX_LEVELS {
        let says = format!("not assessed: the code could nest {levels} levels deep, more than {}", depth::MAX_LEVELS);
        return refused(says, "give the source instead of generated code");
    }
    let done = crate::stack::with(depth::stack(levels), || parse(path, text));
    done.unwrap_or_else(|| {
        refused("not assessed: the parser could not run on this file".to_owned(), "report this file as a bug of sekisho")
    })
}

/// Something about a whole file.
pub(crate) fn trouble(path: &Arc<str>, says: String, help: &str) -> Trouble {
    Trouble { says, place: Place::new(path.clone(), 1, 1), help: help.to_owned() }
}

/// The parser's errors (offset in bytes, message), the first few in full.
pub(crate) fn syntax_errors(module: &Module, path: &Arc<str>, errors: impl ExactSizeIterator<Item = (u32, String)>) -> Vec<Trouble> {
    let more = errors.len().saturating_sub(MAX_ERRORS);
    let mut troubles: Vec<Trouble> = errors
        .take(MAX_ERRORS)
        .map(|(at, message)| Trouble {
            says: format!("not assessed: syntax error: {message}"),
            place: module.place(Span { start: at, end: at }),
            help: "correct the syntax; what stands in this file may be missing from the result".to_owned(),
        })
        .collect();
    if more > 0 {
        troubles.push(trouble(path, format!("not assessed: {more} more syntax errors"), "correct the syntax"));
    }
    troubles
}
