//! Web ACLs: AWS WAFv2 rules and SecLang rule sets (OWASP Core Rule Set), judged over one request.
//!
//! Pure: rule files arrive as bytes, time and counters from the caller.

pub mod body;
pub mod bytes;
pub mod classic;
pub mod coverage;
pub mod detect;
pub mod engine;
pub mod kept;
pub mod managed;
pub mod request;
pub mod seclang;
pub mod transform;
pub mod wafv2;
