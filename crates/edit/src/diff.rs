//! Changes as a unified diff (GNU diffutils, "Detailed Description of Unified Format").

use crate::Changed;
use similar::TextDiff;

/// One unified diff of all changes, in the order given; empty when nothing changed.
pub fn diff(changes: &[Changed]) -> String {
    let mut out = String::new();
    for change in changes {
        let before = change.before.as_deref().unwrap_or_default();
        let old = match change.before {
            Some(_) => format!("a/{}", change.file),
            None => "/dev/null".to_owned(),
        };
        let text = TextDiff::from_lines(before, &change.after);
        out.push_str(&text.unified_diff().context_radius(3).header(&old, &format!("b/{}", change.file)).to_string());
    }
    out
}
