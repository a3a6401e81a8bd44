//! AWS WAF's errors in its own words (AWS WAFV2 API Reference, "Common errors" of each operation).

use crate::ServiceError;
use serde_json::{Map, json};

/// No such web ACL, rule group, IP set, regex pattern set or association.
pub(super) fn nonexistent() -> ServiceError {
    let says = "AWS WAF couldn’t perform the operation because your resource doesn’t exist.";
    ServiceError::new(400, "WAFNonexistentItemException", says)
}

/// The name is taken.
pub(super) fn duplicate() -> ServiceError {
    let says = "AWS WAF couldn’t perform the operation because some resource in your request is a duplicate of an existing one.";
    ServiceError::new(400, "WAFDuplicateItemException", says)
}

/// The lock token is not that of the resource as it is now.
pub(super) fn optimistic_lock() -> ServiceError {
    let says =
        "AWS WAF couldn’t save your changes because someone changed the resource after you started to edit it. Reapply your changes.";
    ServiceError::new(400, "WAFOptimisticLockException", says)
}

/// Something refers to it.
pub(super) fn associated() -> ServiceError {
    let says = "AWS WAF couldn’t perform the operation because your resource is being used by another resource or it’s associated with \
                another resource.";
    ServiceError::new(400, "WAFAssociatedItemException", says)
}

/// A parameter that WAF does not take; `field` is one of `ParameterExceptionField`.
pub(super) fn invalid(reason: &str, field: &str, parameter: &str) -> ServiceError {
    let says = format!("Error reason: {reason}, field: {field}, parameter: {parameter}");
    let members = json!({ "Reason": reason, "Field": field, "Parameter": parameter });
    ServiceError {
        members: Box::new(members.as_object().cloned().unwrap_or_default()),
        ..ServiceError::new(400, "WAFInvalidParameterException", says)
    }
}

/// A rule group's rules need more capacity than it declares, or a web ACL's more than there is.
pub(super) fn limits_exceeded(says: &str) -> ServiceError {
    ServiceError::new(400, "WAFLimitsExceededException", says)
}

/// A member that the front end itself refuses, before WAF sees it.
pub(super) fn missing(name: &str) -> ServiceError {
    let name = crate::wire::trail_name(name);
    let says = format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null");
    ServiceError::new(400, "ValidationException", says)
}

/// A value that breaks the pattern or the enumeration of its member.
pub(super) fn pattern(name: &str, value: &str, constraint: &str) -> ServiceError {
    let name = crate::wire::trail_name(name);
    let says = format!("1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: {constraint}");
    ServiceError { members: Box::new(Map::new()), ..ServiceError::new(400, "ValidationException", says) }
}
