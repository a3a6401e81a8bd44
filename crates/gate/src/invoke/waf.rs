//! Web ACL of the stage (AWS WAF Developer Guide, "How AWS WAF works"). Until web ACLs are evaluated, a stage
//! that has one cannot be judged; it never passes silently.

use super::stage_of;
use crate::walk::{Said, Walk};

/// Judges the web ACL of the stage.
pub(crate) fn judge(walk: &mut Walk<'_>) -> Said {
    let (_, _, stage) = match stage_of(walk) {
        Ok(found) => found,
        Err(said) => return said,
    };
    match &stage.web_acl {
        None => Said::on(format!("stage `{}` has no web ACL", stage.name), Some(stage.place.clone())),
        Some(acl) => Said::depends(format!("web ACL {acl} of stage `{}` is not evaluated yet", stage.name), Some(stage.place.clone())),
    }
}
